//! GetRolePolicy: the document of an inline policy of a role, URL-encoded.
//!
//! Needs `iam:GetRolePolicy` on the role. Source: IAM API Reference, GetRolePolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetRolePolicy as Op, GetRolePolicyInput, GetRolePolicyOutput};

pub struct GetRolePolicy;

impl Action for GetRolePolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetRolePolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetRolePolicyInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &GetRolePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: GetRolePolicyInput) -> Answer<GetRolePolicyOutput> {
        let role = find::role(cx, &input.role_name)?;
        let document = inline::get(&role, &input.policy_name)?;
        Ok(GetRolePolicyOutput {
            role_name: Some(role.name),
            policy_name: Some(input.policy_name),
            policy_document: Some(document),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn the_document_is_url_encoded() {
        inline::the_document_is_url_encoded(Kind::Role);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        inline::only_what_is_there_is_got(Kind::Role);
    }
}
