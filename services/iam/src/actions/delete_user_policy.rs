//! DeleteUserPolicy: takes an inline policy from a user.
//!
//! Needs `iam:DeleteUserPolicy` on the user; condition keys `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, DeleteUserPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteUserPolicy as Op, DeleteUserPolicyInput, DeleteUserPolicyOutput};

pub struct DeleteUserPolicy;

impl Action for DeleteUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeleteUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteUserPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteUserPolicyInput) -> Answer<DeleteUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        inline::delete(cx, user, &input.policy_name)?;
        Ok(DeleteUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, inline};

    #[test]
    fn a_policy_is_gone_once() {
        inline::deleted_once(Kind::User);
    }
}
