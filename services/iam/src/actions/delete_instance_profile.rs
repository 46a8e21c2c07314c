//! DeleteInstanceProfile: only one without a role.
//!
//! Source: IAM API Reference, DeleteInstanceProfile.

use crate::{find, limits, names, touches};
use api::identity::InstanceProfile;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{
    DeleteInstanceProfile as Op, DeleteInstanceProfileInput, DeleteInstanceProfileOutput,
};

pub struct DeleteInstanceProfile;

impl Action for DeleteInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteInstanceProfile";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &DeleteInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteInstanceProfileInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::instance_profile(cx, &input.instance_profile_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteInstanceProfileInput) -> Answer<DeleteInstanceProfileOutput> {
        let profile = find::instance_profile(cx, &input.instance_profile_name)?;
        limits::nothing_first(&[(profile.role.is_some(), "remove roles from instance profile first")])?;
        cx.tx.delete::<InstanceProfile>(&profile.key())?;
        Ok(DeleteInstanceProfileOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST};

    #[test]
    fn its_role_goes_first() {
        let bench = Bench::new();
        let (profile, role) = (("InstanceProfileName", "p"), ("RoleName", "r"));
        bench.ok("CreateInstanceProfile", &[profile]);
        bench.ok("CreateRole", &[role, ("AssumeRolePolicyDocument", EC2_TRUST)]);
        bench.ok("AddRoleToInstanceProfile", &[profile, role]);
        let message = "Cannot delete entity, must remove roles from instance profile first.";
        bench.refused("DeleteInstanceProfile", &[profile], "DeleteConflict", message);
        bench.ok("RemoveRoleFromInstanceProfile", &[profile, role]);
        assert_eq!(bench.ok("DeleteInstanceProfile", &[profile]), "");
        let message = "Instance Profile p cannot be found.";
        bench.refused("DeleteInstanceProfile", &[profile], "NoSuchEntity", message);
    }
}
