//! CopyVolumes: a clone within one zone. The API has no `Encrypted` and no `KmsKeyId`, so the source and the default settings
//! alone decide and nothing is refused. Source: EBS User Guide, "Copy an EBS volume".

use super::{Asked, Outcome, Source, settle};

/// Decides the outcome for a copy of a volume. `source` describes the volume to copy; `own`: it is of the caller's account.
///
/// ```text
#[doc = include_str!("golden/copy_volume.txt")]
/// ```
pub fn copy_volume(source: Source, by_default: bool, default_key: &str) -> Outcome {
    let asked = Asked { encrypted: None, key: None, by_default, default_key, source };
    settle(&asked, None, matches!(source, Source::Encrypted { own: true, .. }))
}
