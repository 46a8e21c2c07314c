//! `Principal` and `NotPrincipal`: whom a statement is about.
//!
//! ```text
//!   "*", {"AWS": "*"}                                   everybody
//!   {"AWS": "111122223333"}, {"AWS": "arn:…:root"}      the account
//!   {"AWS": "arn:…:user/…" | "arn:…:role/…"}            the user; every session of the role
//!   {"AWS": "arn:aws:sts::…:assumed-role/ROLE/NAME"}    the session;  federated-user/NAME likewise
//!   {"Service": "ec2.amazonaws.com"}                    the service
//!   {"Federated": …}                                    an identity provider; nobody here is one
//!   {"AWS": "AIDA…" | "AROA…"}                          nobody: the unique id of somebody who was deleted
//! ```
//! Source: IAM User Guide, "AWS JSON policy elements: Principal", "NotPrincipal".

use super::Whom;
use super::json::{Node, Value};
use super::wrong::Wrong;
use crate::iam::{Asker, AskerKind};
use base::{AccountId, Arn};

/// One name in a `Principal`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalName {
    Everybody,
    /// twelve digits
    Account(String),
    /// of a user, role, assumed-role session or federated user
    Arn(String),
    /// `ec2.amazonaws.com`
    Service(String),
    /// an identity provider
    Federated(String),
    /// unique id of a user, a role or a role's session (`AIDA…`, `AROA…`, `AROA…:name`), by which documents are stored: means nobody
    /// until it is exchanged for an ARN, so what a deleted user had goes to no namesake
    Id(String),
}

/// The whole element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principals {
    /// `NotPrincipal`
    pub but: bool,
    pub names: Vec<PrincipalName>,
}

impl Principals {
    pub fn read(node: &Node, but: bool) -> Result<Principals, Wrong> {
        let kinds = match &node.value {
            Value::Text(text) if text == "*" => {
                return Ok(Principals { but, names: vec![PrincipalName::Everybody] });
            }
            Value::Text(_) => return Err(Wrong::PrincipalText),
            Value::Object(kinds) if !kinds.is_empty() => kinds,
            Value::Object(_) => return Err(Wrong::EmptyPrincipal),
            _ => return Err(Wrong::Shape("a Principal is neither \"*\" nor an object".to_owned())),
        };
        let mut names = Vec::new();
        for (kind, node) in kinds {
            let listed = super::document::texts(node, kind)?;
            if listed.is_empty() {
                return Err(Wrong::EmptyPrincipal);
            }
            for name in listed {
                names.push(one(kind, &name).ok_or_else(|| Wrong::Principal(kind.clone(), name))?);
            }
        }
        Ok(Principals { but, names })
    }

    /// By which of its names the element means the asker, if at all.
    pub fn mean(&self, asker: &Asker) -> Option<Whom> {
        let named = || self.names.iter().filter_map(|name| means(name, asker));
        if !self.but {
            return named().max();
        }
        // `NotPrincipal` stands in Deny statements only. It spares those alone whose every name is listed: the account, the role (or
        // the federated user's user) if there is one, and themselves.
        let everybody = self.names.contains(&PrincipalName::Everybody);
        let itself = named().any(|whom| whom == Whom::Itself);
        let account =
            matches!(asker.kind, AskerKind::Service | AskerKind::Root) || named().any(|w| w == Whom::Account);
        let issuer = asker.issuer_arn.is_none() || named().any(|whom| whom == Whom::Issuer);
        let spared = everybody || (itself && account && issuer);
        (!spared).then_some(Whom::Itself)
    }
}

fn means(name: &PrincipalName, asker: &Asker) -> Option<Whom> {
    let service = asker.kind == AskerKind::Service;
    match name {
        PrincipalName::Everybody => Some(Whom::Itself),
        PrincipalName::Account(account) if !service && account == asker.account => Some(match asker.kind {
            AskerKind::Root => Whom::Itself,
            AskerKind::FederatedUser if asker.is_of_root() => Whom::Issuer,
            _ => Whom::Account,
        }),
        PrincipalName::Arn(arn) if !service && arn == asker.arn => Some(Whom::Itself),
        PrincipalName::Arn(arn) if asker.issuer_arn == Some(arn.as_str()) => Some(Whom::Issuer),
        PrincipalName::Service(name) if service && name == asker.arn => Some(Whom::Itself),
        _ => None,
    }
}

fn one(kind: &str, name: &str) -> Option<PrincipalName> {
    match kind {
        "AWS" => aws(name),
        "Service" => {
            let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            (name.contains('.') && name.chars().all(host)).then(|| PrincipalName::Service(name.to_owned()))
        }
        "Federated" => {
            let plain = !name.is_empty() && !name.contains(['*', '?']);
            plain.then(|| PrincipalName::Federated(name.to_owned()))
        }
        // Canonical users belong to S3 alone.
        _ => None,
    }
}

fn aws(name: &str) -> Option<PrincipalName> {
    if name == "*" {
        return Some(PrincipalName::Everybody);
    }
    if let Ok(account) = AccountId::parse(name) {
        return Some(PrincipalName::Account(account.to_string()));
    }
    if is_unique_id(name) {
        return Some(PrincipalName::Id(name.to_owned()));
    }
    let arn = Arn::parse(name).ok()?;
    let account = AccountId::parse(&arn.account).ok()?;
    // Wildcards in a principal would name people who do not exist yet.
    if arn.partition != base::PARTITION || !arn.region.is_empty() || name.contains(['*', '?']) {
        return None;
    }
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    let filled = !rest.is_empty() && !rest.ends_with('/');
    match (arn.service.as_str(), kind) {
        ("iam", "root") if arn.resource == "root" => Some(PrincipalName::Account(account.to_string())),
        ("iam", "user" | "role") | ("sts", "federated-user") if filled => {
            Some(PrincipalName::Arn(name.to_owned()))
        }
        ("sts", "assumed-role") if filled && rest.contains('/') => Some(PrincipalName::Arn(name.to_owned())),
        _ => None,
    }
}

fn is_unique_id(name: &str) -> bool {
    let (id, session) = name.split_once(':').unwrap_or((name, "-"));
    let user = id.starts_with("AIDA") && !name.contains(':');
    let fits = id.len() > 4 && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    fits && (user || (id.starts_with("AROA") && !session.is_empty() && !session.contains(['*', '?'])))
}
