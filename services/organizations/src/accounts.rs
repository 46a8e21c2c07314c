//! Making an account, for Organizations and for the server's operator.

use crate::organization::{self, FULL_ACCESS};
use api::identity::{Account, Organization, Role};
use api::{Answer, Cx};
use base::{AccountId, Fault};
use serde_json::json;
use std::collections::BTreeMap;

/// The role by which the management account enters an account it made. Source: Organizations User Guide, "Accessing member
/// accounts".
pub const ACCESS_ROLE: &str = "OrganizationAccountAccessRole";
/// Ids are random; a taken one is drawn again.
const DRAWS: usize = 100;

/// A new account that belongs to nobody yet.
pub fn make(cx: &mut Cx, name: &str, email: &str) -> Answer<Account> {
    for _ in 0..DRAWS {
        let id = AccountId::parse(&cx.door.env.ids.account())
            .map_err(|e| Fault::caused("making an account id", e))?;
        if cx.tx.get::<Account>(id.as_str())?.is_none() {
            let account =
                Account { name: name.to_owned(), email: email.to_owned(), ..Account::new(id, cx.now()) };
            cx.tx.put(&account)?;
            return Ok(account);
        }
    }
    Err(Fault::new("no free account id was found").into())
}

/// Whether another account of the organization has this address.
pub fn email_taken(cx: &mut Cx, organization: &Organization, email: &str) -> Answer<bool> {
    let members = crate::members::accounts(cx, organization)?;
    Ok(members.iter().any(|account| account.email.eq_ignore_ascii_case(email)))
}

/// Puts an account below the root of an organization.
pub fn join(cx: &mut Cx, organization: &Organization, account: &mut Account) -> Answer<()> {
    let root = organization::root(cx, organization)?;
    account.organization = Some(organization.id.clone());
    account.parent = Some(root.id.clone());
    account.control_policies = if root.control_enabled { vec![FULL_ACCESS.to_owned()] } else { Vec::new() };
    Ok(cx.tx.put(account)?)
}

/// The role that lets the management account's principals administer the new account.
pub fn access_role(cx: &mut Cx, organization: &Organization, account: &AccountId, name: &str) -> Answer<()> {
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": organization.management.root_arn()},
            "Action": "sts:AssumeRole",
        }],
    });
    let role = Role {
        account: account.clone(),
        name: name.to_owned(),
        path: "/".to_owned(),
        id: format!("AROA{}", cx.door.env.ids.base32(17)),
        created: cx.now(),
        description: None,
        trust: trust.to_string(),
        inline: BTreeMap::new(),
        attached: vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned()],
        boundary: None,
        session_seconds_max: 3600,
        linked_service: None,
        last_used: None,
        tags: Vec::new(),
    };
    Ok(cx.tx.put(&role)?)
}
