//! RemoveUserFromGroup. A user who is not in the group is no error.
//!
//! Source: IAM API Reference, RemoveUserFromGroup.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{RemoveUserFromGroup as Op, RemoveUserFromGroupInput, RemoveUserFromGroupOutput};

pub struct RemoveUserFromGroup;

impl Action for RemoveUserFromGroup {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:RemoveUserFromGroup";

    fn check(input: &RemoveUserFromGroupInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::user("userName", &input.user_name)
    }

    fn touches(cx: &mut Cx, input: &RemoveUserFromGroupInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: RemoveUserFromGroupInput) -> Answer<RemoveUserFromGroupOutput> {
        let group = find::group(cx, &input.group_name)?;
        let mut user = find::user(cx, &input.user_name)?;
        user.groups.retain(|name| *name != group.name);
        cx.tx.put(&user)?;
        Ok(RemoveUserFromGroupOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, elements};

    #[test]
    fn a_user_leaves_one_group_and_stays_in_the_others() {
        let bench = Bench::new();
        let user = ("UserName", "alice");
        bench.ok("CreateUser", &[user]);
        for name in ["a", "b"] {
            bench.ok("CreateGroup", &[("GroupName", name)]);
            bench.ok("AddUserToGroup", &[user, ("GroupName", name)]);
        }
        for _ in 0..2 {
            assert_eq!(bench.ok("RemoveUserFromGroup", &[user, ("GroupName", "A")]), "");
            assert_eq!(elements(&bench.ok("ListGroupsForUser", &[user]), "GroupName"), ["b"]);
        }
        let form = [("UserName", "bob"), ("GroupName", "b")];
        bench.refused(
            "RemoveUserFromGroup",
            &form,
            "NoSuchEntity",
            "The user with name bob cannot be found.",
        );
        let form = [user, ("GroupName", "none")];
        bench.refused(
            "RemoveUserFromGroup",
            &form,
            "NoSuchEntity",
            "The group with name none cannot be found.",
        );
    }
}
