//! Key policies: who may do what with a KMS key, as its document says. An explicit deny wins over everything; then an allow
//! counts; what no statement speaks of is not allowed.
//!
//! Callers are account roots for now. What needs identities or facts that do not exist yet is read, but never matches:
//!
//! | in a statement | Allow | Deny |
//! |---|---|---|
//! | principal `*`, an account, its root ARN | evaluated | evaluated |
//! | principal user, role, session, service | allows nobody | refused when the policy is given |
//! | `NotPrincipal`, `NotResource` | allows nobody | refused when the policy is given |
//! | the conditions of `condition.rs` | evaluated | evaluated |
//! | any other condition, policy variables (`${…}`) | allows nobody | refused when the policy is given |
//!
//! To overlook an Allow takes a right from somebody who will complain; to overlook a Deny gives one to somebody who will not.
//! A Deny that got here all the same denies whatever its evaluated parts match.
//!
//! Sources: KMS Developer Guide, "Key policies in AWS KMS"; IAM User Guide, "JSON policy element reference" and "Policy
//! evaluation logic".

mod condition;
mod document;
mod pattern;

pub use document::Malformed;

use crate::key_access::Context;
use base::{AccountId, Arn};
use condition::Condition;
use pattern::matches_any;

/// Near misses that a reason names: enough to find the mistake, short enough to read.
const NEAR_MISSES_MAX: usize = 3;

/// A key policy that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPolicy {
    statements: Vec<Statement>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// Whom a statement is about, as far as it is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Principals {
    Everybody,
    Accounts(Vec<AccountId>),
}

/// `Action` or `NotAction`: patterns in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Actions {
    These(Vec<String>),
    AllBut(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    /// Its `Sid`, or its place: `statement 2`.
    label: String,
    effect: Effect,
    principals: Principals,
    actions: Actions,
    /// Patterns of ARNs.
    resources: Vec<String>,
    conditions: Vec<Condition>,
    /// Some of its principals, which are not evaluated yet: `arn:aws:iam::111122223333:user/a`.
    other_principals: Option<String>,
    /// What makes the whole statement one that is not evaluated yet: `NotPrincipal`, a condition.
    not_evaluated: Option<String>,
}

/// One use of a key, as its policy sees it.
#[derive(Clone, Copy, Debug)]
pub struct KeyUse<'a> {
    /// The account whose root (or session) asks; `None` for an AWS service, which belongs to no account.
    pub account: Option<&'a AccountId>,
    /// `kms:CallerAccount`: for a service, the account that it works for.
    pub caller_account: &'a AccountId,
    pub key: &'a Arn,
    /// without `kms:`, for instance `ReEncryptFrom`
    pub operation: &'a str,
    /// `kms:ViaService`
    pub via_service: Option<&'a str>,
    /// `kms:EncryptionContext`; for CreateGrant that of the new grant's constraint
    pub context: Option<&'a Context>,
}

/// What a policy says of one use. Statements are named by their `Sid` or their place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed(String),
    /// by an explicit deny
    Denied(String),
    /// no statement speaks of it; says which came near
    Silent(String),
}

impl KeyPolicy {
    /// Reads a policy document.
    pub fn parse(text: &str) -> Result<KeyPolicy, Malformed> {
        document::read(text).map(|statements| KeyPolicy { statements })
    }

    /// The first Deny that would not be obeyed in full, in words; a policy with one must not be taken.
    pub fn would_not_obey(&self) -> Option<String> {
        let denials = self.statements.iter().filter(|s| s.effect == Effect::Deny);
        denials.filter_map(|s| s.ignored().map(|what| format!("{what} in the denying {}", s.label))).next()
    }

    /// Whether the policy allows this use. The order of its statements does not matter.
    pub fn decide(&self, asked: &KeyUse) -> Verdict {
        let of = |effect| self.statements.iter().filter(move |s| s.effect == effect);
        if let Some(statement) = of(Effect::Deny).find(|s| s.speaks_of(asked) && s.holds(asked)) {
            return Verdict::Denied(statement.label.clone());
        }
        let allows = |s: &&Statement| s.not_evaluated.is_none() && s.speaks_of(asked) && s.holds(asked);
        match of(Effect::Allow).find(allows) {
            Some(statement) => Verdict::Allowed(statement.label.clone()),
            None => Verdict::Silent(self.why_silent(asked)),
        }
    }

    fn why_silent(&self, asked: &KeyUse) -> String {
        let none = match self.statements.len() {
            1 => "the one statement of the key policy does not allow it".to_owned(),
            n => format!("none of the {n} statements of the key policy allows it"),
        };
        let allowing = self.statements.iter().filter(|s| s.effect == Effect::Allow);
        let near = allowing.filter_map(|s| s.near_miss(asked)).take(NEAR_MISSES_MAX);
        std::iter::once(none).chain(near).collect::<Vec<_>>().join("; ")
    }
}

impl Statement {
    /// Principal, action and resource fit.
    fn speaks_of(&self, asked: &KeyUse) -> bool {
        let principal = match &self.principals {
            Principals::Everybody => true,
            Principals::Accounts(named) => asked.account.is_some_and(|account| named.contains(account)),
        };
        principal && self.is_about(asked)
    }

    /// Action and resource fit.
    fn is_about(&self, asked: &KeyUse) -> bool {
        let action = format!("kms:{}", asked.operation).to_ascii_lowercase();
        let action = match &self.actions {
            Actions::These(patterns) => matches_any(patterns, &action),
            Actions::AllBut(patterns) => !matches_any(patterns, &action),
        };
        action && matches_any(&self.resources, &asked.key.to_string())
    }

    fn holds(&self, asked: &KeyUse) -> bool {
        self.conditions.iter().all(|condition| condition.holds(asked, self.effect))
    }

    /// What of it is not evaluated.
    fn ignored(&self) -> Option<&String> {
        self.not_evaluated.as_ref().or(self.other_principals.as_ref())
    }

    /// Why an Allow about this very action does not allow it.
    fn near_miss(&self, asked: &KeyUse) -> Option<String> {
        if !self.is_about(asked) {
            return None;
        }
        let label = &self.label;
        if let Some(what) = self.ignored() {
            return Some(format!("{label} is not evaluated yet because of {what}"));
        }
        let failed = self.conditions.iter().find(|condition| !condition.holds(asked, self.effect))?;
        self.speaks_of(asked).then(|| format!("{label} would, but its condition {failed} does not hold"))
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

#[cfg(test)]
#[path = "property_tests.rs"]
mod property_tests;
