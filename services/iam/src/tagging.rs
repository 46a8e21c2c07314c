//! Tags of users, roles, policies and instance profiles: 50 each; keys are compared without case, which only IAM does. Source: IAM
//! User Guide, "Tags for IAM resources", "Rules for tagging"; IAM API Reference, `Tag`.

use crate::names;
use base::{Refusal, Tag};
use wire::generated::iam;

const TAGS_MAX: usize = 50;
const KEY_MAX: usize = 128;
const VALUE_MAX: usize = 256;

/// The form of a request's tags; needs no state.
pub fn check(tags: Option<&[iam::Tag]>) -> Result<(), Refusal> {
    let tags = tags.unwrap_or_default();
    if tags.len() > TAGS_MAX {
        return Err(names::constraint(
            "tags",
            &format!("{} tags", tags.len()),
            format_args!("have length less than or equal to {TAGS_MAX}"),
        ));
    }
    for (i, tag) in read(tags).iter().enumerate() {
        let member = |name| format!("tags.{}.member.{name}", i + 1);
        check_key(&member("key"), &tag.key)?;
        names::length(&member("value"), &tag.value, 0, VALUE_MAX)?;
        if !tag.value.chars().all(is_tag_character) {
            return Err(pattern(&member("value"), &tag.value, "*"));
        }
        let same = |earlier: &iam::Tag| is_key(earlier.key.as_deref().unwrap_or_default(), &tag.key);
        if tags[..i].iter().any(same) {
            return Err(Refusal::new(
                "InvalidInput",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ));
        }
    }
    Ok(())
}

/// The form of the keys of a request that takes tags away.
pub fn check_keys(keys: &[String]) -> Result<(), Refusal> {
    if keys.len() > TAGS_MAX {
        return Err(names::constraint(
            "tagKeys",
            &format!("{} keys", keys.len()),
            format_args!("have length less than or equal to {TAGS_MAX}"),
        ));
    }
    let mut numbered = keys.iter().enumerate();
    numbered.try_for_each(|(i, key)| check_key(&format!("tagKeys.{}.member", i + 1), key))
}

/// The tags of a request.
pub fn read(tags: &[iam::Tag]) -> Vec<Tag> {
    let tag = |tag: &iam::Tag| Tag {
        key: tag.key.clone().unwrap_or_default(),
        value: tag.value.clone().unwrap_or_default(),
    };
    tags.iter().map(tag).collect()
}

/// Writes the request's tags over those that are there.
pub fn add(existing: &mut Vec<Tag>, new: &[iam::Tag]) -> Result<(), Refusal> {
    for tag in read(new) {
        match existing.iter_mut().find(|old| is_key(&old.key, &tag.key)) {
            Some(old) => *old = tag,
            None => existing.push(tag),
        }
    }
    if existing.len() > TAGS_MAX {
        return Err(crate::limits::exceeded("TagsPerResource", TAGS_MAX));
    }
    existing.sort();
    Ok(())
}

/// Takes away the tags with these keys; missing ones are no error.
pub fn remove(existing: &mut Vec<Tag>, keys: &[String]) {
    existing.retain(|tag| !keys.iter().any(|key| is_key(key, &tag.key)));
}

/// As the wire shows them.
pub fn shape(tags: &[Tag]) -> Vec<iam::Tag> {
    let tag = |tag: &Tag| iam::Tag { key: Some(tag.key.clone()), value: Some(tag.value.clone()) };
    tags.iter().map(tag).collect()
}

/// As the wire shows them where no tags means no element.
pub fn shape_some(tags: &[Tag]) -> Option<Vec<iam::Tag>> {
    (!tags.is_empty()).then(|| shape(tags))
}

fn check_key(member: &str, key: &str) -> Result<(), Refusal> {
    names::length(member, key, 1, KEY_MAX)?;
    if !key.chars().all(is_tag_character) {
        return Err(pattern(member, key, "+"));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(Refusal::new(
            "InvalidInput",
            "Caller is an end user and not allowed to mutate system tags",
        )
        .because(format!("the tag key {key} begins with aws:, which only AWS may use")));
    }
    Ok(())
}

fn is_key(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`
fn is_tag_character(c: char) -> bool {
    // \p{Z} are separators only: of the control characters none, though some are white space.
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/=+-@".contains(c)
}

fn pattern(member: &str, value: &str, times: &str) -> Refusal {
    let must =
        format_args!("satisfy regular expression pattern: [\\p{{L}}\\p{{Z}}\\p{{N}}_.:/=+\\-@]{times}")
            .to_string();
    names::constraint(member, value, must)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> iam::Tag {
        iam::Tag { key: Some(key.into()), value: Some(value.into()) }
    }

    #[test]
    fn bad_tags_are_refused() {
        let long = "x".repeat(257);
        for bad in [
            vec![tag("", "v")],
            vec![tag(&"k".repeat(129), "v")],
            vec![tag("k", &long)],
            vec![tag("k!", "v")],
            vec![tag("k", "v;")],
            vec![tag("a\tb", "v")],
            vec![tag("aws:k", "v")],
            vec![tag("AWS:k", "v")],
            vec![tag("Team", "a"), tag("team", "b")],
            (0..51).map(|i| tag(&i.to_string(), "v")).collect(),
        ] {
            assert!(check(Some(&bad)).is_err(), "{bad:?}");
        }
        assert_eq!(check(Some(&[tag("Größe m² x", ""), tag("a_.:/=+-@", "b c")])), Ok(()));
    }

    #[test]
    fn a_key_in_another_case_is_the_same_tag() {
        let mut tags = read(&[tag("Team", "a"), tag("b", "1")]);
        add(&mut tags, &[tag("team", "c")]).unwrap();
        assert_eq!(shape(&tags), [tag("b", "1"), tag("team", "c")]);
        remove(&mut tags, &["TEAM".into(), "missing".into()]);
        assert_eq!(shape(&tags), [tag("b", "1")]);
    }

    #[test]
    fn fifty_tags_are_the_most() {
        let mut tags = read(&(0..50).map(|i| tag(&i.to_string(), "")).collect::<Vec<_>>());
        add(&mut tags, &[tag("1", "over")]).unwrap();
        assert_eq!(add(&mut tags, &[tag("more", "")]).unwrap_err().code, "LimitExceeded");
    }
}
