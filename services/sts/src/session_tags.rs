//! Session tags: attributes of a session that policies see as `aws:PrincipalTag/…`, over those of the role or user. Transitive
//! ones go on to the next role and cannot be changed there.
//! Source: IAM User Guide, "Pass session tags in AWS STS", "Chaining roles with session tags".

use crate::validate::length;
use base::{Refusal, Tag};
use rules::iam::Context;
use wire::generated::sts;

const TAGS_MAX: usize = 50;

/// The tags of a new session.
#[derive(Clone, Debug, Default)]
pub struct SessionTags {
    /// inherited and passed
    pub all: Vec<Tag>,
    /// keys that go on
    pub transitive: Vec<String>,
}

/// The tags of a request.
pub fn of(tags: Option<&Vec<sts::Tag>>) -> Vec<Tag> {
    let plain = |tag: &sts::Tag| Tag {
        key: tag.key.clone().unwrap_or_default(),
        value: tag.value.clone().unwrap_or_default(),
    };
    tags.into_iter().flatten().map(plain).collect()
}

/// What needs no state: count, form, duplicates, transitive keys that are no tags.
pub fn check(tags: &[Tag], transitive: &[String]) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        let message = format!(
            "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or \
             equal to {TAGS_MAX}"
        );
        return Err(Refusal::new("ValidationError", message));
    }
    for (n, tag) in tags.iter().enumerate() {
        let member = format!("tags.{}.member", n + 1);
        length(&format!("{member}.key"), &tag.key, 1, 128)?;
        length(&format!("{member}.value"), &tag.value, 0, 256)?;
        for (part, text) in [("key", &tag.key), ("value", &tag.value)] {
            if !text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c)) {
                let must = "satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*";
                return Err(crate::validate::constraint(&format!("{member}.{part}"), text, must));
            }
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys with the prefix aws: are reserved for AWS use."));
        }
        if tags[..n].iter().any(|other| same(&other.key, &tag.key)) {
            return Err(invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
    }
    if let Some(missing) = transitive.iter().find(|key| !tags.iter().any(|tag| same(&tag.key, key))) {
        let refusal = invalid("The specified transitive tag key must be included in the requested tags.");
        return Err(
            refusal.because(format!("{missing:?} is transitive but not among the tags of the request"))
        );
    }
    Ok(())
}

/// Adds the request's tags to those that the calling session hands on.
pub fn join(
    from: Option<&api::Session>,
    tags: &[Tag],
    transitive: &[String],
) -> Result<SessionTags, Refusal> {
    let mut joined = SessionTags::default();
    if let Some(session) = from {
        let goes_on = |tag: &&Tag| session.transitive_tags.iter().any(|key| same(key, &tag.key));
        joined.all = session.tags.iter().filter(goes_on).cloned().collect();
        joined.transitive.clone_from(&session.transitive_tags);
    }
    for tag in tags {
        if joined.all.iter().any(|inherited| same(&inherited.key, &tag.key)) {
            let refusal = invalid(
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from \
                 the calling session.",
            );
            return Err(refusal.because(format!("the calling session hands on the tag {:?}", tag.key)));
        }
        joined.all.push(tag.clone());
    }
    joined.transitive.extend(transitive.iter().cloned());
    Ok(joined)
}

/// What policies may ask about the tags of a request.
pub fn keys(keys: &mut Context, tags: &[Tag], transitive: &[String]) {
    for tag in tags {
        keys.set(&format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    if !tags.is_empty() {
        keys.set_all("aws:TagKeys", tags.iter().map(|tag| tag.key.clone()));
    }
    if !transitive.is_empty() {
        keys.set_all("sts:TransitiveTagKeys", transitive.iter().cloned());
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn invalid(message: &str) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}
