//! AttachGroupPolicy: hangs a managed policy, the account's own or one of AWS's, on a group; at most 10. Attaching
//! again changes nothing.
//!
//! Needs `iam:AttachGroupPolicy` on the group; condition keys `iam:PolicyARN`.
//! Source: IAM API Reference, AttachGroupPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{AttachGroupPolicy as Op, AttachGroupPolicyInput, AttachGroupPolicyOutput};

pub struct AttachGroupPolicy;

impl Action for AttachGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:AttachGroupPolicy";
    const KEYS: &'static [&'static str] = &["iam:PolicyARN"];

    fn check(input: &AttachGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &AttachGroupPolicyInput) -> Answer<Vec<Touched>> {
        let group = touches::group(cx, &input.group_name)?;
        Ok(vec![touches::with_policy_arn(group, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: AttachGroupPolicyInput) -> Answer<AttachGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        attached::attach(cx, group, &input.policy_arn)?;
        Ok(AttachGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, attached};

    #[test]
    fn a_policy_is_attached_once_and_counted() {
        attached::attached_once_and_counted(Kind::Group);
    }

    #[test]
    fn what_is_not_there_cannot_be_attached() {
        attached::only_what_is_there_is_attached(Kind::Group);
    }

    #[test]
    fn ten_are_the_most() {
        attached::ten_are_the_most(Kind::Group);
    }
}
