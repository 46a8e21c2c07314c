//! StartSnapshot of the EBS direct API: a snapshot written block by block. It differs from EC2: a key alone is enough, a child
//! takes everything from its parent, and encryption by default leaves no way to an unencrypted snapshot. Source: EBS User
//! Guide, "Use encryption with EBS direct APIs"; recordings of AWS for the one text they show.

use super::{Asked, Outcome, Source, given, settle};
use base::Refusal;

/// What StartSnapshot asks for and what holds in its account and Region.
#[derive(Clone, Copy, Debug)]
pub struct StartAsked<'a> {
    /// `Encrypted` as sent.
    pub encrypted: Option<bool>,
    /// `KmsKeyArn` as sent; an empty string counts as absent. Its form is checked by `check_key_arn`.
    pub key: Option<&'a str>,
    /// `ParentSnapshotId`: `None` without one, else the parent's key if it is encrypted.
    pub parent: Option<Option<&'a str>>,
    pub by_default: bool,
    pub default_key: &'a str,
}

/// Decides the outcome. Every refusal is a `ValidationException` with the word `INVALID_PARAMETER_VALUE`.
///
/// ```text
#[doc = include_str!("golden/start_snapshot.txt")]
/// ```
pub fn start_snapshot(asked: StartAsked) -> Result<Outcome, Refusal> {
    let key = given(asked.key);
    if asked.parent.is_some() && (asked.encrypted.is_some() || key.is_some()) {
        return Err(refused(
            "Encrypted and KmsKeyArn cannot be specified together with ParentSnapshotId",
            "a child has its parent's encryption and key; name neither",
        ));
    }
    if asked.encrypted == Some(false) && key.is_some() {
        return Err(refused(
            "Encrypt cannot be false when KmsKeyArn is specified",
            "a key was named, but Encrypted is false",
        ));
    }
    if asked.by_default && asked.encrypted == Some(false) {
        return Err(refused(
            "Encrypted cannot be false when encryption by default is enabled",
            "encryption by default is on: no unencrypted snapshot can be written",
        ));
    }
    if asked.by_default && asked.parent == Some(None) {
        return Err(refused(
            "An unencrypted snapshot cannot be the parent when encryption by default is enabled",
            "encryption by default is on and the parent is unencrypted",
        ));
    }
    let source = match asked.parent {
        Some(Some(key)) => Source::Encrypted { key, own: true },
        Some(None) | None => Source::Unencrypted,
    };
    let ec2 = Asked {
        encrypted: asked.encrypted,
        key,
        by_default: asked.by_default,
        default_key: asked.default_key,
        source,
    };
    Ok(settle(&ec2, key, true))
}

fn refused(message: &'static str, reason: &'static str) -> Refusal {
    Refusal::new("ValidationException", message).because(reason).with_word("INVALID_PARAMETER_VALUE")
}
