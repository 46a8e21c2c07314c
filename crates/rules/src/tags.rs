//! Tag limits of EC2: 50 per resource, keys of 1 to 128 and values of up to 256 characters, no `aws:` prefix, no key twice
//! in one request. Source: EC2 User Guide, "Tag restrictions".

use base::{Refusal, Tag};

const TAGS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 256;

/// Checks the tags of one request.
pub fn check(tags: &[Tag]) -> Result<(), Refusal> {
    let bad = |message: String| Err(Refusal::new("InvalidParameterValue", message));
    for (i, tag) in tags.iter().enumerate() {
        let (key, value) = (tag.key.as_str(), tag.value.as_str());
        if key.is_empty() {
            return bad("Tag key cannot be empty".into());
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return bad("Tag keys starting with 'aws:' are reserved for internal use".into());
        }
        if key.chars().count() > KEY_CHARS_MAX {
            return bad(format!("Tag key exceeds the maximum length of {KEY_CHARS_MAX} characters"));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            return bad(format!("Tag value exceeds the maximum length of {VALUE_CHARS_MAX} characters"));
        }
        if tags[..i].iter().any(|t| t.key == key) {
            return bad(format!("Duplicate tag key '{key}' specified."));
        }
    }
    count(tags.len())
}

/// `existing` with `new` written over it; refused if that would be too many.
pub fn merged(existing: &[Tag], new: &[Tag]) -> Result<Vec<Tag>, Refusal> {
    let mut tags: Vec<Tag> =
        existing.iter().filter(|t| new.iter().all(|n| n.key != t.key)).chain(new).cloned().collect();
    count(tags.len())?;
    tags.sort();
    Ok(tags)
}

fn count(tags: usize) -> Result<(), Refusal> {
    if tags > TAGS_MAX {
        return Err(Refusal::new(
            "TagLimitExceeded",
            format!("The maximum number of tags for a resource is {TAGS_MAX}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn bad_tags_are_refused() {
        for tags in [
            vec![tag("", "x")],
            vec![tag("aws:x", "")],
            vec![tag("AWS:x", "")],
            vec![tag(&"k".repeat(129), "")],
            vec![tag("k", &"v".repeat(257))],
            vec![tag("k", "1"), tag("k", "2")],
        ] {
            assert_eq!(check(&tags).unwrap_err().code, "InvalidParameterValue", "{tags:?}");
        }
        assert!(check(&[tag(&"ä".repeat(128), &"ö".repeat(256)), tag("b", "")]).is_ok());
    }

    #[test]
    fn the_fifty_first_tag_is_refused_and_overwriting_is_not() {
        let fifty: Vec<Tag> = (0..50).map(|i| tag(&format!("k{i}"), "")).collect();
        assert!(check(&fifty).is_ok());
        assert_eq!(merged(&fifty, &[tag("k0", "new")]).unwrap().len(), 50);
        assert_eq!(merged(&fifty, &[tag("other", "")]).unwrap_err().code, "TagLimitExceeded");
    }
}
