//! Encryption outcomes: what a request that makes a volume ends in. One pure function for the whole create family; no
//! other file decides it. The table, from the EBS User Guide ("Encryption examples", encryption outcomes) and, for
//! `Encrypted=false`, the CreateVolume API page and recordings of AWS:
//!
//! ```text
//! Encrypted   by default   source                key not given         key given
//! unset       off          empty, unencrypted    unencrypted           refused
//! true        off          empty, unencrypted    default EBS key       that key
//! unset       on           empty, unencrypted    default EBS key       refused
//! true        on           empty, unencrypted    default EBS key       that key
//! any true/unset           encrypted, own        the source's key      that key (true) / refused (unset)
//! any true/unset           encrypted, shared     default EBS key       that key (true) / refused (unset)
//! false       off          empty, unencrypted    unencrypted           refused
//! false       on           empty, unencrypted    default EBS key       refused
//! false       any          encrypted             refused               refused
//! ```

use base::Refusal;

/// What the new volume is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// Nothing: a new empty volume, or an unencrypted snapshot (own or shared; they behave alike).
    Unencrypted,
    /// An encrypted snapshot: its key, and whether the caller's account owns the snapshot.
    Encrypted { key: &'a str, own: bool },
}

/// What the request asks for and what holds in its account and Region.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// `Encrypted` as sent.
    pub encrypted: Option<bool>,
    /// `KmsKeyId` as sent, in whatever form; an empty string counts as absent.
    pub key: Option<&'a str>,
    /// Encryption by default is on.
    pub by_default: bool,
    /// The account's default EBS key in this Region.
    pub default_key: &'a str,
    pub source: Source<'a>,
}

/// How the volume will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Unencrypted,
    /// Encrypted under this key; `row` names the row of the table, for people.
    Encrypted {
        key: String,
        row: &'static str,
    },
}

/// Decides the outcome for CreateVolume and everything that makes volumes like it.
pub fn create(asked: Asked) -> Result<Outcome, Refusal> {
    let key = asked.key.filter(|k| !k.is_empty());
    let wants = asked.encrypted == Some(true);
    if key.is_some() && !wants {
        return Err(Refusal::new(
            "InvalidParameterDependency",
            "The parameter [KmsKeyId] requires the parameter Encrypted to be set.",
        )
        .because("a key was named but Encrypted is not true; name both, or neither"));
    }
    let source_key = match asked.source {
        Source::Encrypted { key, own } => Some((key, own)),
        Source::Unencrypted => None,
    };
    if asked.encrypted == Some(false) && source_key.is_some() {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]",
        )
        .because("a volume from an encrypted snapshot is always encrypted"));
    }
    let encrypted = |key: &str, row| Ok(Outcome::Encrypted { key: key.to_owned(), row });
    match (key, source_key) {
        (Some(key), _) => encrypted(key, "the request names the key"),
        (None, Some((key, true))) => encrypted(key, "an own encrypted source keeps its key"),
        (None, Some((_, false))) => {
            encrypted(asked.default_key, "a shared encrypted source goes to the default EBS key")
        }
        (None, None) if wants => {
            encrypted(asked.default_key, "Encrypted=true without a key: the default EBS key")
        }
        (None, None) if asked.by_default => encrypted(asked.default_key, "encryption by default is on"),
        (None, None) => Ok(Outcome::Unencrypted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DK: &str = "alias/aws/ebs";
    const SOURCES: [Source; 3] = [
        Source::Unencrypted,
        Source::Encrypted { key: "SK", own: true },
        Source::Encrypted { key: "SK", own: false },
    ];

    fn decide(encrypted: Option<bool>, key: Option<&str>, by_default: bool, source: Source) -> String {
        match create(Asked { encrypted, key, by_default, default_key: DK, source }) {
            Ok(Outcome::Unencrypted) => "plain".into(),
            Ok(Outcome::Encrypted { key, .. }) => key,
            Err(r) => r.code.into_owned(),
        }
    }

    #[test]
    fn the_table_holds_row_by_row() {
        let dep = "InvalidParameterDependency";
        let comb = "InvalidParameterCombination";
        /// Encrypted, by default, then the results for the three sources: key not given, key given.
        type Line = (Option<bool>, bool, [&'static str; 3], [&'static str; 3]);
        let table: [Line; 6] = [
            (None, false, ["plain", "SK", DK], [dep; 3]),
            (Some(true), false, [DK, "SK", DK], ["GK"; 3]),
            (None, true, [DK, "SK", DK], [dep; 3]),
            (Some(true), true, [DK, "SK", DK], ["GK"; 3]),
            (Some(false), false, ["plain", comb, comb], [dep; 3]),
            (Some(false), true, [DK, comb, comb], [dep; 3]),
        ];
        for (encrypted, by_default, without, with) in table {
            for (i, source) in SOURCES.into_iter().enumerate() {
                assert_eq!(
                    decide(encrypted, None, by_default, source),
                    without[i],
                    "{encrypted:?} {by_default} {i}"
                );
                assert_eq!(
                    decide(encrypted, Some("GK"), by_default, source),
                    with[i],
                    "{encrypted:?} {by_default} {i}"
                );
            }
        }
    }

    #[test]
    fn an_empty_key_counts_as_absent() {
        assert_eq!(decide(None, Some(""), false, Source::Unencrypted), "plain");
        assert_eq!(decide(Some(true), Some(""), false, Source::Unencrypted), DK);
    }

    #[test]
    fn an_encrypted_source_never_gives_plaintext() {
        for encrypted in [None, Some(true), Some(false)] {
            for key in [None, Some("GK")] {
                for by_default in [false, true] {
                    for source in &SOURCES[1..] {
                        assert_ne!(decide(encrypted, key, by_default, *source), "plain");
                    }
                }
            }
        }
    }
}
