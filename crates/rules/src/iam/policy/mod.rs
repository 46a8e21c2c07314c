//! A policy document that has been read, and what it says to a request.

mod document;
mod elements;
mod json;
mod principals;
mod statement;
mod wrong;

pub use json::Position;
pub use principals::PrincipalName;

use super::{Asker, Context, Effect};
use statement::{Failed, Statement};
use std::collections::BTreeMap;

/// Near misses that a reason names: enough to find the mistake, short enough to read.
pub(super) const NEAR_MISSES_MAX: usize = 3;

/// What kind of document a text is to be: the kinds differ in which elements they must and must not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PolicyType {
    /// managed or inline policy of a user, group or role; also permission boundaries and session policies
    Identity,
    /// who may assume a role
    Trust,
    /// key policy
    Key,
    /// service control policy of an organisation
    Control,
}

/// The version of the policy language, not of the document. Without a `Version` it is the older one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `${…}` is plain text
    V2008,
    V2012,
}

/// A policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    kind: PolicyType,
    version: Version,
    statements: Vec<Statement>,
}

/// Why a text is no policy of its kind: AWS's message, and in our words what is wrong and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String, pub String);

/// What one document says to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// this statement denies it
    Denied(String),
    /// this statement allows it, to these
    Allowed(String, Whom),
    /// no statement does; what came near, and on what it failed
    Silent(String),
}

/// By which of its names a statement's `Principal` means the asker. What is allowed to the account goes through that account's own
/// IAM policies; what is allowed to the asker itself does not need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// the account, its root ARN
    Account,
    /// the role of the asker's session
    Issuer,
    /// the user, session, service or federated user itself, or the root when root asks; `*` too
    Itself,
    /// the document has no principals
    Unsaid,
}

/// A statement that speaks of a request, and where in the document it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// `statement "Sid"` or `statement 2`
    pub statement: String,
    pub sid: Option<String>,
    pub effect: Effect,
    /// of its opening brace
    pub start: Position,
    /// after its closing brace
    pub end: Position,
}

/// A request as statements see it.
pub(super) struct Asked<'a> {
    pub asker: &'a Asker<'a>,
    pub action_lower: String,
    pub resource: &'a str,
    pub context: &'a Context,
}

impl<'a> Asked<'a> {
    pub fn new(asker: &'a Asker<'a>, action: &str, resource: &'a str, context: &'a Context) -> Asked<'a> {
        Asked { asker, action_lower: action.to_ascii_lowercase(), resource, context }
    }
}

/// A verdict without its words, which are costly.
pub(super) enum Finding<'a> {
    Denied(&'a str),
    Allowed(&'a str, Whom),
    Silent,
}

impl Policy {
    /// What the document says to a request. Deny wins over Allow; of several Allows the one that names the asker most closely counts.
    pub fn ask(&self, asker: &Asker, action: &str, resource: &str, context: &Context) -> Verdict {
        let asked = Asked::new(asker, action, resource, context);
        match self.find(&asked) {
            Finding::Denied(label) => Verdict::Denied(label.to_owned()),
            Finding::Allowed(label, whom) => Verdict::Allowed(label.to_owned(), whom),
            Finding::Silent => Verdict::Silent(self.why_silent(&asked)),
        }
    }

    /// Reads a document.
    pub fn parse(text: &str, kind: PolicyType) -> Result<Policy, Malformed> {
        match document::read(text, kind) {
            Ok((version, statements)) => Ok(Policy { kind, version, statements }),
            Err(wrong) => Err(wrong.malformed(kind)),
        }
    }

    /// The version of its language. IAM takes no new policy of the older one; Sealvol reads those that it has.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Refuses a document of the older version, as IAM does for every new or changed policy of a user, group or role.
    pub fn of_current_version(self) -> Result<Policy, Malformed> {
        match self.version {
            Version::V2012 => Ok(self),
            Version::V2008 => Err(Malformed(
                "Policy document must be version 2012-10-17 or greater.".to_owned(),
                "its Version is missing or 2008-10-17".to_owned(),
            )),
        }
    }

    /// Every statement that speaks of the request, in the document's order: what a simulation lists.
    pub fn matching(&self, asker: &Asker, action: &str, resource: &str, context: &Context) -> Vec<Matched> {
        let asked = Asked::new(asker, action, resource, context);
        let matching = self.statements.iter().filter(|statement| statement.means(&asked).is_some());
        matching
            .map(|statement| Matched {
                statement: statement.label.clone(),
                sid: statement.sid.clone(),
                effect: statement.effect,
                start: statement.start,
                end: statement.end,
            })
            .collect()
    }

    /// Everybody whom a `Principal` or `NotPrincipal` names, each once: those who must exist when the document is given.
    pub fn principals(&self) -> Vec<PrincipalName> {
        let elements = self.statements.iter().filter_map(|statement| statement.principals.as_ref());
        let mut names: Vec<PrincipalName> = elements.flat_map(|element| element.names.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Every condition key that a condition or a variable names, each once in whatever case, as the document first writes it.
    pub fn condition_keys(&self) -> Vec<String> {
        let mut keys = BTreeMap::new();
        for key in self.statements.iter().flat_map(Statement::keys) {
            keys.entry(key.to_ascii_lowercase()).or_insert_with(|| key.to_owned());
        }
        keys.into_values().collect()
    }

    /// The condition keys that the document names and the request does not have: a simulation's missing context values.
    pub fn missing_keys(&self, context: &Context) -> Vec<String> {
        let mut keys = self.condition_keys();
        keys.retain(|key| context.values(key).is_empty());
        keys
    }

    pub(super) fn find(&self, asked: &Asked) -> Finding<'_> {
        let mut allowed: Option<(&Statement, Whom)> = None;
        for statement in &self.statements {
            let Some(whom) = statement.means(asked) else { continue };
            match statement.effect {
                Effect::Deny => return Finding::Denied(&statement.label),
                Effect::Allow if allowed.is_none_or(|(_, before)| before < whom) => {
                    allowed = Some((statement, whom));
                }
                Effect::Allow => {}
            }
        }
        allowed.map_or(Finding::Silent, |(statement, whom)| Finding::Allowed(&statement.label, whom))
    }

    /// The Allows that came nearest: label, and on what each failed.
    pub(super) fn near_misses(&self, asked: &Asked) -> Vec<(Failed, &str, String)> {
        let misses = self.statements.iter();
        let mut misses: Vec<_> =
            misses.filter_map(|one| one.near_miss(asked).map(|failed| (failed, one))).collect();
        misses.sort_by_key(|(failed, _)| std::cmp::Reverse(*failed));
        misses.truncate(NEAR_MISSES_MAX);
        misses.into_iter().map(|(failed, one)| (failed, one.label.as_str(), one.why(failed, asked))).collect()
    }

    fn why_silent(&self, asked: &Asked) -> String {
        let policy = match self.kind {
            PolicyType::Key => "the key policy",
            PolicyType::Trust => "the trust policy",
            PolicyType::Identity | PolicyType::Control => "the policy",
        };
        let none = match self.statements.len() {
            1 => format!("the one statement of {policy} does not allow it"),
            n => format!("none of the {n} statements of {policy} allows it"),
        };
        let near =
            self.near_misses(asked).into_iter().map(|(_, label, why)| format!("{label} would, but {why}"));
        std::iter::once(none).chain(near).collect::<Vec<_>>().join("; ")
    }
}
