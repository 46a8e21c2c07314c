//! SetDefaultPolicyVersion: which version of a customer managed policy is in force, everywhere where it is attached.
//!
//! Needs `iam:SetDefaultPolicyVersion` on the policy. Source: IAM API Reference, SetDefaultPolicyVersion.

use crate::attachments::{managed, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    SetDefaultPolicyVersion as Op, SetDefaultPolicyVersionInput, SetDefaultPolicyVersionOutput,
};

pub struct SetDefaultPolicyVersion;

impl Action for SetDefaultPolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:SetDefaultPolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &SetDefaultPolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &SetDefaultPolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: SetDefaultPolicyVersionInput) -> Answer<SetDefaultPolicyVersionOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        versions::position(&policy, &input.version_id)?;
        policy.default_version = input.version_id;
        cx.tx.put(&policy)?;
        Ok(SetDefaultPolicyVersionOutput {})
    }
}
