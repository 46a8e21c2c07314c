//! GetPolicy: a managed policy, the account's own or one of AWS's, without its document.
//!
//! Needs `iam:GetPolicy` on the policy. Source: IAM API Reference, GetPolicy.

use crate::attachments::{managed, shapes};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetPolicy as Op, GetPolicyInput, GetPolicyOutput};

pub struct GetPolicy;

impl Action for GetPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetPolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &GetPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: GetPolicyInput) -> Answer<GetPolicyOutput> {
        let policy = managed::find(cx, &input.policy_arn)?;
        let usage = managed::usage(cx, &policy)?;
        Ok(GetPolicyOutput { policy: Some(shapes::policy(&policy, usage)) })
    }
}
