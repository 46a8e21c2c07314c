//! What the server's operator can do: make accounts that belong to no organization, and see all there are. The operator is whoever
//! may act for the account that the first start made. Two actions of Sealvol's own service; they are here because making an
//! account is written here.

mod create_account;
mod list_accounts;

use crate::refusals;
use api::identity::ServerFact;
use api::{Answer, Cx, Entry, entry};

/// Name of the server's fact that holds the operator's account id.
pub const OPERATOR_FACT: &str = "operator-account";

/// The two actions, for the registry.
pub fn table() -> Vec<Entry> {
    vec![entry::<create_account::CreateAccount>(), entry::<list_accounts::ListAccounts>()]
}

/// Refuses callers of other accounts than the operator's.
fn only_operator(cx: &mut Cx) -> Answer<()> {
    let operator = cx.tx.get::<ServerFact>(OPERATOR_FACT)?.map(|fact| fact.value);
    if operator.as_deref() == Some(cx.account().as_str()) {
        return Ok(());
    }
    let reason = format!(
        "accounts are made by the account whose credentials the server's first start wrote, not by account {}",
        cx.account()
    );
    Err(refusals::only_management(reason).into())
}
