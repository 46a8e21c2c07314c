//! GetPolicyVersion: one version of a managed policy with its document, URL-encoded.
//!
//! Needs `iam:GetPolicyVersion` on the policy. Source: IAM API Reference, GetPolicyVersion.

use crate::attachments::{managed, shapes, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetPolicyVersion as Op, GetPolicyVersionInput, GetPolicyVersionOutput};

pub struct GetPolicyVersion;

impl Action for GetPolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetPolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetPolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &GetPolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: GetPolicyVersionInput) -> Answer<GetPolicyVersionOutput> {
        let policy = managed::find(cx, &input.policy_arn)?;
        let id = Some(input.version_id.clone());
        let version = shapes::versions(&policy).into_iter().find(|version| version.version_id == id);
        let version = version.ok_or_else(|| versions::missing(&input.policy_arn, &input.version_id))?;
        Ok(GetPolicyVersionOutput { policy_version: Some(version) })
    }
}
