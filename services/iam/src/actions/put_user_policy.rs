//! PutUserPolicy: adds an inline policy to a user, or replaces the one of this name. All inline policies of a user have 2,048 characters
//! together, white space not counted.
//!
//! Needs `iam:PutUserPolicy` on the user; condition keys `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, PutUserPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{PutUserPolicy as Op, PutUserPolicyInput, PutUserPolicyOutput};

pub struct PutUserPolicy;

impl Action for PutUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:PutUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &PutUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        inline::check(&input.policy_name, &input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &PutUserPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: PutUserPolicyInput) -> Answer<PutUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        inline::put(cx, user, input.policy_name, input.policy_document)?;
        Ok(PutUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_added_then_replaced() {
        inline::added_then_replaced(Kind::User);
    }

    #[test]
    fn bad_documents_and_names_are_refused() {
        inline::bad_documents_and_names_are_refused(Kind::User);
    }

    #[test]
    fn all_of_them_together_have_a_size() {
        inline::all_together_have_a_size(Kind::User, 2048);
    }
}
