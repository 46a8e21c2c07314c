//! ListAccounts (Sealvol's own): every account of the server. `sealvol account list` calls it.
//! Needs `sealvol:ListAccounts`; only for the operator's account.

use super::only_operator;
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use catalog::Row;
use wire::Operation;
use wire::generated::sealvol::{
    AccountDescription, ListAccounts as Op, ListAccountsInput, ListAccountsOutput,
};

/// Accounts in one answer.
const PAGE: usize = 100;

pub struct ListAccounts;

impl Action for ListAccounts {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "sealvol:ListAccounts";

    fn handle(cx: &mut Cx, input: ListAccountsInput) -> Answer<ListAccountsOutput> {
        only_operator(cx)?;
        let after = match input.next_token.as_deref() {
            None => None,
            Some(token) => Some(cx.page_cursor(Op::NAME, token).ok_or_else(|| {
                Refusal::new("ValidationException", "The token is not one of this action's.")
            })?),
        };
        let mut rows = cx.tx.scan::<Account>("", after.as_deref(), PAGE + 1)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next_token = rows.last().filter(|_| more).map(|last| cx.page_token(Op::NAME, &last.key()));
        Ok(ListAccountsOutput { accounts: Some(rows.into_iter().map(shape).collect()), next_token })
    }
}

fn shape(row: Account) -> AccountDescription {
    AccountDescription {
        account_id: Some(row.id.to_string()),
        name: Some(row.name),
        email: Some(row.email),
        created: Some(row.created),
        organization: row.organization,
        closed: Some(row.closed.is_some()),
    }
}
