//! ListPoliciesForTarget: the policies attached to a root, an OU or an account itself.
//! Needs `organizations:ListPoliciesForTarget`. Source: Organizations API Reference, ListPoliciesForTarget.

use crate::targets::Target;
use crate::{organization, paging, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{
    ListPoliciesForTarget as Op, ListPoliciesForTargetInput, ListPoliciesForTargetOutput,
};

pub struct ListPoliciesForTarget;

impl Action for ListPoliciesForTarget {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListPoliciesForTarget";

    fn handle(cx: &mut Cx, input: ListPoliciesForTargetInput) -> Answer<ListPoliciesForTargetOutput> {
        let row = organization::managed(cx)?;
        organization::check_type(&input.filter)?;
        let target = Target::find(cx, &row, &input.target_id)?;
        let mut all = Vec::new();
        for id in target.attached() {
            all.push(organization::policy(cx, &row, id)?);
        }
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |policy| policy.id.clone(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        let policies = page.iter().map(|policy| shapes::summary(&row, policy)).collect();
        Ok(ListPoliciesForTargetOutput { policies: Some(policies), next_token })
    }
}
