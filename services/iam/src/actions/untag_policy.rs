//! UntagPolicy: takes tags from a customer managed policy; keys that it does not have are no error.
//!
//! Needs `iam:UntagPolicy` on the policy; condition keys `aws:TagKeys`, the policy's tags. Source: IAM API Reference, UntagPolicy.

use crate::attachments::managed;
use crate::{tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UntagPolicy as Op, UntagPolicyInput, UntagPolicyOutput};

pub struct UntagPolicy;

impl Action for UntagPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UntagPolicy";
    const KEYS: &'static [&'static str] = &["aws:TagKeys", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &UntagPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        tagging::check_keys(&input.tag_keys)
    }

    fn touches(cx: &mut Cx, input: &UntagPolicyInput) -> Answer<Vec<Touched>> {
        let policy = touches::policy(cx, &input.policy_arn)?;
        Ok(vec![touches::with_tag_keys(policy, &input.tag_keys)])
    }

    fn handle(cx: &mut Cx, input: UntagPolicyInput) -> Answer<UntagPolicyOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        tagging::remove(&mut policy.tags, &input.tag_keys);
        cx.tx.put(&policy)?;
        Ok(UntagPolicyOutput {})
    }
}
