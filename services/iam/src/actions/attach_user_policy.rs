//! AttachUserPolicy: hangs a managed policy, the account's own or one of AWS's, on a user; at most 10. Attaching
//! again changes nothing.
//!
//! Needs `iam:AttachUserPolicy` on the user; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, AttachUserPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachUserPolicy as Op, AttachUserPolicyInput, AttachUserPolicyOutput};

pub struct AttachUserPolicy;

impl Action for AttachUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &AttachUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachUserPolicyInput) -> Answer<Vec<Touched>> {
        let user = touches::bounded_user(cx, &input.user_name)?;
        Ok(vec![touches::with_policy_arn(user, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachUserPolicyInput) -> Answer<AttachUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        attached::attach(cx, user, &input.policy_arn)?;
        Ok(AttachUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, attached};

    #[test]
    fn a_policy_is_attached_once_and_counted() {
        attached::attached_once_and_counted(Kind::User);
    }

    #[test]
    fn what_is_not_there_cannot_be_attached() {
        attached::only_what_is_there_is_attached(Kind::User);
    }

    #[test]
    fn ten_are_the_most() {
        attached::ten_are_the_most(Kind::User);
    }

    #[test]
    fn policies_may_ask_for_the_policy_and_for_the_boundary() {
        attached::policies_may_ask_for_policy_and_boundary(Kind::User);
    }
}
