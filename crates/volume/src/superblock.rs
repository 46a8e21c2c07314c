//! The superblock: who the volume is, how large, and the wrapped data key. Anyone may read it; no key is needed.
//!
//! ```text
//!  file `superblock` = slot A (16,384 bytes) | slot B (16,384 bytes)
//!
//!  a slot      0  magic            8 bytes "SEALVOL\0"
//!              8  format version   u32     1, or 2 if the volume has integrity
//!                                                     ┐ these three keep their place and meaning in every
//!             12  CRC32C           u32                ┘ version, so that a newer volume is named, not guessed at
//!             16  generation       u64     the valid slot with the higher one counts
//!             24  size             u64     bytes
//!             32  data unit        u32     bytes, 4,096
//!             36  flags            u32     bit 0: encrypted; bit 1: made from a source; bit 2: integrity
//!                                  (every unit has a tag; in version 2, and always there)
//!             40  segment          u64     bytes per data file, 2^40
//!             48  units per page   u32     8,192
//!             52  lengths          7 x u16 of the texts below
//!             66  zeros            6 bytes
//!             72  texts            volume id | encryption-context id | KMS key ARN | wrapped data key
//!                                  | source: Region | source: snapshot | source: hash
//!              …  zeros
//! ```
//! Integers are little-endian. The checksum covers the whole slot with its own field taken as zero.
//! Two slots, so that rot in one of them costs nothing. An update (growing) replaces the file whole, with a higher
//! generation. The source is what the volume was made from; whether it is still loaded from there says the stack record
//! (`record.rs`). A slot has 16 KiB because everything KMS may answer has to fit: ARN up to 2,048 bytes, ciphertext
//! blob up to 6,144 (KMS API Reference, `CiphertextBlob`).

use crate::VolumeError;
use crate::geometry::{DATA_UNIT_BYTES, SEGMENT_BYTES, UNITS_PER_PAGE, VOLUME_BYTES_MAX};
use snapshot::SnapshotRef;

const MAGIC: [u8; 8] = *b"SEALVOL\0";
/// Format version of a volume without integrity.
pub(crate) const FORMAT_VERSION: u32 = 1;
/// Of one with: a release that knows no tags would leave them behind its writes, so it must refuse. The latest that this one
/// reads.
pub(crate) const INTEGRITY_VERSION: u32 = 2;
const SLOT_BYTES: usize = 16384;
const TEXTS_AT: usize = 72;
const TEXTS: usize = 7;
const FLAG_ENCRYPTED: u32 = 1;
const FLAG_SOURCE: u32 = 2;
const FLAG_INTEGRITY: u32 = 4;
/// Longest volume id or context id; EC2's ids have 21 characters.
pub(crate) const ID_BYTES_MAX: usize = 256;
const ARN_BYTES_MAX: usize = 2048;
const WRAPPED_BYTES_MAX: usize = 6144;
/// Longest Region name; AWS's have at most 16 characters.
const REGION_BYTES_MAX: usize = 256;
/// A BLAKE3 hash in hexadecimal digits.
const HASH_BYTES: usize = 64;

/// What a volume is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSpec {
    pub volume_id: String,
    /// A multiple of 4,096, at most 64 TiB.
    pub size_bytes: u64,
    /// `None`: bytes are stored as they come.
    pub encryption: Option<Encryption>,
    /// The stored snapshot that the volume's bytes come from; `None`: the volume begins empty.
    pub source: Option<SnapshotRef>,
}

/// How to get the plaintext data key: ask KMS to decrypt `wrapped_key` with the encryption context
/// `{"aws:ebs:id": context_id}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub kms_key_arn: String,
    pub wrapped_key: Vec<u8>,
    pub context_id: String,
}

/// The head of a volume, as on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superblock {
    pub volume_id: String,
    pub size_bytes: u64,
    pub encryption: Option<Encryption>,
    /// What the volume was made from, also when everything is loaded.
    pub source: Option<SnapshotRef>,
    /// Every data unit has a tag.
    pub integrity: bool,
    /// Counts the updates; a new volume has 1.
    pub generation: u64,
}

impl Superblock {
    /// The superblock of a new volume; refuses what cannot be stored.
    pub fn new(spec: &VolumeSpec) -> Result<Superblock, VolumeError> {
        let superblock = Superblock {
            volume_id: spec.volume_id.clone(),
            size_bytes: spec.size_bytes,
            encryption: spec.encryption.clone(),
            source: spec.source.clone(),
            integrity: false,
            generation: 1,
        };
        match superblock.fault() {
            Some(reason) => Err(VolumeError::BadSpec(reason)),
            None => Ok(superblock),
        }
    }

