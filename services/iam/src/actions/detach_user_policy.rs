//! DetachUserPolicy: takes a managed policy off a user.
//!
//! Needs `iam:DetachUserPolicy` on the user; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, DetachUserPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DetachUserPolicy as Op, DetachUserPolicyInput, DetachUserPolicyOutput};

pub struct DetachUserPolicy;

impl Action for DetachUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DetachUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DetachUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DetachUserPolicyInput) -> Answer<Vec<Touched>> {
        let user = touches::bounded_user(cx, &input.user_name)?;
        Ok(vec![touches::with_policy_arn(user, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: DetachUserPolicyInput) -> Answer<DetachUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        attached::detach(cx, user, &input.policy_arn)?;
        Ok(DetachUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, attached};

    #[test]
    fn a_detached_policy_counts_no_more() {
        attached::detached_counts_no_more(Kind::User);
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        attached::only_what_is_attached_is_detached(Kind::User);
    }
}
