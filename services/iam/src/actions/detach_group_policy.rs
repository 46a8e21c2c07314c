//! DetachGroupPolicy: takes a managed policy off a group.
//!
//! Needs `iam:DetachGroupPolicy` on the group; condition keys `iam:PolicyARN`.
//! Source: IAM API Reference, DetachGroupPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DetachGroupPolicy as Op, DetachGroupPolicyInput, DetachGroupPolicyOutput};

pub struct DetachGroupPolicy;

impl Action for DetachGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DetachGroupPolicy";
    const KEYS: &'static [&'static str] = &["iam:PolicyARN"];

    fn check(input: &DetachGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DetachGroupPolicyInput) -> Answer<Vec<Touched>> {
        let group = touches::group(cx, &input.group_name)?;
        Ok(vec![touches::with_policy_arn(group, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: DetachGroupPolicyInput) -> Answer<DetachGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        attached::detach(cx, group, &input.policy_arn)?;
        Ok(DetachGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, attached};

    #[test]
    fn a_detached_policy_counts_no_more() {
        attached::detached_counts_no_more(Kind::Group);
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        attached::only_what_is_attached_is_detached(Kind::Group);
    }
}
