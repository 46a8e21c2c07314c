//! Tags of accounts' organization nodes and policies: `Tag` of the wire to `base::Tag`, and their limits.

use crate::refusals;
use base::{Refusal, Tag};
use wire::generated::organizations as out;

const TAGS_MAX: usize = 50;

/// Reads a request's tags.
pub fn read(given: Option<Vec<out::Tag>>) -> Result<Vec<Tag>, Refusal> {
    let mut tags: Vec<Tag> = Vec::new();
    for tag in given.unwrap_or_default() {
        let (key, value) = (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(refusals::invalid(
                "INVALID_SYSTEM_TAGS_PARAMETER",
                "You specified a tag key that is a system tag.",
            ));
        }
        if tags.iter().any(|t| t.key == key) {
            return Err(refusals::invalid(
                "DUPLICATE_TAG_KEY",
                "Tag keys must be unique among the tags attached to the same entity.",
            ));
        }
        tags.push(Tag { key, value });
    }
    count(&tags)?;
    Ok(tags)
}

/// `existing` with `new` over it.
pub fn merged(existing: &[Tag], new: Vec<Tag>) -> Result<Vec<Tag>, Refusal> {
    let kept = existing.iter().filter(|t| new.iter().all(|n| n.key != t.key)).cloned();
    let mut tags: Vec<Tag> = kept.collect();
    tags.extend(new);
    tags.sort();
    count(&tags)?;
    Ok(tags)
}

fn count(tags: &[Tag]) -> Result<(), Refusal> {
    if tags.len() > TAGS_MAX {
        return Err(refusals::constraint(
            "MAX_TAG_LIMIT_EXCEEDED",
            "You have exceeded the number of tags allowed.",
        ));
    }
    Ok(())
}

pub fn shape(tags: &[Tag]) -> Vec<out::Tag> {
    let one = |tag: &Tag| out::Tag { key: Some(tag.key.clone()), value: Some(tag.value.clone()) };
    tags.iter().map(one).collect()
}
