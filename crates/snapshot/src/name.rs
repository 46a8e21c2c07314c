//! Names of a snapshot's objects in the chunk store.
//!
//! ```text
//!  <region>/<snapshot>/manifest
//!  <region>/<snapshot>/p-<page, 8 hex digits>-<hash, 64>
//!  <region>/<snapshot>/c-<chunk, 8 hex digits>-<hash, 64>
//! ```
//! The place is part of the name so that two equal chunks of one snapshot are two objects: collecting one needs no count.

use crate::{ChunkHash, SnapshotError};
use chunks::ObjectName;

/// Longest region or snapshot id. AWS's are 14 and 22 bytes long; two of these and a hash stay below the store's limit.
pub(crate) const SEGMENT_MAX: usize = 64;

/// What an object under a snapshot's name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Manifest,
    Page { index: u32, hash: ChunkHash },
    Chunk { index: u32, hash: ChunkHash },
}

/// Whether a text can be a segment of a name.
pub(crate) fn is_segment(text: &str) -> bool {
    text.len() <= SEGMENT_MAX && !text.contains('/') && ObjectName::parse(text).is_some()
}

/// The name of an object that `writer` wrote.
pub(crate) fn object(region: &str, writer: &str, kind: Kind) -> Result<ObjectName, SnapshotError> {
    let text = match kind {
        Kind::Manifest => format!("{region}/{writer}/manifest"),
        Kind::Page { index, hash } => format!("{region}/{writer}/p-{index:08x}-{hash}"),
        Kind::Chunk { index, hash } => format!("{region}/{writer}/c-{index:08x}-{hash}"),
    };
    let name = ObjectName::parse(&text).filter(|_| is_segment(region) && is_segment(writer));
    name.ok_or_else(|| SnapshotError::Refused(format!("{region}/{writer} cannot name a snapshot")))
}

/// Reads a name back: region, writer, what it is. `None` if it is not one of ours.
pub(crate) fn read(name: &ObjectName) -> Option<(&str, &str, Kind)> {
    let mut segments = name.as_str().split('/');
    let (region, writer, last) = (segments.next()?, segments.next()?, segments.next()?);
    let ours = segments.next().is_none() && is_segment(region) && is_segment(writer);
    let kind = match last {
        "manifest" => Kind::Manifest,
        _ => {
            let (letter, rest) = last.split_once('-')?;
            let (index, hash) = rest.split_once('-')?;
            let (index, hash) = (eight_digits(index)?, ChunkHash::parse(hash)?);
            match letter {
                "p" => Kind::Page { index, hash },
                "c" => Kind::Chunk { index, hash },
                _ => return None,
            }
        }
    };
    ours.then_some((region, writer, kind))
}

fn eight_digits(text: &str) -> Option<u32> {
    let plain = text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    plain.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

/// The prefix of all objects that a snapshot wrote.
pub(crate) fn prefix(region: &str, snapshot: &str) -> Result<String, SnapshotError> {
    object(region, snapshot, Kind::Manifest).map(|_| format!("{region}/{snapshot}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written() {
        let hash = ChunkHash::of(b"x");
        for kind in [
            Kind::Manifest,
            Kind::Page { index: 0x1ffff, hash },
            Kind::Chunk { index: 0x7ff_ffff, hash },
            Kind::Chunk { index: 0, hash },
        ] {
            let name = object("us-east-1", "snap-0123456789abcdef0", kind).unwrap();
            assert_eq!(read(&name), Some(("us-east-1", "snap-0123456789abcdef0", kind)));
        }
    }

    #[test]
    fn a_strangers_object_is_not_taken_for_ours() {
        let hash = ChunkHash::of(b"x");
        for text in [
            "manifest".to_owned(),
            "r/manifest".into(),
            "r/s/t/manifest".into(),
            "r/s/manifest.old".into(),
            format!("r/s/x-00000000-{hash}"),
            format!("r/s/c-0000000-{hash}"),
            format!("r/s/c-000000000-{hash}"),
            format!("r/s/c-0000000g-{hash}"),
            format!("r/s/c-00000000-{hash}0"),
            format!("{}/s/manifest", "r".repeat(65)),
        ] {
            assert_eq!(read(&ObjectName::parse(&text).unwrap()), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_would_leave_its_place_is_refused() {
        for (region, snapshot) in [("", "s"), ("r", ""), ("r", "../s"), ("r", "a/b"), ("R", "s"), ("r", ".s")]
        {
            assert!(matches!(object(region, snapshot, Kind::Manifest), Err(SnapshotError::Refused(_))));
        }
    }
}
