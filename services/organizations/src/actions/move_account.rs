//! MoveAccount: puts an account below another root or OU: other policies limit it at once.
//! Needs `organizations:MoveAccount`. Source: Organizations API Reference, MoveAccount.

use crate::organization;
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{MoveAccount as Op, MoveAccountInput, MoveAccountOutput};

pub struct MoveAccount;

impl Action for MoveAccount {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:MoveAccount";

    fn handle(cx: &mut Cx, input: MoveAccountInput) -> Answer<MoveAccountOutput> {
        let row = organization::managed(cx)?;
        let account = organization::member(cx, &row, &input.account_id)?;
        if account.parent.as_deref() != Some(&input.source_parent_id) {
            let message = "We can't find a source root or OU with the ParentId that you specified.";
            return Err(Refusal::new("SourceParentNotFoundException", message).into());
        }
        let Some(destination) = organization::node(cx, &row, &input.destination_parent_id)? else {
            let message = "We can't find the destination container (a root or OU) with the ParentId that you specified.";
            return Err(Refusal::new("DestinationParentNotFoundException", message).into());
        };
        if account.parent.as_deref() == Some(&destination.id) {
            let message = "That account is already present in the specified destination.";
            return Err(Refusal::new("DuplicateAccountException", message).into());
        }
        cx.tx.put(&Account { parent: Some(destination.id), ..account })?;
        Ok(MoveAccountOutput::default())
    }
}
