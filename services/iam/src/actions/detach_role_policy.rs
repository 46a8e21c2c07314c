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
    use crate::laws::{Kind, attached};

    #[test]
    fn a_detached_policy_counts_no_more() {
        attached::detached_counts_no_more(Kind::Role);
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        attached::only_what_is_attached_is_detached(Kind::Role);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyArn", ADMIN)];
        bench.refused("DetachRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }
}
