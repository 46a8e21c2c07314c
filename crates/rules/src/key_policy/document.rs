//! From the text of a policy document to statements. Strict: what is not understood is refused, because a misspelt `Condition`
//! that is passed over gives away a key. A member that stands twice is refused for the same reason.

use super::condition::Condition;
use super::{Actions, Effect, Principals, Statement};
use base::{AccountId, Arn};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeOwned, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;

/// Why a text is no key policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub String);

/// The document's members. `Version` decides about policy variables only, which are not evaluated anyway.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: Option<OneOrMany<Written>>,
}

/// A statement as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Written {
    sid: Option<String>,
    effect: Option<String>,
    principal: Option<Who>,
    not_principal: Option<Who>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<Pairs<Pairs<OneOrMany<Scalar>>>>,
}

/// Reads the statements of a policy document.
pub(super) fn read(text: &str) -> Result<Vec<Statement>, Malformed> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        if error.is_data() {
            Malformed(format!("The policy is not a key policy: {error}."))
        } else {
            Malformed("The policy is not valid JSON.".to_owned())
        }
    })?;
    if document.version.as_deref().is_some_and(|v| !["2012-10-17", "2008-10-17"].contains(&v)) {
        return Err(malformed("The policy has an unknown version."));
    }
    let written = document.statement.map(|statements| statements.0).unwrap_or_default();
    if written.is_empty() {
        return Err(malformed("The policy has no statements."));
    }
    written.into_iter().enumerate().map(|(at, written)| statement(at + 1, written)).collect()
}

fn statement(place: usize, written: Written) -> Result<Statement, Malformed> {
    let effect = match written.effect.as_deref() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(malformed("A statement of the policy has no effect.")),
    };
    let mut not_evaluated = None;
    let (principals, other_principals) = match (written.principal, written.not_principal) {
        (Some(who), None) => principals(who)?,
        (None, Some(who)) => {
            principals(who)?;
            not_evaluated = Some("NotPrincipal".to_owned());
            (Principals::Everybody, None)
        }
        _ => return Err(malformed("A statement of the policy must have one of Principal and NotPrincipal.")),
    };
    let actions = match (written.action, written.not_action) {
        (Some(actions), None) => Actions::These(lower(&actions)?),
        (None, Some(actions)) => Actions::AllBut(lower(&actions)?),
        (None, None) => return Err(malformed("A statement of the policy has no action.")),
        _ => return Err(malformed("A statement of the policy has both Action and NotAction.")),
    };
    let mut resources = match (written.resource, written.not_resource) {
        (Some(patterns), None) => filled(patterns.0)?,
        // A key policy is about its key and nothing else, said or not.
        (None, None) => vec!["*".to_owned()],
        (None, Some(_)) => {
            not_evaluated = Some("NotResource".to_owned());
            vec!["*".to_owned()]
        }
        _ => return Err(malformed("A statement of the policy has both Resource and NotResource.")),
    };
    if resources.iter().any(|pattern| pattern.contains("${")) {
        not_evaluated = Some("the policy variable in Resource".to_owned());
        resources = vec!["*".to_owned()];
    }
    let mut conditions = Vec::new();
    for (operator, keys) in written.condition.map(|pairs| pairs.0).unwrap_or_default() {
        for (key, values) in keys.0 {
            let values = filled(values.0)?.into_iter().map(|value| value.0).collect();
            match Condition::read(&operator, &key, values) {
                Ok(condition) => conditions.push(condition),
                Err(what) => not_evaluated = Some(what),
            }
        }
    }
    let label = match written.sid.filter(|sid| !sid.is_empty()) {
        Some(sid) => format!("statement {sid:?}"),
        None => format!("statement {place}"),
    };
    Ok(Statement {
        label,
        effect,
        principals,
        actions,
        resources,
        conditions,
        other_principals,
        not_evaluated,
    })
}

