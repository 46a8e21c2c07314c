//! CloseAccount: nobody can sign for the account any more; its resources stay.
//! Needs `organizations:CloseAccount`. Source: Organizations API Reference, CloseAccount.

use crate::{organization, refusals};
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{CloseAccount as Op, CloseAccountInput, CloseAccountOutput};

pub struct CloseAccount;

impl Action for CloseAccount {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:CloseAccount";

    fn handle(cx: &mut Cx, input: CloseAccountInput) -> Answer<CloseAccountOutput> {
        let row = organization::managed(cx)?;
        let account = organization::member(cx, &row, &input.account_id)?;
        if account.id == row.management {
            let message = "You cannot close the management account of the organization.";
            return Err(refusals::constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", message).into());
        }
        if account.closed.is_some() {
            let message = "You attempted to close an account that is already closed.";
            return Err(Refusal::new("AccountAlreadyClosedException", message).into());
        }
        cx.tx.put(&Account { closed: Some(cx.now()), ..account })?;
        Ok(CloseAccountOutput::default())
    }
}
