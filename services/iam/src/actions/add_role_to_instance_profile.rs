//! AddRoleToInstanceProfile: an instance profile has one role at most.
//!
//! Whoever fills a profile passes the role to the instances, so this needs `iam:PassRole` on the role too, with
//! `iam:PassedToService`. Source: IAM API Reference, AddRoleToInstanceProfile; Service Authorization Reference, dependent actions.

use crate::{find, limits, names, touches};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{
    AddRoleToInstanceProfile as Op, AddRoleToInstanceProfileInput, AddRoleToInstanceProfileOutput,
};

pub struct AddRoleToInstanceProfile;

impl Action for AddRoleToInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AddRoleToInstanceProfile";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/", "iam:PassedToService"];

    fn check(input: &AddRoleToInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        names::user("roleName", &input.role_name)
    }

    fn authorise(cx: &mut Cx, input: &AddRoleToInstanceProfileInput) -> Answer<()> {
        let profile = touches::instance_profile(cx, &input.instance_profile_name)?;
        cx.authorise(Self::IAM, &[profile])?;
        let mut role = touches::role(cx, &input.role_name)?;
        role.keys.set("iam:PassedToService", "ec2.amazonaws.com");
        cx.authorise("iam:PassRole", &[role])
    }

    fn handle(cx: &mut Cx, input: AddRoleToInstanceProfileInput) -> Answer<AddRoleToInstanceProfileOutput> {
        let mut profile = find::instance_profile(cx, &input.instance_profile_name)?;
        let role = find::role_to_change(cx, &input.role_name)?;
        if profile.role.is_some() {
            return Err(limits::exceeded("InstanceSessionsPerInstanceProfile", 1).into());
        }
        profile.role = Some(role.name);
        cx.tx.put(&profile)?;
        Ok(AddRoleToInstanceProfileOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, EC2_TRUST};
    use serde_json::json;

    fn bench() -> Bench {
        let bench = Bench::new();
        bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "p")]);
        for role in ["r", "s"] {
            bench.ok("CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", EC2_TRUST)]);
        }
        bench
    }

    #[test]
    fn a_profile_has_one_role() {
        let bench = bench();
        let profile = ("InstanceProfileName", "p");
        assert_eq!(bench.ok("AddRoleToInstanceProfile", &[profile, ("RoleName", "R")]), "");
        let message = "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1";
        for role in ["r", "s"] {
            bench.refused(
                "AddRoleToInstanceProfile",
                &[profile, ("RoleName", role)],
                "LimitExceeded",
                message,
            );
        }
        let form = [profile, ("RoleName", "none")];
        bench.refused(
            "AddRoleToInstanceProfile",
            &form,
            "NoSuchEntity",
            "The role with name none cannot be found.",
        );
        let form = [("InstanceProfileName", "none"), ("RoleName", "r")];
        bench.refused(
            "AddRoleToInstanceProfile",
            &form,
            "NoSuchEntity",
            "Instance Profile none cannot be found.",
        );
    }

    #[test]
    fn the_role_must_be_the_callers_to_pass() {
        let bench = bench();
        bench.ok("CreateUser", &[("UserName", "admin")]);
        let admin = bench.user("admin");
        let form = [("InstanceProfileName", "p"), ("RoleName", "r")];
        bench.allow("admin", "iam:AddRoleToInstanceProfile", "*");
        let (status, told) = bench.call_as(&admin, "AddRoleToInstanceProfile", &form);
        assert!(
            status == 403 && told.contains("iam:PassRole on resource: arn:aws:iam::111122223333:role/r"),
            "{told}"
        );
        let passing = |service: &str| {
            json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::*:role/r",
                 "Condition": {"StringEquals": {"iam:PassedToService": service}}},
            ]})
        };
        bench.give("admin", &passing("lambda.amazonaws.com"));
        assert_eq!(bench.call_as(&admin, "AddRoleToInstanceProfile", &form).0, 403);
        bench.give("admin", &passing("ec2.amazonaws.com"));
        bench.ok_as(&admin, "AddRoleToInstanceProfile", &form);
    }
}
