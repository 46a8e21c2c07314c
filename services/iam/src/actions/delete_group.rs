//! DeleteGroup: only one without users and policies.
//!
//! Source: IAM API Reference, DeleteGroup.

use crate::{find, limits, names, touches};
use api::identity::Group;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{DeleteGroup as Op, DeleteGroupInput, DeleteGroupOutput};

pub struct DeleteGroup;

impl Action for DeleteGroup {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteGroup";

    fn check(input: &DeleteGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteGroupInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteGroupInput) -> Answer<DeleteGroupOutput> {
        let group = find::group(cx, &input.group_name)?;
        let has_users = !find::members(cx, &group)?.is_empty();
        limits::nothing_first(&[
            (has_users, "remove users from group first"),
            (!group.attached.is_empty(), "detach all policies first"),
            (!group.inline.is_empty(), "delete policies first"),
        ])?;
        cx.tx.delete::<Group>(&group.key())?;
        Ok(DeleteGroupOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::find;
    use crate::testing::Bench;

    #[test]
    fn users_and_policies_go_first() {
        let bench = Bench::new();
        let group = ("GroupName", "team");
        bench.ok("CreateGroup", &[group]);
        bench.ok("CreateUser", &[("UserName", "alice")]);
        bench.ok("AddUserToGroup", &[group, ("UserName", "alice")]);
        bench.with_cx(|cx| {
            let mut row = find::group(cx, "team").unwrap();
            row.attached.push("arn:aws:iam::aws:policy/IAMFullAccess".into());
            row.inline.insert("p".into(), "{}".into());
            cx.tx.put(&row).unwrap();
        });
        let refused = |message: &str| bench.refused("DeleteGroup", &[group], "DeleteConflict", message);
        refused("Cannot delete entity, must remove users from group first.");
        bench.ok("RemoveUserFromGroup", &[group, ("UserName", "alice")]);
        refused("Cannot delete entity, must detach all policies first.");
        bench.with_cx(|cx| {
            let mut row = find::group(cx, "team").unwrap();
            row.attached.clear();
            cx.tx.put(&row).unwrap();
        });
        refused("Cannot delete entity, must delete policies first.");
        bench.with_cx(|cx| {
            let mut row = find::group(cx, "team").unwrap();
            row.inline.clear();
            cx.tx.put(&row).unwrap();
        });
        assert_eq!(bench.ok("DeleteGroup", &[group]), "");
        bench.refused("DeleteGroup", &[group], "NoSuchEntity", "The group with name team cannot be found.");
    }
}
