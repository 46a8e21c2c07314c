//! DeletePolicyVersion: a version of a customer managed policy that is not in force. Its name is not given again.
//!
//! Needs `iam:DeletePolicyVersion` on the policy. Source: IAM API Reference, DeletePolicyVersion.

use crate::attachments::{managed, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeletePolicyVersion as Op, DeletePolicyVersionInput, DeletePolicyVersionOutput};

pub struct DeletePolicyVersion;

impl Action for DeletePolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeletePolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeletePolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &DeletePolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: DeletePolicyVersionInput) -> Answer<DeletePolicyVersionOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        let at = versions::position(&policy, &input.version_id)?;
        if policy.default_version == input.version_id {
            let message = "Cannot delete the default version of a policy.";
            return Err(Refusal::new("DeleteConflict", message).with_status(409).into());
        }
        policy.versions.remove(at);
        cx.tx.put(&policy)?;
        Ok(DeletePolicyVersionOutput {})
    }
}
