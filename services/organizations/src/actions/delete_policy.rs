//! DeletePolicy: removes a policy that is attached to nothing.
//! Needs `organizations:DeletePolicy`. Source: Organizations API Reference, DeletePolicy.

use crate::targets::Target;
use crate::{documents, organization};
use api::identity::ControlPolicy;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{DeletePolicy as Op, DeletePolicyInput, DeletePolicyOutput};

pub struct DeletePolicy;

impl Action for DeletePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:DeletePolicy";

    fn handle(cx: &mut Cx, input: DeletePolicyInput) -> Answer<DeletePolicyOutput> {
        let row = organization::managed(cx)?;
        documents::check_own(&input.policy_id)?;
        let policy = organization::policy(cx, &row, &input.policy_id)?;
        if let Some(target) =
            Target::all(cx, &row)?.iter().find(|target| target.attached().contains(&policy.id))
        {
            return Err(Refusal::new(
                "PolicyInUseException",
                "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts before \
                 performing this operation.",
            )
            .because(format!("{} is attached to {}", policy.id, target.id()))
            .into());
        }
        cx.tx.delete::<ControlPolicy>(&policy.id)?;
        Ok(DeletePolicyOutput::default())
    }
}
