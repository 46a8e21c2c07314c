//! AttachRolePolicy: hangs a managed policy, the account's own or one of AWS's, on a role; at most 10. Attaching
//! again changes nothing. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:AttachRolePolicy` on the role; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, AttachRolePolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachRolePolicy as Op, AttachRolePolicyInput, AttachRolePolicyOutput};

pub struct AttachRolePolicy;

impl Action for AttachRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &AttachRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachRolePolicyInput) -> Answer<Vec<Touched>> {
        let role = touches::bounded_role(cx, &input.role_name)?;
        Ok(vec![touches::with_policy_arn(role, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachRolePolicyInput) -> Answer<AttachRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        attached::attach(cx, role, &input.policy_arn)?;
        Ok(AttachRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::laws::{Kind, attached};

    #[test]
    fn a_policy_is_attached_once_and_counted() {
        attached::attached_once_and_counted(Kind::Role);
    }

    #[test]
    fn what_is_not_there_cannot_be_attached() {
        attached::only_what_is_there_is_attached(Kind::Role);
    }

    #[test]
    fn ten_are_the_most() {
        attached::ten_are_the_most(Kind::Role);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyArn", ADMIN)];
        bench.refused("AttachRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }

    #[test]
    fn policies_may_ask_for_the_policy_and_for_the_boundary() {
        attached::policies_may_ask_for_policy_and_boundary(Kind::Role);
    }
}
