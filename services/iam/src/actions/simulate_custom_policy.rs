//! SimulateCustomPolicy: what policies that the request carries would decide. Nothing of the account counts: what is not in the
//! request is not there.
//!
//! Needs `iam:SimulateCustomPolicy`. Source: IAM API Reference, SimulateCustomPolicy.

use crate::simulate::answer::Asked;
use crate::simulate::{self, PolicyKind, Scene};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::iam::Attached;
use wire::generated::iam::OrderedOrganizationPolicyType;
use wire::generated::iam::{
    SimulateCustomPolicy as Op, SimulateCustomPolicyInput, SimulateCustomPolicyOutput,
};

pub struct SimulateCustomPolicy;

impl Action for SimulateCustomPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:SimulateCustomPolicy";

    fn check(input: &SimulateCustomPolicyInput) -> Result<(), Refusal> {
        asked(input).check()?;
        simulate::check_resource_policy(input.resource_policy.as_deref(), input.caller_arn.as_deref())?;
        simulate::check_handling(input.resource_handling_option.as_deref())
    }

    fn handle(cx: &mut Cx, input: SimulateCustomPolicyInput) -> Answer<SimulateCustomPolicyOutput> {
        let account = cx.account().to_string();
        let identity = simulate::inputs("PolicyInputList", PolicyKind::Identity, &input.policy_input_list)?;
        let asking = simulate::asking(input.caller_arn.as_deref(), &account)?;
        let scene = Scene {
            owner: simulate::owner(input.resource_owner.as_deref(), &asking)?,
            asking,
            context: simulate::context(input.context_entries.as_deref())?,
            identity,
            boundary: simulate::boundary(input.permissions_boundary_policy_input_list.as_deref())?,
            resource: simulate::resource_policy(input.resource_policy.as_deref())?,
            control: control(input.ordered_organization_policy_input_list.as_deref())?,
        };
        let page = asked(&input).page(cx, "SimulateCustomPolicy", &scene)?;
        Ok(SimulateCustomPolicyOutput {
            is_truncated: page.is_truncated(),
            evaluation_results: Some(page.items),
            marker: page.marker,
        })
    }
}

fn asked(input: &SimulateCustomPolicyInput) -> Asked<'_> {
    Asked {
        actions: &input.action_names,
        resources: input.resource_arns.as_deref(),
        max_items: input.max_items,
        marker: input.marker.as_deref(),
    }
}

/// The levels of an organization, its root first.
fn control(levels: Option<&[OrderedOrganizationPolicyType]>) -> Result<Vec<Vec<Attached>>, Refusal> {
    let level = |(i, level): (usize, &OrderedOrganizationPolicyType)| {
        let list = format!("OrderedOrganizationPolicyInputList.{}.ServiceControlPolicyInputList", i + 1);
        let texts = level.service_control_policy_input_list.as_deref().unwrap_or_default();
        simulate::inputs(&list, PolicyKind::Control, texts)
            .map(|sources| sources.iter().map(|source| source.attached()).collect())
    };
    levels.unwrap_or_default().iter().enumerate().map(level).collect()
}
