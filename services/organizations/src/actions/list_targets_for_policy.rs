//! ListTargetsForPolicy: what a policy is attached to.
//! Needs `organizations:ListTargetsForPolicy`. Source: Organizations API Reference, ListTargetsForPolicy.

use crate::targets::Target;
use crate::{organization, paging};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{
    ListTargetsForPolicy as Op, ListTargetsForPolicyInput, ListTargetsForPolicyOutput,
};

pub struct ListTargetsForPolicy;

impl Action for ListTargetsForPolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListTargetsForPolicy";

    fn handle(cx: &mut Cx, input: ListTargetsForPolicyInput) -> Answer<ListTargetsForPolicyOutput> {
        let row = organization::managed(cx)?;
        let policy = organization::policy(cx, &row, &input.policy_id)?;
        let mut all = Target::all(cx, &row)?;
        all.retain(|target| target.attached().contains(&policy.id));
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |target| target.id().to_owned(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        let targets = page.iter().map(|target| target.summary(&row)).collect();
        Ok(ListTargetsForPolicyOutput { targets: Some(targets), next_token })
    }
}
