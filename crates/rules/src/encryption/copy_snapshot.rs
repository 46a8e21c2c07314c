//! CopySnapshot: which key the copy gets. Unlike CreateVolume it never falls back to the key of the source: a copy without a
//! named key goes to the default EBS key of the destination Region, own source or not. Sources: EBS User Guide, "Copy a
//! snapshot"; EC2 API Reference, CopySnapshot; recordings of AWS, which decide where they differ (`choices`).

use super::{Asked, Outcome, Source, choices, named_key, settle};
use base::Refusal;

/// Decides the outcome; `by_default` and `default_key` are the caller's in the destination Region. Refusal:
/// `InvalidParameterDependency`.
///
/// ```text
#[doc = include_str!("golden/copy_snapshot.txt")]
/// ```
pub fn copy_snapshot(asked: Asked) -> Result<Outcome, Refusal> {
    let key = named_key(&asked)?;
    let own = match asked.source {
        Source::Encrypted { own, .. } => {
            if choices::COPY_REFUSES_FALSE_OF_ENCRYPTED && asked.encrypted == Some(false) {
                return Err(Refusal::new(
                    "InvalidParameterCombination",
                    "The parameter Encrypted cannot be false for a copy of an encrypted snapshot",
                )
                .because("what is encrypted stays encrypted"));
            }
            own
        }
        Source::Unencrypted => false,
    };
    Ok(settle(&asked, key, own && choices::COPY_KEEPS_SOURCE_KEY))
}
