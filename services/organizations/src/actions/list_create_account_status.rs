//! ListCreateAccountStatus: every CreateAccount of the organization.
//! Needs `organizations:ListCreateAccountStatus`. Source: Organizations API Reference, ListCreateAccountStatus.

use crate::rows::AccountRequest;
use crate::{organization, paging, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{
    ListCreateAccountStatus as Op, ListCreateAccountStatusInput, ListCreateAccountStatusOutput,
};

/// Requests looked at: an organization has ten accounts unless somebody asked for more.
const REQUESTS_MAX: usize = 1000;

pub struct ListCreateAccountStatus;

impl Action for ListCreateAccountStatus {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListCreateAccountStatus";

    fn handle(cx: &mut Cx, input: ListCreateAccountStatusInput) -> Answer<ListCreateAccountStatusOutput> {
        let row = organization::managed(cx)?;
        let prefix = format!("{}/", row.id);
        let mut all = cx.tx.scan::<AccountRequest>(&prefix, None, REQUESTS_MAX)?;
        if let Some(states) = &input.states {
            all.retain(|request| {
                let state = if request.outcome.is_ok() { "SUCCEEDED" } else { "FAILED" };
                states.iter().any(|s| s == state)
            });
        }
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |request| request.id.clone(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        Ok(ListCreateAccountStatusOutput {
            create_account_statuses: Some(page.iter().map(shapes::request).collect()),
            next_token,
        })
    }
}
