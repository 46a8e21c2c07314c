//! PutRolePolicy: adds an inline policy to a role, or replaces the one of this name. All inline policies of a role have 10,240 characters
//! together, white space not counted. Roles linked to services are AWS's own to change.
//!
//! Needs `iam:PutRolePolicy` on the role; condition keys `iam:PermissionsBoundary` (the boundary that the role has), the role's tags.
//! Source: IAM API Reference, PutRolePolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{PutRolePolicy as Op, PutRolePolicyInput, PutRolePolicyOutput};

pub struct PutRolePolicy;

impl Action for PutRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutRolePolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        inline::check(&input.policy_name, &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &PutRolePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: PutRolePolicyInput) -> Answer<PutRolePolicyOutput> {
        let role = find::role_to_change(cx, &input.role_name)?;
        inline::put(cx, role, input.policy_name, input.policy_document)?;
        Ok(PutRolePolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_added_then_replaced() {
        inline::added_then_replaced(Kind::Role);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        inline::bad_documents_and_names_are_refused(Kind::Role);
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        inline::all_together_have_a_size(Kind::Role, 10240);
    }

    #[test]
    fn a_role_linked_to_a_service_stays_as_it_is() {
        let bench = trial::bench();
        trial::link_role(&bench);
        let form = [("RoleName", "linked"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)];
        bench.refused("PutRolePolicy", &form, "UnmodifiableEntity", trial::PROTECTED);
    }
}
