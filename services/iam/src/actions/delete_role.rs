//! DeleteRole: only one without policies and in no instance profile. Sessions made of it end at once: their role is gone.
//!
//! Source: IAM API Reference, DeleteRole.

use crate::{boundary, find, limits, names, touches};
use api::identity::Role;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{DeleteRole as Op, DeleteRoleInput, DeleteRoleOutput};

pub struct DeleteRole;

impl Action for DeleteRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteRole";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteRoleInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteRoleInput) -> Answer<DeleteRoleOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        let in_profile = !find::profiles_of(cx, &role)?.is_empty();
        limits::nothing_first(&[
            (in_profile, "remove roles from instance profile first"),
            (!role.attached.is_empty(), "detach all policies first"),
            (!role.inline.is_empty(), "delete policies first"),
        ])?;
        boundary::change(cx, role.boundary.as_deref(), None)?;
        cx.tx.delete::<Role>(&role.key())?;
        Ok(DeleteRoleOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::find;
    use crate::testing::{Bench, EC2_TRUST};

    #[test]
    fn profiles_and_policies_go_first() {
        let bench = Bench::new();
        let (role, profile) = (("RoleName", "r"), ("InstanceProfileName", "p"));
        bench.ok("CreateRole", &[role, ("AssumeRolePolicyDocument", EC2_TRUST)]);
        bench.ok("CreateInstanceProfile", &[profile]);
        bench.ok("AddRoleToInstanceProfile", &[role, profile]);
        bench.with_cx(|cx| {
            let mut row = find::role(cx, "r").unwrap();
            row.attached.push("arn:aws:iam::aws:policy/IAMFullAccess".into());
            row.inline.insert("p".into(), "{}".into());
            cx.tx.put(&row).unwrap();
        });
        let refused = |first: &str| {
            let message = format!("Cannot delete entity, must {first} first.");
            bench.refused("DeleteRole", &[role], "DeleteConflict", &message);
        };
        refused("remove roles from instance profile");
        bench.ok("RemoveRoleFromInstanceProfile", &[role, profile]);
        refused("detach all policies");
        bench.with_cx(|cx| {
            let mut row = find::role(cx, "r").unwrap();
            row.attached.clear();
            cx.tx.put(&row).unwrap();
        });
        refused("delete policies");
        bench.with_cx(|cx| {
            let mut row = find::role(cx, "r").unwrap();
            row.inline.clear();
            cx.tx.put(&row).unwrap();
        });
        assert_eq!(bench.ok("DeleteRole", &[role]), "");
        bench.refused("DeleteRole", &[role], "NoSuchEntity", "The role with name r cannot be found.");
    }
}
