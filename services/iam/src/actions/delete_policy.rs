//! DeletePolicy: a customer managed policy that nothing uses and that has only its default version.
//!
//! Needs `iam:DeletePolicy` on the policy. Source: IAM API Reference, DeletePolicy.

use crate::attachments::managed;
use crate::touches;
use api::identity::ManagedPolicy;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{DeletePolicy as Op, DeletePolicyInput, DeletePolicyOutput};

pub struct DeletePolicy;

impl Action for DeletePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeletePolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeletePolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DeletePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: DeletePolicyInput) -> Answer<DeletePolicyOutput> {
        let policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        if policy.attachments > 0 || policy.boundaries > 0 {
            let reason = format!(
                "{} is attached {} times and is the boundary of {}",
                input.policy_arn, policy.attachments, policy.boundaries
            );
            return Err(conflict("Cannot delete a policy attached to entities.").because(reason).into());
        }
        if policy.versions.len() > 1 {
            return Err(conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
                 default version is deleted with the policy.",
            )
            .into());
        }
        cx.tx.delete::<ManagedPolicy>(&policy.key())?;
        Ok(DeletePolicyOutput {})
    }
}

fn conflict(message: &str) -> Refusal {
    Refusal::new("DeleteConflict", message).with_status(409)
}
