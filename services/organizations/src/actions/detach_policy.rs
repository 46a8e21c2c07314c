//! DetachPolicy: the policy no longer counts for the target. The last policy of a target cannot be detached.
//! Needs `organizations:DetachPolicy`. Source: Organizations API Reference, DetachPolicy.

use crate::organization;
use crate::targets::Target;
use api::{Action, Answer, Cx};
use wire::generated::organizations::{DetachPolicy as Op, DetachPolicyInput, DetachPolicyOutput};

pub struct DetachPolicy;

impl Action for DetachPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:DetachPolicy";

    fn handle(cx: &mut Cx, input: DetachPolicyInput) -> Answer<DetachPolicyOutput> {
        let row = organization::managed(cx)?;
        let policy = organization::policy(cx, &row, &input.policy_id)?;
        let mut target = Target::find(cx, &row, &input.target_id)?;
        target.detach(&policy.id)?;
        target.store(cx)?;
        Ok(DetachPolicyOutput::default())
    }
}
