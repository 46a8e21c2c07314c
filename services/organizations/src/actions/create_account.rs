//! CreateAccount: a new account in the organization, with a role by which the management account can enter it. It is there when the
//! answer is; what went wrong is told by the status, as in AWS.
//! Needs `organizations:CreateAccount`. Source: Organizations API Reference, CreateAccount.

use crate::rows::AccountRequest;
use crate::{accounts, organization, refusals, shapes, tags};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{CreateAccount as Op, CreateAccountInput, CreateAccountOutput};

pub struct CreateAccount;

impl Action for CreateAccount {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:CreateAccount";

    fn handle(cx: &mut Cx, input: CreateAccountInput) -> Answer<CreateAccountOutput> {
        let row = organization::managed(cx)?;
        let tags = tags::read(input.tags)?;
        let role = input.role_name.as_deref().unwrap_or(accounts::ACCESS_ROLE);
        if !is_role_name(role) {
            return Err(
                refusals::invalid("INVALID_ROLE_NAME", "You provided a role name that isn't valid.").into()
            );
        }
        let outcome = if !input.email.contains('@') {
            Err("INVALID_EMAIL".to_owned())
        } else if accounts::email_taken(cx, &row, &input.email)? {
            Err("EMAIL_ALREADY_EXISTS".to_owned())
        } else {
            let mut account = accounts::make(cx, &input.account_name, &input.email)?;
            account.tags = tags;
            accounts::join(cx, &row, &mut account)?;
            accounts::access_role(cx, &row, &account.id, role)?;
            Ok(account.id)
        };
        let request = AccountRequest {
            organization: row.id,
            id: format!("car-{}", cx.door.env.ids.hex(32)),
            account_name: input.account_name,
            requested: cx.now(),
            outcome,
        };
        cx.tx.put(&request)?;
        Ok(CreateAccountOutput { create_account_status: Some(shapes::request(&request)) })
    }
}

/// IAM's names: letters, digits and `+=,.@_-`, 64 at most.
fn is_role_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed)
}
