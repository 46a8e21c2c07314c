//! CreatePolicy: a service control policy, not yet attached to anything.
//! Needs `organizations:CreatePolicy`. Source: Organizations API Reference, CreatePolicy.

use crate::{documents, organization, shapes, tags};
use api::identity::ControlPolicy;
use api::{Action, Answer, Cx};
use wire::generated::organizations::{CreatePolicy as Op, CreatePolicyInput, CreatePolicyOutput};

pub struct CreatePolicy;

impl Action for CreatePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:CreatePolicy";

    fn handle(cx: &mut Cx, input: CreatePolicyInput) -> Answer<CreatePolicyOutput> {
        let row = organization::managed(cx)?;
        organization::check_type(&input.r#type)?;
        let tags = tags::read(input.tags)?;
        documents::check(&input.content)?;
        documents::check_name(cx, &row, &input.name, None)?;
        let policy = ControlPolicy {
            id: format!("p-{}", organization::suffix(cx, 8)),
            organization: row.id.clone(),
            name: input.name,
            description: input.description,
            document: input.content,
            created: cx.now(),
            tags,
        };
        cx.tx.put(&policy)?;
        Ok(CreatePolicyOutput { policy: Some(shapes::policy(&row, &policy)) })
    }
}
