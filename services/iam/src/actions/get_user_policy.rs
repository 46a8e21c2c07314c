//! GetUserPolicy: the document of an inline policy of a user, URL-encoded.
//!
//! Needs `iam:GetUserPolicy` on the user. Source: IAM API Reference, GetUserPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetUserPolicy as Op, GetUserPolicyInput, GetUserPolicyOutput};

pub struct GetUserPolicy;

impl Action for GetUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetUserPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &GetUserPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: GetUserPolicyInput) -> Answer<GetUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        let document = inline::get(&user, &input.policy_name)?;
        Ok(GetUserPolicyOutput {
            user_name: Some(user.name),
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
        inline::the_document_is_url_encoded(Kind::User);
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        inline::only_what_is_there_is_got(Kind::User);
    }
}
