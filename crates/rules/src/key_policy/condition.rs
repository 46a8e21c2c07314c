//! Conditions of key-policy statements: those that policies for sharing encrypted snapshots use.
//!
//! | operator | keys |
//! |---|---|
//! | `StringEquals`, `StringLike` (and `…IfExists`) | `kms:ViaService`, `kms:CallerAccount`, `kms:EncryptionContext:aws:ebs:id` |
//! | `Bool` (and `…IfExists`) | `kms:GrantIsForAWSResource` |
//!
//! All conditions of a statement must hold; of a condition's values one must fit. A key that the call does not have makes the
//! condition false, with `IfExists` true. Names of keys are compared without case, values with it.
//! Sources: KMS Developer Guide, "AWS KMS condition keys"; IAM User Guide, "Condition operators".

use super::pattern::matches;
use super::{Effect, KeyUse};
use std::fmt;

/// The prefix of the names of an encryption context's pairs, and the one name that EBS uses.
const CONTEXT_PREFIX: &str = "kms:encryptioncontext:";
const EBS_ID: &str = "aws:ebs:id";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    StringEquals,
    StringLike,
    Bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    ViaService,
    CallerAccount,
    GrantIsForAwsResource,
    EbsId,
}

/// One condition that is evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    operator: Operator,
    if_exists: bool,
    key: Key,
    values: Vec<String>,
    /// As the document writes it, for reasons: `StringEquals kms:ViaService`.
    shown: String,
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Condition {
    /// A condition, or what of it is not evaluated yet.
    pub fn read(operator: &str, key: &str, values: Vec<String>) -> Result<Condition, String> {
        let shown = format!("{operator} {key}");
        let unknown = || format!("the condition {shown}");
        let (name, if_exists) = match operator.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (operator, false),
        };
        let operator = match name {
            "StringEquals" => Operator::StringEquals,
            "StringLike" => Operator::StringLike,
            "Bool" => Operator::Bool,
            _ => return Err(unknown()),
        };
        let key = match (operator, key.to_ascii_lowercase().as_str()) {
            (Operator::Bool, "kms:grantisforawsresource") => Key::GrantIsForAwsResource,
            (Operator::Bool, _) => return Err(unknown()),
            (_, "kms:viaservice") => Key::ViaService,
            (_, "kms:calleraccount") => Key::CallerAccount,
            (_, key) if key.strip_prefix(CONTEXT_PREFIX) == Some(EBS_ID) => Key::EbsId,
            _ => return Err(unknown()),
        };
        if values.iter().any(|value| value.contains("${")) {
            return Err(format!("the policy variable in the condition {shown}"));
        }
        Ok(Condition { operator, if_exists, key, values, shown })
    }

    /// Whether it holds. A call may have a key twice only as two spellings of one name of an encryption context: then an Allow
    /// wants both to fit, and a Deny is content with one.
    pub fn holds(&self, asked: &KeyUse, effect: Effect) -> bool {
        let there = self.key.values(asked);
        let fits = |there: &String| self.values.iter().any(|wanted| self.fits(wanted, there));
        match (there.is_empty(), effect) {
            (true, _) => self.if_exists,
            (false, Effect::Allow) => there.iter().all(fits),
            (false, Effect::Deny) => there.iter().any(fits),
        }
    }

    fn fits(&self, wanted: &str, there: &str) -> bool {
        match self.operator {
            Operator::StringEquals => wanted == there,
            Operator::StringLike => matches(wanted, there),
            Operator::Bool => wanted.eq_ignore_ascii_case(there),
        }
    }
}

impl Key {
    /// What the call has under this key.
    fn values(self, asked: &KeyUse) -> Vec<String> {
        let one = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
        match self {
            Key::ViaService => one(asked.via_service),
            Key::CallerAccount => one(Some(asked.caller_account.as_str())),
            // Calls that a service forwards are made for its resources: a volume, a snapshot.
            Key::GrantIsForAwsResource => match asked.operation {
                "CreateGrant" | "ListGrants" | "RevokeGrant" => {
                    one(Some(if asked.via_service.is_some() { "true" } else { "false" }))
                }
                _ => Vec::new(),
            },
            Key::EbsId => {
                let pairs = asked.context.into_iter().flatten();
                pairs.filter(|(name, _)| name.eq_ignore_ascii_case(EBS_ID)).map(|(_, v)| v.clone()).collect()
            }
        }
    }
}
