//! ListPolicies: every service control policy, AWS's own included.
//! Needs `organizations:ListPolicies`. Source: Organizations API Reference, ListPolicies.

use crate::{members, organization, paging, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{ListPolicies as Op, ListPoliciesInput, ListPoliciesOutput};

pub struct ListPolicies;

impl Action for ListPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListPolicies";

    fn handle(cx: &mut Cx, input: ListPoliciesInput) -> Answer<ListPoliciesOutput> {
        let row = organization::managed(cx)?;
        organization::check_type(&input.filter)?;
        let mut all = members::policies(cx, &row)?;
        all.push(organization::full_access(&row));
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |policy| policy.id.clone(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        let policies = page.iter().map(|policy| shapes::summary(&row, policy)).collect();
        Ok(ListPoliciesOutput { policies: Some(policies), next_token })
    }
}