    /// What it was made from.
    pub fn spec(&self) -> VolumeSpec {
        VolumeSpec {
            volume_id: self.volume_id.clone(),
            size_bytes: self.size_bytes,
            encryption: self.encryption.clone(),
            source: self.source.clone(),
        }
    }

    /// The superblock after growing; refuses what cannot be stored.
    pub(crate) fn grown(&self, size_bytes: u64) -> Result<Superblock, VolumeError> {
        let grown = Superblock { size_bytes, generation: self.generation + 1, ..self.clone() };
        match grown.fault() {
            Some(reason) => Err(VolumeError::BadSpec(reason)),
            None => Ok(grown),
        }
    }

    /// The wrapped data key; `None` on an unencrypted volume.
    pub fn wrapped_key(&self) -> Option<&[u8]> {
        self.encryption.as_ref().map(|e| e.wrapped_key.as_slice())
    }

    /// Why no volume can look like this.
    fn fault(&self) -> Option<&'static str> {
        if self.size_bytes == 0
            || self.size_bytes > VOLUME_BYTES_MAX
            || !self.size_bytes.is_multiple_of(DATA_UNIT_BYTES)
        {
            return Some("the size is not a multiple of 4,096 bytes between 4,096 bytes and 64 TiB");
        }
        if self.volume_id.is_empty() || self.volume_id.len() > ID_BYTES_MAX {
            return Some("the volume id is empty or longer than 256 bytes");
        }
        if let Some(source) = &self.source
            && let Some(reason) = source_fault(source)
        {
            return Some(reason);
        }
        let Some(encryption) = &self.encryption else { return None };
        if encryption.context_id.is_empty() || encryption.context_id.len() > ID_BYTES_MAX {
            return Some("the encryption-context id is empty or longer than 256 bytes");
        }
        if encryption.kms_key_arn.is_empty() || encryption.kms_key_arn.len() > ARN_BYTES_MAX {
            return Some("the KMS key ARN is empty or longer than 2,048 bytes");
        }
        if encryption.wrapped_key.is_empty() || encryption.wrapped_key.len() > WRAPPED_BYTES_MAX {
            return Some("the wrapped data key is empty or longer than 6,144 bytes");
        }
        None
    }

    /// The whole file: both slots alike.
    pub fn encode(&self) -> Vec<u8> {
        let slot = self.encode_slot();
        [slot.as_slice(), slot.as_slice()].concat()
    }

    fn encode_slot(&self) -> Vec<u8> {
        let none =
            Encryption { kms_key_arn: String::new(), wrapped_key: Vec::new(), context_id: String::new() };
        let encryption = self.encryption.as_ref().unwrap_or(&none);
        let source = self.source.as_ref().map(|s| [&s.region, &s.snapshot, &s.hash].map(String::as_bytes));
        let [region, snapshot, hash] = source.unwrap_or([&[]; 3]);
        let texts: [&[u8]; TEXTS] = [
            self.volume_id.as_bytes(),
            encryption.context_id.as_bytes(),
            encryption.kms_key_arn.as_bytes(),
            &encryption.wrapped_key,
            region,
            snapshot,
            hash,
        ];
        let flag = |is: bool, flag| if is { flag } else { 0 };
        let flags = flag(self.encryption.is_some(), FLAG_ENCRYPTED)
            | flag(self.source.is_some(), FLAG_SOURCE)
            | flag(self.integrity, FLAG_INTEGRITY);
        let version = if self.integrity { INTEGRITY_VERSION } else { FORMAT_VERSION };
        let mut slot = Vec::with_capacity(SLOT_BYTES);
        slot.extend(MAGIC);
        slot.extend(version.to_le_bytes());
        slot.extend([0; 4]);
        slot.extend(self.generation.to_le_bytes());
        slot.extend(self.size_bytes.to_le_bytes());
        slot.extend((DATA_UNIT_BYTES as u32).to_le_bytes());
        slot.extend(flags.to_le_bytes());
        slot.extend(SEGMENT_BYTES.to_le_bytes());
        slot.extend((UNITS_PER_PAGE as u32).to_le_bytes());
        // `fault` has checked every length against a limit below 2^16.
        texts.iter().for_each(|text| slot.extend((text.len() as u16).to_le_bytes()));
        slot.resize(TEXTS_AT, 0);
        texts.iter().for_each(|text| slot.extend_from_slice(text));
        slot.resize(SLOT_BYTES, 0);
        let crc = checksum(&slot);
        slot[12..16].copy_from_slice(&crc.to_le_bytes());
        slot
    }

    /// Reads the file. Any bytes may come; none panic.
    pub fn decode(file: &[u8]) -> Result<Superblock, VolumeError> {
        match copies(file) {
            // A slot of a later release counts even beside an older one: that release may have stopped updating it.
            [Err(newer @ VolumeError::Newer { .. }), _] | [_, Err(newer @ VolumeError::Newer { .. })] => {
                Err(newer)
            }
            [Ok(a), Ok(b)] => Ok(if b.generation > a.generation { b } else { a }),
            [Ok(one), Err(_)] | [Err(_), Ok(one)] => Ok(one),
            [Err(why), Err(_)] => Err(why),
        }
    }
}

