//! Names of objects. They become file paths and S3 keys, so their form is narrow: segments of `a-z 0-9 - .`, joined by `/`, none
//! of which begins with a dot.

use crate::StoreError;
use std::fmt;

/// Longest name: S3 allows 1,024 bytes; ours are far shorter.
const NAME_MAX: usize = 255;

/// A well-formed name, for instance `us-east-1/snap-0123456789abcdef0/manifest`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

impl ObjectName {
    /// Reads a name; `None` if it is not well-formed.
    pub fn parse(text: &str) -> Option<ObjectName> {
        let segment = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
        };
        (text.len() <= NAME_MAX && text.split('/').all(segment)).then(|| ObjectName(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A prefix to list by: empty, or segments of a name each followed by `/`.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), StoreError> {
    let whole = prefix.is_empty() || prefix.strip_suffix('/').is_some_and(|p| ObjectName::parse(p).is_some());
    if whole { Ok(()) } else { Err(StoreError::Refused(format!("no prefix of names: {prefix:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::{ObjectName, check_prefix};

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        for good in ["", "a/", "us-east-1/snap-01/"] {
            assert!(check_prefix(good).is_ok(), "{good}");
        }
        for bad in ["a", "/", "a//", "../", "a/../", ".new/", "A/", "a/b"] {
            assert!(check_prefix(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_cannot_leave_its_directory() {
        assert!(ObjectName::parse("us-east-1/snap-01/00-ff.x").is_some());
        let long = "a".repeat(256);
        for bad in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "..",
            "a/../b",
            ".a",
            "a/.tmp",
            "A",
            "a b",
            "ä",
            "a\\b",
            long.as_str(),
        ] {
            assert!(ObjectName::parse(bad).is_none(), "{bad}");
        }
    }
}
