//! ListAccountsForParent: the accounts directly below a root or OU.
//! Needs `organizations:ListAccountsForParent`. Source: Organizations API Reference, ListAccountsForParent.

use crate::{members, organization, paging, refusals, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{
    ListAccountsForParent as Op, ListAccountsForParentInput, ListAccountsForParentOutput,
};

pub struct ListAccountsForParent;

impl Action for ListAccountsForParent {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListAccountsForParent";

    fn handle(cx: &mut Cx, input: ListAccountsForParentInput) -> Answer<ListAccountsForParentOutput> {
        let row = organization::managed(cx)?;
        let parent = organization::node(cx, &row, &input.parent_id)?;
        let parent = parent.ok_or_else(|| refusals::no_parent(&input.parent_id))?;
        let all = members::accounts_below(cx, &parent.id)?;
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |account| account.id.to_string(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        Ok(ListAccountsForParentOutput {
            accounts: Some(page.iter().map(|account| shapes::account(&row, account)).collect()),
            next_token,
        })
    }
}
