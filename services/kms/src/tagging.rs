//! Tags of KMS keys: 50 per key, no `aws:` prefix, no key twice. Lengths are checked by the wire. Source: KMS API Reference,
//! `TagResource`; messages recorded of AWS.

use base::{Refusal, Tag};
use rules::iam::Context;
use wire::generated::kms;

const TAGS_MAX: usize = 50;

/// The tags of a request, checked.
pub fn read(tags: &[kms::Tag]) -> Result<Vec<Tag>, Refusal> {
    let tags: Vec<Tag> = tags
        .iter()
        .map(|tag| Tag {
            key: tag.tag_key.clone().unwrap_or_default(),
            value: tag.tag_value.clone().unwrap_or_default(),
        })
        .collect();
    for (i, tag) in tags.iter().enumerate() {
        if is_reserved(&tag.key) {
            return Err(refused("Tags beginning with aws: are reserved"));
        }
        if tags[..i].iter().any(|earlier| earlier.key == tag.key) {
            return Err(refused("Duplicate tag keys"));
        }
    }
    count(tags.len())?;
    Ok(tags)
}

/// `existing` with `new` written over it, in the order of keys.
pub fn merged(existing: &[Tag], new: &[Tag]) -> Result<Vec<Tag>, Refusal> {
    let kept = existing.iter().filter(|tag| new.iter().all(|n| n.key != tag.key));
    let mut tags: Vec<Tag> = kept.chain(new).cloned().collect();
    count(tags.len())?;
    tags.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(tags)
}

/// What policies may ask about the tags of a request.
pub fn asked(tags: &[kms::Tag]) -> Context {
    let mut keys = Context::default();
    let pairs = tags.iter().map(|tag| (tag.tag_key.as_deref().unwrap_or_default(), tag.tag_value.as_deref()));
    for (key, value) in pairs.clone() {
        keys.set(&format!("aws:RequestTag/{key}"), value.unwrap_or_default());
    }
    if !tags.is_empty() {
        keys.set_all("aws:TagKeys", pairs.map(|(key, _)| key.to_owned()));
    }
    keys
}

/// Refuses tag keys that only AWS may touch.
pub fn check_keys(keys: &[String]) -> Result<(), Refusal> {
    if keys.iter().any(|key| is_reserved(key)) {
        return Err(refused("Tags beginning with aws: are reserved"));
    }
    Ok(())
}

/// As the wire shows it.
pub fn shape(tag: Tag) -> kms::Tag {
    kms::Tag { tag_key: Some(tag.key), tag_value: Some(tag.value) }
}

fn is_reserved(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("aws:")
}

fn count(tags: usize) -> Result<(), Refusal> {
    if tags > TAGS_MAX { Err(refused("Too many tags")) } else { Ok(()) }
}

fn refused(message: &str) -> Refusal {
    Refusal::new("TagException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(keys: &[&str]) -> Result<Vec<Tag>, Refusal> {
        let tag = |key: &&str| kms::Tag { tag_key: Some((*key).to_owned()), tag_value: Some("v".into()) };
        read(&keys.iter().map(tag).collect::<Vec<_>>())
    }

    #[test]
    fn limits_are_those_of_aws() {
        assert_eq!(asked(&["a", "A"]).unwrap().len(), 2);
        assert_eq!(asked(&["a", "b", "a"]).unwrap_err().message, "Duplicate tag keys");
        for key in ["aws:x", "AWS:x", "aws:"] {
            assert_eq!(asked(&[key]).unwrap_err().message, "Tags beginning with aws: are reserved");
            assert!(check_keys(&[key.to_owned()]).is_err());
        }
        let names: Vec<String> = (0..51).map(|i| format!("k{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(asked(&names[..50]).unwrap().len(), 50);
        assert_eq!(asked(&names).unwrap_err().message, "Too many tags");
        let fifty = asked(&names[..50]).unwrap();
        assert_eq!(merged(&fifty, &asked(&["k7"]).unwrap()).unwrap().len(), 50);
        assert_eq!(merged(&fifty, &asked(&["new"]).unwrap()).unwrap_err().code, "TagException");
    }
}
