//! AttachPolicy: a policy counts for a root, an OU or an account from then on.
//! Needs `organizations:AttachPolicy`. Source: Organizations API Reference, AttachPolicy.

use crate::organization;
use crate::targets::Target;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{AttachPolicy as Op, AttachPolicyInput, AttachPolicyOutput};

pub struct AttachPolicy;

impl Action for AttachPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:AttachPolicy";

    fn handle(cx: &mut Cx, input: AttachPolicyInput) -> Answer<AttachPolicyOutput> {
        let row = organization::managed(cx)?;
        let policy = organization::policy(cx, &row, &input.policy_id)?;
        let mut target = Target::find(cx, &row, &input.target_id)?;
        if !organization::root(cx, &row)?.control_enabled {
            let message = "The specified policy type isn't currently enabled in this root.";
            return Err(Refusal::new("PolicyTypeNotEnabledException", message).into());
        }
        target.attach(&policy.id)?;
        target.store(cx)?;
        Ok(AttachPolicyOutput::default())
    }
}
