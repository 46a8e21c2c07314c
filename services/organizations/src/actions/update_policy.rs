//! UpdatePolicy: changes name, description or content of a policy; it counts from the next call on.
//! Needs `organizations:UpdatePolicy`. Source: Organizations API Reference, UpdatePolicy.

use crate::{documents, organization, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{UpdatePolicy as Op, UpdatePolicyInput, UpdatePolicyOutput};

pub struct UpdatePolicy;

impl Action for UpdatePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:UpdatePolicy";

    fn handle(cx: &mut Cx, input: UpdatePolicyInput) -> Answer<UpdatePolicyOutput> {
        let row = organization::managed(cx)?;
        documents::check_own(&input.policy_id)?;
        let mut policy = organization::policy(cx, &row, &input.policy_id)?;
        if let Some(name) = input.name {
            documents::check_name(cx, &row, &name, Some(&policy.id))?;
            policy.name = name;
        }
        if let Some(content) = input.content {
            documents::check(&content)?;
            policy.document = content;
        }
        if let Some(description) = input.description {
            policy.description = description;
        }
        cx.tx.put(&policy)?;
        Ok(UpdatePolicyOutput { policy: Some(shapes::policy(&row, &policy)) })
    }
}
