//! Principals of stored documents. A key policy, a trust policy or a grant that names a user or a role means that very user or
//! role: one that is deleted and made again under the same name does not inherit what the first one had. So such names are stored
//! as unique ids (`AIDA…`, `AROA…`, for a role session `AROA…:session`) and shown as ARNs for as long as who they mean exists.
//! Source: IAM User Guide, "AWS JSON policy elements: Principal", notes on unique ids.

use super::{Account, Role, ServerFact, TEST_ACCOUNTS, User, named};
use crate::{Answer, Caller, Principal};
use base::{AccountId, Arn};
use catalog::Tx;
use rules::iam::Whom;
use std::borrow::Cow;

/// The stored form of a principal as a caller names it. Accounts, root ARNs, federated users, services and `*` are stored as they
/// are. `None`: there is no such account, user or role, or it is not a principal's ARN at all.
pub fn stored(tx: &mut Tx, name: &str) -> Answer<Option<String>> {
    if let Ok(account) = AccountId::parse(name) {
        return Ok(has_account(tx, &account)?.then(|| name.to_owned()));
    }
    let Ok(arn) = Arn::parse(name) else {
        return Ok((name == "*" || name.ends_with(".amazonaws.com")).then(|| name.to_owned()));
    };
    let Ok(account) = AccountId::parse(&arn.account) else { return Ok(None) };
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    let last = rest.rsplit('/').next().unwrap_or_default();
    match (arn.service.as_str(), kind) {
        ("iam", "root") if rest.is_empty() => Ok(has_account(tx, &account)?.then(|| name.to_owned())),
        ("iam", "user") => {
            let user = tx.get::<User>(&named(&account, last))?.filter(|user| user.arn() == name);
            Ok(user.map(|user| user.id))
        }
        // A host's role exists only as an identity: it has no row.
        ("iam", "role") if rest == INFRASTRUCTURE => Ok(Some(name.to_owned())),
        ("iam", "role") => {
            let role = tx.get::<Role>(&named(&account, last))?.filter(|role| role.arn() == name);
            Ok(role.map(|role| role.id))
        }
        ("sts", "assumed-role") => match rest.split_once('/') {
            Some((INFRASTRUCTURE, _)) => Ok(Some(name.to_owned())),
            Some((role, session)) => {
                let role = tx.get::<Role>(&named(&account, role))?.filter(|found| found.name == role);
                Ok(role.map(|role| format!("{}:{session}", role.id)))
            }
            None => Ok(None),
        },
        ("sts", "federated-user") => Ok(has_account(tx, &account)?.then(|| name.to_owned())),
        _ => Ok(None),
    }
}

/// The role of the hosts' sessions.
const INFRASTRUCTURE: &str = "aws:ec2-infrastructure";

/// What to show for a stored principal: the ARN if who it means exists, else the id.
pub fn shown(tx: &mut Tx, stored: &str) -> Answer<String> {
    let arn = if stored.starts_with("AIDA") {
        tx.scan_index::<User>("id", stored, None, 1)?.first().map(User::arn)
    } else if let Some((id, session)) = stored.split_once(':').filter(|(id, _)| id.starts_with("AROA")) {
        let found = tx.scan_index::<Role>("id", id, None, 1)?;
        found
            .first()
            .map(|role| format!("arn:aws:sts::{}:assumed-role/{}/{session}", role.account, role.name))
    } else if stored.starts_with("AROA") {
        tx.scan_index::<Role>("id", stored, None, 1)?.first().map(Role::arn)
    } else {
        None
    };
    Ok(arn.unwrap_or_else(|| stored.to_owned()))
}

/// A document as it is stored; `Err` is the first principal that does not exist. What is no JSON is left as it is.
pub fn stored_document(tx: &mut Tx, text: &str) -> Answer<Result<String, String>> {
    let mut missing = None;
    let text = rewritten(text, |name| {
        let found = stored(tx, name)?;
        if found.is_none() {
            missing.get_or_insert_with(|| name.to_owned());
        }
        Ok(found)
    })?;
    Ok(missing.map_or(Ok(text), Err))
}

/// A stored document as it is shown.
pub fn shown_document(tx: &mut Tx, text: &str) -> Answer<String> {
    rewritten(text, |name| Ok(Some(shown(tx, name)?)))
}

