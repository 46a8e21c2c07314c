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
    use crate::attachments::trial::{self, DOCUMENT, ENCODED};

    #[test]
    fn the_document_is_url_encoded() {
        let bench = trial::bench();
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        assert_eq!(
            bench.ok("GetUserPolicy", &[("UserName", "BOB"), ("PolicyName", "p")]),
            format!(
                "<UserName>bob</UserName><PolicyName>p</PolicyName><PolicyDocument>{ENCODED}</PolicyDocument>"
            )
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        let bench = trial::bench();
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", DOCUMENT)]);
        let get = |name, policy| [("UserName", name), ("PolicyName", policy)];
        bench.refused(
            "GetUserPolicy",
            &get("nobody", "p"),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        for policy in ["P", "q", "AdministratorAccess"] {
            let message = format!("The user policy with name {policy} cannot be found.");
            bench.refused("GetUserPolicy", &get("bob", policy), "NoSuchEntity", &message);
        }
        let bad = "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the \
                   following: +=,.@_-";
        bench.refused("GetUserPolicy", &get("bob", "a/b"), "ValidationError", bad);
    }
}
