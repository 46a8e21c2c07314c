//! Encryption outcomes: what every request that makes a volume or a snapshot ends in: unencrypted, encrypted under which
//! key, or refused. One pure function for each family of requests; no other file decides it. What the families share is
//! here; each family's file shows its table, printed from the function itself.
//!
//! ```text
//! create          CreateVolume, RunInstances, replacing a root volume, restoring an image
//! copy_snapshot   CopySnapshot (and copy_extent: whole or only what changed)
//! images          CopyImage, and the mapping entries of CreateImage and RegisterImage
//! start_snapshot  StartSnapshot of the EBS direct API
//! copy_volume     CopyVolumes
//! key_check       which KMS key may be named at all
//! choices         where sources disagree: what we follow, one line each
//! ```
//! The caller looks up the default settings of the account in the Region where the new resource will be and hands them in;
//! nothing here touches what exists already. Laws that hold for all families stand as properties in `laws.rs`.

pub mod choices;
mod copy_extent;
mod copy_snapshot;
mod copy_volume;
mod create;
mod images;
mod key_check;
mod start_snapshot;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tables;

pub use copy_extent::{CopyExtent, EarlierCopies, LatestCopy, copy_extent};
pub use copy_snapshot::copy_snapshot;
pub use copy_volume::copy_volume;
pub use create::{create, launch, shown_key};
pub use images::{Described, copy_image, mapping};
pub use key_check::{KeyFacts, check_copy_key, check_direct_key, check_key_arn};
pub use start_snapshot::{StartAsked, start_snapshot};

use base::Refusal;

/// What the new volume or snapshot is made from.
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
    /// Encryption by default is on (in the destination Region).
    pub by_default: bool,
    /// The account's default EBS key (in the destination Region).
    pub default_key: &'a str,
    pub source: Source<'a>,
}

/// How the volume or snapshot will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Unencrypted,
    /// Encrypted under this key; `row` names the row of the table, for people.
    Encrypted {
        key: String,
        row: &'static str,
    },
}

/// A key as sent; an empty string is no key.
fn given(key: Option<&str>) -> Option<&str> {
    key.filter(|k| !k.is_empty())
}

/// EC2's rules for every family: `KmsKeyId` needs `Encrypted=true`; `Encrypted=false` does not switch off encryption by default.
/// Answers with the key, if one was named.
fn named_key<'a>(asked: &Asked<'a>) -> Result<Option<&'a str>, Refusal> {
    let key = given(asked.key);
    if key.is_some() && asked.encrypted != Some(true) {
        return Err(Refusal::new(
            "InvalidParameterDependency",
            "The parameter [KmsKeyId] requires the parameter Encrypted to be set.",
        )
        .because("a key was named but Encrypted is not true; name both, or neither"));
    }
    if choices::FALSE_REFUSED_WHEN_BY_DEFAULT && asked.by_default && asked.encrypted == Some(false) {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameter Encrypted cannot be false while encryption by default is on",
        )
        .because("encryption by default cannot be switched off for one resource"));
    }
    Ok(key)
}

/// What is left once nothing is refused. A named key wins; then the key of an encrypted source, if this family keeps it;
/// then the default EBS key, if anything asks for encryption.
fn settle(asked: &Asked, key: Option<&str>, keeps_source_key: bool) -> Outcome {
    let encrypted = |key: &str, row| Outcome::Encrypted { key: key.to_owned(), row };
    match (key, asked.source) {
        (Some(key), _) => encrypted(key, "the request names the key"),
        (None, Source::Encrypted { key, .. }) if keeps_source_key => {
            encrypted(key, "an own encrypted source keeps its key")
        }
        (None, Source::Encrypted { own: true, .. }) => {
            encrypted(asked.default_key, "the copy of an encrypted source goes to the default EBS key")
        }
        (None, Source::Encrypted { own: false, .. }) => {
            encrypted(asked.default_key, "a shared encrypted source goes to the default EBS key")
        }
        (None, Source::Unencrypted) if asked.encrypted == Some(true) => {
            encrypted(asked.default_key, "Encrypted=true without a key: the default EBS key")
        }
        (None, Source::Unencrypted) if asked.by_default => {
            encrypted(asked.default_key, "encryption by default is on")
        }
        (None, Source::Unencrypted) => Outcome::Unencrypted,
    }
}
