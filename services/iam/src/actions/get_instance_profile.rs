//! GetInstanceProfile: one instance profile with its role.
//!
//! Source: IAM API Reference, GetInstanceProfile.

use crate::{find, names, profiles, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetInstanceProfile as Op, GetInstanceProfileInput, GetInstanceProfileOutput};

pub struct GetInstanceProfile;

impl Action for GetInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetInstanceProfile";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &GetInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)
    }

    fn touches(cx: &mut Cx, input: &GetInstanceProfileInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::instance_profile(cx, &input.instance_profile_name)?])
    }

    fn handle(cx: &mut Cx, input: GetInstanceProfileInput) -> Answer<GetInstanceProfileOutput> {
        let profile = find::instance_profile(cx, &input.instance_profile_name)?;
        Ok(GetInstanceProfileOutput { instance_profile: Some(profiles::whole(cx, &profile)?) })
    }
}

#[cfg(test)]
mod tests {
    use crate::shapes::encoded;
    use crate::testing::{Bench, EC2_TRUST, element};

    #[test]
    fn the_role_is_shown_inside() {
        let bench = Bench::new();
        let name = ("InstanceProfileName", "p");
        let made = bench.ok("CreateInstanceProfile", &[name]);
        assert_eq!(bench.ok("GetInstanceProfile", &[("InstanceProfileName", "P")]), made);
        let role = ("RoleName", "r");
        let id = element(&bench.ok("CreateRole", &[role, ("AssumeRolePolicyDocument", EC2_TRUST)]), "RoleId");
        bench.ok("AddRoleToInstanceProfile", &[name, role]);
        let inside = format!(
            "<Roles><member><Path>/</Path><RoleName>r</RoleName><RoleId>{id}</RoleId>\
             <Arn>arn:aws:iam::111122223333:role/r</Arn><CreateDate>2026-01-02T03:04:05.000Z</CreateDate>\
             <AssumeRolePolicyDocument>{}</AssumeRolePolicyDocument></member></Roles>",
            encoded(EC2_TRUST)
        );
        assert_eq!(bench.ok("GetInstanceProfile", &[name]), made.replace("<Roles></Roles>", &inside));
        let message = "Instance Profile none cannot be found.";
        bench.refused("GetInstanceProfile", &[("InstanceProfileName", "none")], "NoSuchEntity", message);
    }
}
