//! The policies of one identity, read from its rows in the transaction of the call that they decide.

use crate::identity::{Group, ManagedPolicy, Role, User, aws_managed, named};
use crate::{Answer, Caller, Cx, Principal, SessionPolicy};
use base::{AccountId, Fault, Tag};
use rules::iam::{Attached, PolicyType};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What an identity's own rows say.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    pub identity: Vec<Attached>,
    pub boundary: Option<Attached>,
    pub tags: Vec<Tag>,
}

/// The policies and tags of the caller's identity. Nothing, if the identity is gone or another one has its name now.
pub(super) fn own(cx: &mut Cx, caller: &Caller) -> Answer<Own> {
    of(cx, &caller.account, &caller.principal)
}

fn of(cx: &mut Cx, account: &AccountId, principal: &Principal) -> Answer<Own> {
    match principal {
        Principal::User { name, id, .. } => match user(cx, account, name, id)? {
            Some(row) => of_user(cx, &row),
            None => Ok(Own::default()),
        },
        Principal::Role { name, id, .. } => {
            let row = cx.tx.get::<Role>(&named(account, name))?;
            match row.filter(|row| row.id == *id) {
                Some(row) => of_role(cx, row),
                None => Ok(Own::default()),
            }
        }
        // Tags of the user are not tags of whom it vouches for.
        Principal::FederatedUser { by, .. } => Ok(Own { tags: Vec::new(), ..of(cx, account, by)? }),
        Principal::Root | Principal::InstanceInfrastructure { .. } | Principal::Service { .. } => {
            Ok(Own::default())
        }
    }
}

/// The user with this id; a session may know it by the name that it had.
fn user(cx: &mut Cx, account: &AccountId, name: &str, id: &str) -> Answer<Option<User>> {
    let row = cx.tx.get::<User>(&named(account, name))?;
    if let Some(row) = row.filter(|row| row.id == id) {
        return Ok(Some(row));
    }
    let renamed = cx.tx.scan_index::<User>("id", id, None, 1)?.pop();
    Ok(renamed.filter(|row| row.account == *account))
}

fn of_user(cx: &mut Cx, row: &User) -> Answer<Own> {
    let account = &row.account;
    let mut identity = both(cx, account, &format!("user {:?}", row.name), &row.inline, &row.attached)?;
    for name in &row.groups {
        // A group that is gone gives nothing.
        if let Some(group) = cx.tx.get::<Group>(&named(account, name))? {
            let whose = format!("group {:?}", group.name);
            identity.extend(both(cx, account, &whose, &group.inline, &group.attached)?);
        }
    }
    let boundary = boundary(cx, account, row.boundary.as_deref())?;
    Ok(Own { identity, boundary, tags: row.tags.clone() })
}

fn of_role(cx: &mut Cx, row: Role) -> Answer<Own> {
    let identity = both(cx, &row.account, &format!("role {:?}", row.name), &row.inline, &row.attached)?;
    let boundary = boundary(cx, &row.account, row.boundary.as_deref())?;
    Ok(Own { identity, boundary, tags: row.tags })
}

/// Inline and attached policies.
fn both(
    cx: &mut Cx,
    account: &AccountId,
    whose: &str,
    inline: &BTreeMap<String, String>,
    attached: &[String],
) -> Answer<Vec<Attached>> {
    let mut all = Vec::with_capacity(inline.len() + attached.len());
    for (name, document) in inline {
        let source = format!("inline policy {name:?} of {whose}");
        all.push(attach(cx, document, PolicyType::Identity, source)?);
    }
    for arn in attached {
        all.push(managed(cx, account, arn, &format!("policy {arn} of {whose}"))?);
    }
    Ok(all)
}

fn boundary(cx: &mut Cx, account: &AccountId, arn: Option<&str>) -> Answer<Option<Attached>> {
    arn.map(|arn| managed(cx, account, arn, &format!("permissions boundary {arn}"))).transpose()
}

/// A managed policy, AWS's or the account's own.
fn managed(cx: &mut Cx, account: &AccountId, arn: &str, source: &str) -> Answer<Attached> {
    // An attached policy cannot be deleted, so this is a damaged catalog; to go on without it could drop a Deny.
    let document = cx.managed_policy(account, arn)?;
    let document = document.ok_or_else(|| Fault::new(format!("{source} is attached but not there")))?;
    attach(cx, &document, PolicyType::Identity, source.to_owned())
}

impl Cx<'_> {
    /// The document in force of a managed policy that identities of `account` can have: AWS's, or the account's own.
    pub fn managed_policy(&mut self, account: &AccountId, arn: &str) -> Answer<Option<Cow<'static, str>>> {
        if let Some(aws) = aws_managed::find(arn) {
            return Ok(Some(Cow::Borrowed(aws.document)));
        }
        let name = arn.rsplit('/').next().unwrap_or_default();
        let row = self.tx.get::<ManagedPolicy>(&named(account, name))?.filter(|row| row.arn() == arn);
        Ok(row.as_ref().and_then(ManagedPolicy::document).map(|document| Cow::Owned(document.to_owned())))
    }
}

/// The session policies. A federated user made without any may do nothing of its own.
pub(super) fn session(cx: &mut Cx, caller: &Caller) -> Answer<Option<Vec<Attached>>> {
    let Some(session) = &caller.session else { return Ok(None) };
    let federated = matches!(caller.principal, Principal::FederatedUser { .. });
    let policies = match &session.policies {
        Some(policies) => policies.clone(),
        None if federated => Vec::new(),
        None => return Ok(None),
    };
    let read = |SessionPolicy { source, document }: &SessionPolicy| {
        attach(cx, document, PolicyType::Identity, source.clone())
    };
    Ok(Some(policies.iter().map(read).collect::<Answer<_>>()?))
}

/// Reads a stored document. One that cannot be read is our fault and allows nothing: the call ends.
pub(super) fn attach(cx: &Cx, document: &str, kind: PolicyType, source: String) -> Answer<Attached> {
    match cx.policy(document, kind) {
        Ok(policy) => Ok(Attached { policy, source }),
        Err(malformed) => {
            Err(Fault::new(format!("the stored {source} cannot be read: {}", malformed.0)).into())
        }
    }
}
