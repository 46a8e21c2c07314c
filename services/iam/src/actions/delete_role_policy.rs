//! DeleteRolePolicy: takes an inline policy from a role. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:DeleteRolePolicy` on the role; condition keys `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, DeleteRolePolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteRolePolicy as Op, DeleteRolePolicyInput, DeleteRolePolicyOutput};

pub struct DeleteRolePolicy;

impl Action for DeleteRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeleteRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteRolePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteRolePolicyInput) -> Answer<DeleteRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        inline::delete(cx, role, &input.policy_name)?;
        Ok(DeleteRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial;
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_gone_once() {
        inline::deleted_once(Kind::Role);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyName", "p")];
        bench.refused("DeleteRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }
}
