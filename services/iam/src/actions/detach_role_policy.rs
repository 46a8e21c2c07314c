//! DetachRolePolicy: takes a managed policy off a role. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:DetachRolePolicy` on the role; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, DetachRolePolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DetachRolePolicy as Op, DetachRolePolicyInput, DetachRolePolicyOutput};

pub struct DetachRolePolicy;

impl Action for DetachRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DetachRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DetachRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DetachRolePolicyInput) -> Answer<Vec<Touched>> {
        let role = touches::bounded_role(cx, &input.role_name)?;
        Ok(vec![touches::with_policy_arn(role, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: DetachRolePolicyInput) -> Answer<DetachRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        attached::detach(cx, role, &input.policy_arn)?;
        Ok(DetachRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::testing::element;

    #[test]
    fn a_detached_policy_counts_no_more() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        for arn in [arn.as_str(), ADMIN] {
            bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", arn)]);
            assert_eq!(bench.ok("DetachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", arn)]), "");
            assert_eq!(
                element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "AttachmentCount"),
                "0",
                "{arn}"
            );
        }
        let listed = bench.ok("ListAttachedRolePolicies", &[("RoleName", "bob")]);
        assert_eq!(listed, "<AttachedPolicies></AttachedPolicies><IsTruncated>false</IsTruncated>");
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        let form = |name, arn| [("RoleName", name), ("PolicyArn", arn)];
        bench.refused(
            "DetachRolePolicy",
            &form("nobody", &arn),
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        for arn in [&arn, ADMIN, "arn:aws:iam::aws:policy/Nothing"] {
            bench.refused(
                "DetachRolePolicy",
                &form("bob", arn),
                "NoSuchEntity",
                &format!("Policy {arn} was not found."),
            );
        }
        bench.ok("AttachRolePolicy", &form("bob", &arn));
        bench.ok("DetachRolePolicy", &form("bob", &arn));
        bench.refused(
            "DetachRolePolicy",
            &form("bob", &arn),
            "NoSuchEntity",
            &format!("Policy {arn} was not found."),
        );
        let bad = "arn:aws:iam::111122223333:group/p";
        bench.refused(
            "DetachRolePolicy",
            &form("bob", bad),
            "InvalidInput",
            &format!("ARN {bad} is not valid."),
        );
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyArn", ADMIN)];
        bench.refused("DetachRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }
}