/// The principals that are evaluated, and one of those that are not.
fn principals(who: Who) -> Result<(Principals, Option<String>), Malformed> {
    let kinds = match who {
        Who::Everybody => return Ok((Principals::Everybody, None)),
        Who::Kinds(kinds) => filled(kinds.0)?,
    };
    let (mut accounts, mut other) = (Vec::new(), None);
    let mut everybody = false;
    for (kind, names) in kinds {
        for name in filled(names.0)? {
            match (kind.as_str(), principal(&name)) {
                ("AWS", Some(One::Everybody)) => everybody = true,
                ("AWS", Some(One::Account(account))) => accounts.push(account),
                ("AWS", Some(One::Identity)) => other = Some(format!("the principal {name}")),
                ("Service" | "Federated" | "CanonicalUser", _) => {
                    other = Some(format!("the principal {name}"));
                }
                _ => {
                    return Err(malformed(
                        "Policy contains a statement with one or more invalid principals.",
                    ));
                }
            }
        }
    }
    // Who is among everybody need not be looked at.
    Ok(if everybody { (Principals::Everybody, None) } else { (Principals::Accounts(accounts), other) })
}

enum One {
    Everybody,
    Account(AccountId),
    /// a user, role or session
    Identity,
}

fn principal(name: &str) -> Option<One> {
    if name == "*" {
        return Some(One::Everybody);
    }
    if let Ok(account) = AccountId::parse(name) {
        return Some(One::Account(account));
    }
    let arn = Arn::parse(name).ok()?;
    let account = AccountId::parse(&arn.account).ok()?;
    if arn.partition != base::PARTITION || !arn.region.is_empty() || name.contains(['*', '?']) {
        return None;
    }
    let (kind, rest) = arn.resource.split_once('/').unwrap_or((&arn.resource, ""));
    match (arn.service.as_str(), kind, rest.is_empty()) {
        ("iam", "root", true) if arn.resource == "root" => Some(One::Account(account)),
        ("iam", "user" | "role", false) | ("sts", "assumed-role" | "federated-user", false) => {
            Some(One::Identity)
        }
        _ => None,
    }
}

fn lower(actions: &OneOrMany<String>) -> Result<Vec<String>, Malformed> {
    filled(actions.0.iter().map(|action| action.to_ascii_lowercase()).collect())
}

/// Refuses empty lists: whoever writes one means something that it does not say.
fn filled<T>(list: Vec<T>) -> Result<Vec<T>, Malformed> {
    if list.is_empty() { Err(malformed("The policy has an empty list.")) } else { Ok(list) }
}

fn malformed(message: &str) -> Malformed {
    Malformed(message.to_owned())
}

/// `"*"`, or kinds of principals with names.
enum Who {
    Everybody,
    Kinds(Pairs<OneOrMany<String>>),
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Who;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"*\" or an object of principals")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Who, E> {
                if text == "*" { Ok(Who::Everybody) } else { Err(E::custom("a principal without its kind")) }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Who, A::Error> {
                Pairs::deserialize(MapAccessDeserializer::new(map)).map(Who::Kinds)
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// One, or a list of them. (serde's untagged enums would do, but say nothing of what is wrong.)
struct OneOrMany<T>(Vec<T>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Visit<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("one or a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(OneOrMany)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(one)
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(text.into_deserializer()).map(one)
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(one)
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                T::deserialize(value.into_deserializer()).map(one)
            }
        }
        deserializer.deserialize_any(Visit(PhantomData))
    }
}

fn one<T>(value: T) -> OneOrMany<T> {
    OneOrMany(vec![value])
}

/// A value of a condition: text, or what JSON writes without quotation marks.
struct Scalar(String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl Visitor<'_> for Visit {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a text, a number or a truth value")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
                Ok(Scalar(text.to_owned()))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Scalar, E> {
                Ok(Scalar(value.to_string()))
            }
        }
        deserializer.deserialize_any(Visit)
    }
}

/// The members of an object in their order, also those that stand twice.
struct Pairs<T>(Vec<(String, T)>);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Visit<T> {
            type Value = Pairs<T>;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Visit(PhantomData))
    }
}