/// A stored document for a decision about one caller: principals that mean the caller or its role stand there as ARNs, other ids
/// as ARNs that nobody has.
pub fn document_for<'t>(caller: &Caller, text: &'t str) -> Cow<'t, str> {
    // Most policies name no user or role: nothing to rewrite, nothing to read.
    if !text.contains("\"AIDA") && !text.contains("\"AROA") {
        return Cow::Borrowed(text);
    }
    let own = Names::of(caller);
    let arn_of = |name: &str| {
        Ok(if !is_unique_id(name) {
            None
        } else if name == own.itself {
            Some(caller.arn())
        } else if own.issuer.as_deref() == Some(name) {
            caller.issuer_arn()
        } else {
            // No name in IAM has a `#`.
            Some(format!("arn:aws:iam::000000000000:user/#{name}"))
        })
    };
    rewritten(text, arn_of).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `AIDA…`, `AROA…` or `AROA…:session`.
pub fn is_unique_id(stored: &str) -> bool {
    stored.starts_with("AIDA") || stored.starts_with("AROA")
}

/// The stored names that mean a caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// the root, the user, the session, the federated user, the service
    pub itself: String,
    /// of a session its role, of a federated user its user
    pub issuer: Option<String>,
    /// the caller's account, whose IAM policies then decide; a root is that itself, a service belongs to none
    pub account: Option<String>,
}

impl Names {
    /// What `stored` gives for the names of this caller.
    pub fn of(caller: &Caller) -> Names {
        let root = caller.account.root_arn();
        let (itself, issuer, account) = match &caller.principal {
            Principal::Root => (root, None, None),
            Principal::User { id, .. } => (id.clone(), None, Some(root)),
            Principal::Role { id, session, .. } => (format!("{id}:{session}"), Some(id.clone()), Some(root)),
            Principal::FederatedUser { by, .. } => match &**by {
                Principal::User { id, .. } => (caller.arn(), Some(id.clone()), Some(root)),
                _ => (caller.arn(), Some(root), None),
            },
            Principal::InstanceInfrastructure { .. } => (caller.arn(), caller.issuer_arn(), Some(root)),
            Principal::Service { name } => (name.clone(), None, None),
        };
        Names { itself, issuer, account }
    }

    /// All of them, the closest first, each with what it means.
    pub fn each(&self) -> impl Iterator<Item = (Whom, &str)> {
        let names = [
            (Whom::Itself, Some(&self.itself)),
            (Whom::Issuer, self.issuer.as_ref()),
            (Whom::Account, self.account.as_ref()),
        ];
        names.into_iter().filter_map(|(whom, name)| Some((whom, name?.as_str())))
    }
}

fn has_account(tx: &mut Tx, account: &AccountId) -> Answer<bool> {
    Ok(tx.get::<Account>(account.as_str())?.is_some() || tx.get::<ServerFact>(TEST_ACCOUNTS)?.is_some())
}

/// The text with each AWS principal of its statements put through `rename` (`None` leaves it). Nothing else of the text changes,
/// not its spaces either: principals are found by their place, so that the same ARN in a condition stays what it is.
fn rewritten(text: &str, mut rename: impl FnMut(&str) -> Answer<Option<String>>) -> Answer<String> {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (start, end) in principal_strings(text) {
        let Ok(name) = serde_json::from_str::<String>(&text[start..end]) else { continue };
        if let Some(new) = rename(&name)?.filter(|new| *new != name) {
            out.push_str(&text[copied..start]);
            out.push_str(&serde_json::Value::from(new).to_string());
            copied = end;
        }
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

/// Where the strings below `Statement`, `Principal` or `NotPrincipal`, `AWS` stand, quotes included.
fn principal_strings(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // The members that lead here; arrays add none.
    let mut path: Vec<Option<String>> = Vec::new();
    let mut key: Option<String> = None;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => path.push(key.take()),
            b'}' | b']' => {
                path.pop();
                key = None;
            }
            b',' => key = None,
            b'"' => {
                let end = string_end(bytes, at);
                if bytes[end..].iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':') {
                    key = serde_json::from_str(&text[at..end]).ok();
                } else {
                    let members: Vec<&str> =
                        path.iter().flatten().map(String::as_str).chain(key.as_deref()).collect();
                    if matches!(members[..], ["Statement", "Principal" | "NotPrincipal", "AWS"]) {
                        found.push((at, end));
                    }
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The place after the closing quote of the string that starts at `start`.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
#[path = "principals_tests.rs"]
mod tests;
