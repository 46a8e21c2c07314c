//! SimulatePrincipalPolicy: what the policies of a user (with its groups'), group or role would decide, its boundary and the
//! organization's control policies included; policies of the request are added, and others left out, if it says so.
//!
//! Needs `iam:SimulatePrincipalPolicy` on the principal. Source: IAM API Reference, SimulatePrincipalPolicy.

use crate::simulate::answer::Asked;
use crate::simulate::{self, PolicyKind, Scene, principal};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    SimulatePrincipalPolicy as Op, SimulatePrincipalPolicyInput, SimulatePrincipalPolicyOutput,
};

pub struct SimulatePrincipalPolicy;

impl Action for SimulatePrincipalPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:SimulatePrincipalPolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &SimulatePrincipalPolicyInput) -> Result<(), Refusal> {
        asked(input).check()?;
        principal::check_arn(&input.policy_source_arn)?;
        // A user's policies are asked for the user itself; for others somebody must be named whom the resource's policy can mean.
        let caller = input.caller_arn.as_deref().or_else(|| {
            input.policy_source_arn.contains(":user/").then_some(input.policy_source_arn.as_str())
        });
        simulate::check_resource_policy(input.resource_policy.as_deref(), caller)?;
        simulate::check_handling(input.resource_handling_option.as_deref())
    }

    fn touches(cx: &mut Cx, input: &SimulatePrincipalPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![principal::touched(cx, &input.policy_source_arn)?])
    }

    fn handle(cx: &mut Cx, input: SimulatePrincipalPolicyInput) -> Answer<SimulatePrincipalPolicyOutput> {
        let account = cx.account().to_string();
        let entity = principal::find(cx, &input.policy_source_arn)?;
        let added = input.policy_input_list.as_deref().unwrap_or_default();
        let excluded = input.policy_exclusion_list.as_deref().unwrap_or_default();
        let mut identity = simulate::inputs("PolicyInputList", PolicyKind::Identity, added)?;
        for held in entity.policies(cx)?.iter().filter(|held| !held.is_excluded(excluded)) {
            identity.push(held.source(PolicyKind::Identity)?);
        }
        let boundary = match simulate::boundary(input.permissions_boundary_policy_input_list.as_deref())? {
            Some(boundary) => Some(boundary),
            None => match entity.boundary(cx)?.filter(|held| !held.is_excluded(excluded)) {
                Some(held) => Some(held.source(PolicyKind::Boundary)?),
                None => None,
            },
        };
        let asking = match input.caller_arn.as_deref() {
            Some(caller) => simulate::asking(Some(caller), &account)?,
            None => entity.asking(&account),
        };
        let scene = Scene {
            owner: simulate::owner(input.resource_owner.as_deref(), &asking)?,
            asking,
            context: simulate::context(input.context_entries.as_deref())?,
            identity,
            boundary,
            resource: simulate::resource_policy(input.resource_policy.as_deref())?,
            control: principal::control(cx)?,
        };
        let page = asked(&input).page(cx, "SimulatePrincipalPolicy", &scene)?;
        Ok(SimulatePrincipalPolicyOutput {
            is_truncated: page.is_truncated(),
            evaluation_results: Some(page.items),
            marker: page.marker,
        })
    }
}

fn asked(input: &SimulatePrincipalPolicyInput) -> Asked<'_> {
    Asked {
        actions: &input.action_names,
        resources: input.resource_arns.as_deref(),
        max_items: input.max_items,
        marker: input.marker.as_deref(),
    }
}
