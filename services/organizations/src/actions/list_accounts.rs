//! ListAccounts: every account of the organization.
//! Needs `organizations:ListAccounts`. Source: Organizations API Reference, ListAccounts.

use crate::{members, organization, paging, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{ListAccounts as Op, ListAccountsInput, ListAccountsOutput};

pub struct ListAccounts;

impl Action for ListAccounts {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListAccounts";

    fn handle(cx: &mut Cx, input: ListAccountsInput) -> Answer<ListAccountsOutput> {
        let row = organization::managed(cx)?;
        let all = members::accounts(cx, &row)?;
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |account| account.id.to_string(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        Ok(ListAccountsOutput {
            accounts: Some(page.iter().map(|account| shapes::account(&row, account)).collect()),
            next_token,
        })
    }
}