/// What each of the two slots says.
pub(crate) fn copies(file: &[u8]) -> [Result<Superblock, VolumeError>; 2] {
    let slots = [file.get(..SLOT_BYTES), file.get(SLOT_BYTES..2 * SLOT_BYTES)];
    slots.map(|slot| match slot {
        Some(slot) => decode_slot(slot),
        None => Err(VolumeError::Damaged("the superblock file is too short".into())),
    })
}

fn source_fault(source: &SnapshotRef) -> Option<&'static str> {
    if source.region.is_empty() || source.region.len() > REGION_BYTES_MAX {
        return Some("the source's Region is empty or longer than 256 bytes");
    }
    if source.snapshot.is_empty() || source.snapshot.len() > ID_BYTES_MAX {
        return Some("the source's snapshot id is empty or longer than 256 bytes");
    }
    (source.hash.len() != HASH_BYTES).then_some("the source's hash has not 64 digits")
}

/// CRC32C of a slot with the checksum's own field taken as zero.
fn checksum(slot: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&slot[..12]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &slot[16..])
}

fn decode_slot(slot: &[u8]) -> Result<Superblock, VolumeError> {
    let damaged = |what: &str| VolumeError::Damaged(format!("superblock: {what}"));
    let u32_at = |at: usize| slot[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    let u64_at = |at: usize| slot[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    if slot[..8] != MAGIC {
        return Err(damaged("not one of ours"));
    }
    if u32_at(12) != checksum(slot) {
        return Err(damaged("the checksum does not match"));
    }
    if u32_at(8) > INTEGRITY_VERSION {
        let (what, found) = ("the superblock", u32_at(8));
        return Err(VolumeError::Newer { what, found, known: INTEGRITY_VERSION });
    }
    // Each version has its flags.
    let (integrity, version) = match u32_at(36) & FLAG_INTEGRITY {
        0 => (false, FORMAT_VERSION),
        _ => (true, INTEGRITY_VERSION),
    };
    let known = u32_at(8) == version
        && u64::from(u32_at(32)) == DATA_UNIT_BYTES
        && u32_at(36) & !(FLAG_ENCRYPTED | FLAG_SOURCE | FLAG_INTEGRITY) == 0
        && u64_at(40) == SEGMENT_BYTES
        && u64::from(u32_at(48)) == UNITS_PER_PAGE;
    if !known {
        return Err(damaged("unknown version, flags or geometry"));
    }
    let mut rest = &slot[TEXTS_AT..];
    let mut text = |n: usize| {
        let len = slot[52 + 2 * n..].first_chunk().map_or(0, |b| usize::from(u16::from_le_bytes(*b)));
        let (text, tail) = rest.split_at_checked(len).ok_or_else(|| damaged("a text is too long"))?;
        rest = tail;
        Ok::<_, VolumeError>(text.to_vec())
    };
    let (volume_id, context_id, arn, wrapped_key) = (text(0)?, text(1)?, text(2)?, text(3)?);
    let (region, snapshot, hash) = (text(4)?, text(5)?, text(6)?);
    let utf8 = |bytes| String::from_utf8(bytes).map_err(|_| damaged("a text is not UTF-8"));
    let encryption = match u32_at(36) & FLAG_ENCRYPTED {
        0 => None,
        _ => Some(Encryption { kms_key_arn: utf8(arn)?, wrapped_key, context_id: utf8(context_id)? }),
    };
    let source = match u32_at(36) & FLAG_SOURCE {
        0 => None,
        _ => Some(SnapshotRef { region: utf8(region)?, snapshot: utf8(snapshot)?, hash: utf8(hash)? }),
    };
    let superblock = Superblock {
        volume_id: utf8(volume_id)?,
        size_bytes: u64_at(24),
        encryption,
        source,
        integrity,
        generation: u64_at(16),
    };
    match superblock.fault() {
        Some(reason) => Err(damaged(reason)),
        None => Ok(superblock),
    }
}

#[cfg(test)]
mod tests;
