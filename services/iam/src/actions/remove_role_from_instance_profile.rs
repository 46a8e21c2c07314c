//! RemoveRoleFromInstanceProfile: the profile is empty again.
//!
//! Source: IAM API Reference, RemoveRoleFromInstanceProfile.

use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    RemoveRoleFromInstanceProfile as Op, RemoveRoleFromInstanceProfileInput,
    RemoveRoleFromInstanceProfileOutput,
};

pub struct RemoveRoleFromInstanceProfile;

impl Action for RemoveRoleFromInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:RemoveRoleFromInstanceProfile";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &RemoveRoleFromInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        names::user("roleName", &input.role_name)
    }

    fn touches(cx: &mut Cx, input: &RemoveRoleFromInstanceProfileInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::instance_profile(cx, &input.instance_profile_name)?])
    }

    fn handle(
        cx: &mut Cx,
        input: RemoveRoleFromInstanceProfileInput,
    ) -> Answer<RemoveRoleFromInstanceProfileOutput> {
        let mut profile = find::instance_profile(cx, &input.instance_profile_name)?;
        let role = find::role_to_change(cx, &input.role_name)?;
        if profile.role.as_ref() != Some(&role.name) {
            let message = format!("Role {} in InstanceProfile {} cannot be found.", role.name, profile.name);
            return Err(find::no_such_entity(message).into());
        }
        profile.role = None;
        cx.tx.put(&profile)?;
        Ok(RemoveRoleFromInstanceProfileOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST};

    #[test]
    fn only_the_role_that_is_in_it_is_removed() {
        let bench = Bench::new();
        let (profile, role) = (("InstanceProfileName", "p"), ("RoleName", "r"));
        let made = bench.ok("CreateInstanceProfile", &[profile]);
        for name in ["r", "s"] {
            bench.ok("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", EC2_TRUST)]);
        }
        bench.ok("AddRoleToInstanceProfile", &[profile, role]);
        let message = "Role s in InstanceProfile p cannot be found.";
        let form = [profile, ("RoleName", "s")];
        bench.refused("RemoveRoleFromInstanceProfile", &form, "NoSuchEntity", message);
        assert_eq!(bench.ok("RemoveRoleFromInstanceProfile", &[profile, role]), "");
        assert_eq!(bench.ok("GetInstanceProfile", &[profile]), made);
        let message = "Role r in InstanceProfile p cannot be found.";
        bench.refused("RemoveRoleFromInstanceProfile", &[profile, role], "NoSuchEntity", message);
        let form = [profile, ("RoleName", "none")];
        let message = "The role with name none cannot be found.";
        bench.refused("RemoveRoleFromInstanceProfile", &form, "NoSuchEntity", message);
    }
}
