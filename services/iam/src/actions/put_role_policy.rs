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
