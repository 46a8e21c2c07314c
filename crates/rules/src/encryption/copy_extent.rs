//! Whether a snapshot copy moves everything or only what changed. Source: EBS User Guide, "Copy a snapshot" (full and
//! incremental copies). The event `copySnapshot` reports the answer as `incremental`.
//!
//! ```text
//! within the account and Region   unencrypted → unencrypted, or the key stays    incremental, always
//!                                 unencrypted → encrypted, or another key        full, always
//! other Region, or other account  first copy of the lineage there                full
//!                                 the latest copy there is gone or archived      full
//!                                 copies there under different keys              full
//!                                 all copies there like this one                 incremental
//! ```

use super::{Outcome, Source, choices};

/// The latest copy of this lineage at the destination, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatestCopy {
    /// completed and in the standard tier
    Present,
    Archived,
    /// deleted, failed, or not completed yet
    Gone,
}

/// What the destination (Region and account) has got of this lineage by earlier copies.
#[derive(Clone, Copy, Debug)]
pub struct EarlierCopies<'a> {
    /// `None`: this lineage was never copied there.
    pub latest: Option<LatestCopy>,
    /// For each copy that is there: its key, `None` if it is unencrypted.
    pub keys: &'a [Option<&'a str>],
}

/// The answer, and why, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyExtent {
    pub incremental: bool,
    pub why: &'static str,
}

/// Decides it. `local`: source and copy are of one account and in one Region; `earlier` matters only if not. Key ARNs are
/// compared as text, so all of them must be resolved ARNs.
pub fn copy_extent(source: Source, outcome: &Outcome, local: bool, earlier: EarlierCopies) -> CopyExtent {
    let source_key = match source {
        Source::Encrypted { key, .. } => Some(key),
        Source::Unencrypted => None,
    };
    let copy_key = match outcome {
        Outcome::Encrypted { key, .. } => Some(key.as_str()),
        Outcome::Unencrypted => None,
    };
    let full = |why| CopyExtent { incremental: false, why };
    let incremental = |why| CopyExtent { incremental: true, why };
    let encrypts = source_key.is_none() && copy_key.is_some();
    if encrypts && (local || choices::FIRST_ENCRYPTION_IS_FULL_EVERYWHERE) {
        return full("an unencrypted snapshot is copied into an encrypted one");
    }
    if local {
        return if source_key == copy_key {
            incremental("same account, same Region, same key")
        } else {
            full("the copy is under another key")
        };
    }
    match earlier.latest {
        None => full("the first copy of this lineage to that Region or account"),
        Some(LatestCopy::Gone) => full("the latest copy of this lineage there does not exist any more"),
        Some(LatestCopy::Archived) => full("the latest copy of this lineage there is archived"),
        Some(LatestCopy::Present) if earlier.keys.iter().any(|key| *key != copy_key) => {
            full("not all copies of this lineage there are under the key of this one")
        }
        Some(LatestCopy::Present) => incremental("all copies of this lineage there are under this key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use LatestCopy::{Archived, Gone, Present};

    fn encrypted(key: &str) -> Outcome {
        Outcome::Encrypted { key: key.to_owned(), row: "" }
    }

    fn extent(
        source: Option<&str>,
        copy: Option<&str>,
        local: bool,
        latest: Option<LatestCopy>,
        keys: &[Option<&str>],
    ) -> CopyExtent {
        let source = source.map_or(Source::Unencrypted, |key| Source::Encrypted { key, own: local });
        let outcome = copy.map_or(Outcome::Unencrypted, encrypted);
        copy_extent(source, &outcome, local, EarlierCopies { latest, keys })
    }

    #[test]
    fn at_home_only_the_key_decides() {
        for (source, copy, incremental) in [
            (None, None, true),
            (Some("a"), Some("a"), true),
            (Some("a"), Some("b"), false),
            (None, Some("a"), false),
        ] {
            // Earlier copies change nothing.
            for latest in [None, Some(Present), Some(Gone)] {
                let got = extent(source, copy, true, latest, &[copy]);
                assert_eq!(got.incremental, incremental, "{source:?} {copy:?} {latest:?}");
            }
        }
    }

    /// The source's key, the copy's, the latest copy there, the keys there, incremental?
    type Case<'a> = (Option<&'a str>, Option<&'a str>, Option<LatestCopy>, &'a [Option<&'a str>], bool);

    #[test]
    fn elsewhere_a_copy_is_incremental_only_over_copies_like_itself() {
        let cases: [Case; 13] = [
            (None, None, None, &[], false),
            (None, None, Some(Gone), &[], false),
            (None, None, Some(Archived), &[None], false),
            (None, None, Some(Present), &[None, Some("k")], false),
            (None, None, Some(Present), &[Some("k")], false),
            (None, None, Some(Present), &[None, None], true),
            (Some("s"), Some("k"), None, &[], false),
            (Some("s"), Some("k"), Some(Gone), &[Some("k")], false),
            (Some("s"), Some("k"), Some(Archived), &[Some("k")], false),
            (Some("s"), Some("k"), Some(Present), &[Some("k"), Some("j")], false),
            (Some("s"), Some("k"), Some(Present), &[Some("j")], false),
            (Some("s"), Some("k"), Some(Present), &[Some("k"), Some("k")], true),
            (None, Some("k"), Some(Present), &[Some("k")], true),
        ];
        for (source, copy, latest, keys, incremental) in cases {
            let got = extent(source, copy, false, latest, keys);
            assert_eq!(got.incremental, incremental, "{source:?} {copy:?} {latest:?} {keys:?}: {}", got.why);
        }
    }
}
