//! Images: CopyImage, and what a mapping entry of CreateImage or RegisterImage may say about encryption. Sources: EC2 User
//! Guide, "Use encryption with EBS-backed AMIs" and "Copy an AMI"; EC2 API Reference, EbsBlockDevice.

use super::{Asked, Outcome, Source, choices, given, named_key, settle};
use base::Refusal;

/// Decides the outcome for one backing snapshot of a copied image. CopyImage has one `Encrypted` and one `KmsKeyId` for all of
/// them; who owns the *snapshot*, not the image, decides whether its key is kept. Refusals: `InvalidParameterDependency`,
/// `InvalidRequest` (encrypted to unencrypted).
///
/// ```text
#[doc = include_str!("golden/copy_image.txt")]
/// ```
pub fn copy_image(asked: Asked, same_region: bool) -> Result<Outcome, Refusal> {
    let key = named_key(&asked)?;
    let own = match asked.source {
        Source::Encrypted { .. } if asked.encrypted == Some(false) => {
            return Err(Refusal::new(
                choices::COPIED_IMAGE_FALSE_CODE,
                "An encrypted snapshot cannot be copied to an unencrypted one",
            )
            .because("Encrypted=false, but a backing snapshot of the image is encrypted"));
        }
        Source::Encrypted { own, .. } => own,
        Source::Unencrypted => false,
    };
    Ok(settle(&asked, key, own && same_region && choices::COPIED_IMAGE_KEEPS_SOURCE_KEY))
}

/// What a mapping entry of CreateImage or RegisterImage describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Described {
    /// a volume to be made empty at every launch
    NewVolume,
    /// a snapshot that exists
    Snapshot { encrypted: bool },
    /// a volume of the instance (CreateImage)
    Volume { encrypted: bool },
}

/// Whether the image's entry is encrypted, as DescribeImages shows it (a new empty volume may still become encrypted at launch,
/// by default). Refusals: `InvalidBlockDeviceMapping` where the entry contradicts what it describes,
/// `InvalidParameterCombination` for a key, which only a launch honours.
///
/// ```text
#[doc = include_str!("golden/mapping.txt")]
/// ```
pub fn mapping(described: Described, encrypted: Option<bool>, key: Option<&str>) -> Result<bool, Refusal> {
    if choices::MAPPING_REFUSES_KEY && given(key).is_some() {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameter KmsKeyId is not supported in a block device mapping of an image",
        )
        .because("only launches honour a key in a mapping; an image's snapshots keep their keys"));
    }
    let contradiction = |what: &str| {
        Err(Refusal::new(
            choices::MAPPING_ENCRYPTED_CODE,
            format!("The parameter Encrypted is not allowed for {what}"),
        )
        .because(format!("the encryption of {what} is what it is; an image cannot change it")))
    };
    match (described, encrypted) {
        (Described::NewVolume, wish) => Ok(wish == Some(true)),
        (Described::Snapshot { encrypted }, None) => Ok(encrypted),
        (Described::Snapshot { .. }, Some(_)) => contradiction("a mapping that names a snapshot"),
        (Described::Volume { encrypted: false }, Some(true)) => contradiction("an unencrypted volume"),
        (Described::Volume { encrypted }, _) => Ok(encrypted),
    }
}
