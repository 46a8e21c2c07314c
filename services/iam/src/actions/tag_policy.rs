//! TagPolicy: adds tags to a customer managed policy, or changes their values; 50 at most.
//!
//! Needs `iam:TagPolicy` on the policy; condition keys `aws:RequestTag/…`, `aws:TagKeys`, the policy's tags. Source: IAM API
//! Reference, TagPolicy.

use crate::attachments::managed;
use crate::{tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{TagPolicy as Op, TagPolicyInput, TagPolicyOutput};

pub struct TagPolicy;

impl Action for TagPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:TagPolicy";
    const KEYS: &'static [&'static str] =
        &["aws:RequestTag/", "aws:TagKeys", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &TagPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        tagging::check(Some(&input.tags))
    }

    fn touches(cx: &mut Cx, input: &TagPolicyInput) -> Answer<Vec<Touched>> {
        let policy = touches::policy(cx, &input.policy_arn)?;
        Ok(vec![touches::with_request_tags(policy, Some(&input.tags))])
    }

    fn handle(cx: &mut Cx, input: TagPolicyInput) -> Answer<TagPolicyOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        tagging::add(&mut policy.tags, &input.tags)?;
        cx.tx.put(&policy)?;
        Ok(TagPolicyOutput {})
    }
}
