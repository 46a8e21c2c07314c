//! A map page on disk: two slots written in turn.
//!
//! ```text
//!  file `map`:  page 0 | page 1 | …           page p at byte 8192 p; sparse; full length from the start
//!  a page    :  slot A (4,096) | slot B (4,096)
//!
//!  a slot    :  content, spread over sectors that are sealed each by itself (`sectors.rs`)
//!
//!  content    0  magic         8 bytes "SVMAPPG\0"
//!             8  version       u32   2        ┐ keep their place in every version
//!            12  CRC32C        u32            ┘ over the slot's bytes 0..2112 with this field taken as zero
//!            16  page index    u64   a page written to the wrong place is noticed
//!            24  generation    u64   counts the writes of this page, those that a crash tore too: no two have the same
//!            32  epoch         u64   ┐ chunks changed since the last stored snapshot, one bit each, chunk 0 in the lowest;
//!            40  changed       u64   ┘ the bits count while the layer is in this epoch (see `record.rs`)
//!            48  other         u32   1: the other slot is of version 1
//!            52  alone         u32   1: the other slot was never written (so it is, too, in generation 1)
//!            56  zeros
//!            64  payload       2,048 bytes: 8,192 units, 2 bits each, unit 0 in the lowest bits of byte 0
//!          2112  CRC32C        u32   over the content's bytes 0..2112 with bytes 12..16 taken as zero (the field at 12 is for releases
//!                                    that know version 1 only)
//!
//!  states    00 unwritten: look in the layer below, then in the source, else zeros     01 written here
//!            10 zero (masks what is below)                         11 never
//!
//!  version 1  the content lies as it is, in one piece, and no sector is sealed; read, not written
//! ```
//! Integers are little-endian. Writes go to the slot that does not count, so a write torn by a crash leaves the previous
//! state of the page, which is as of an earlier flush and therefore right. Of two whole slots the one with the higher
//! generation counts. One that is not whole is passed over if it is older, or if it is a torn write of the next generation: a torn very
//! first write is the page before that write: absent. Anything else is damage, and only the 32 MiB that the page covers are refused.
//! (Version 1 could not tell a torn write from rot of the newer slot: such a page is believed as it was then, until it is written
//! again.) What nothing here can tell is a sector, or a whole slot, that went back to what an earlier write had left.
//! 4,096 bytes per slot although less is used: a slot never shares a disk sector with the other one.

use super::sectors::{self, SECTORS, Stamp};
use crate::VolumeError;
use crate::geometry::{PageIndex, UNITS_PER_PAGE};

/// Bytes of one slot.
pub(crate) const SLOT_BYTES: usize = 4096;
/// Bytes of a page on disk.
pub(crate) const PAGE_BYTES: usize = 2 * SLOT_BYTES;
/// States of the units of a page, 32 units per word.
pub(crate) const WORDS: usize = UNITS_PER_PAGE as usize / 32;

const MAGIC: [u8; 8] = *b"SVMAPPG\0";
const VERSION: u32 = 2;
/// The version before, which is still read.
const OLD: u32 = 1;
const PAYLOAD_AT: usize = 64;
const END: usize = PAYLOAD_AT + WORDS * 8;

/// In place of a slot's number: none counts, and all units are unwritten.
pub(crate) const NEITHER: u8 = 2;

/// What the slot beside the one that is written is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    Written,
    /// By a release that knew version 1 only.
    Old,
    Never,
}

/// What the two slots say together.
pub struct PageOnDisk {
    /// Which slot counts: 0, 1, or [`NEITHER`].
    pub slot: u8,
    /// The highest one that is in either slot. The next write takes a higher one, so that what is left of a torn write can never
    /// become whole again by a later one.
    pub generation: u64,
    /// Unit states.
    pub words: [u64; WORDS],
    pub changed: Changed,
    /// Of version 1.
    pub old: bool,
}

/// Chunks that changed since the last stored snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Of another epoch than the layer's, the bits mean nothing.
    pub epoch: u64,
    /// One bit per chunk.
    pub chunks: u64,
}

/// What one slot says.
pub(crate) enum Slot {
    Zeros,
    /// Not whole.
    Broken([Stamp; SECTORS]),
    Whole(Content),
}

impl Slot {
    /// Of a whole slot.
    pub fn generation(&self) -> Option<u64> {
        match self {
            Slot::Whole(content) => Some(content.generation),
            Slot::Zeros | Slot::Broken(_) => None,
        }
    }

    pub fn is_broken(&self) -> bool {
        matches!(self, Slot::Broken(_))
    }
}

/// Content of a whole slot.
pub(crate) struct Content {
    generation: u64,
    old: bool,
    other: Other,
    bytes: Vec<u8>,
}

/// The words of a page of which nothing is written.
const NOTHING: [u64; WORDS] = [0; WORDS];

/// Reads both slots of page `index`. `None`: the page was never (completely) written. Any bytes may come; none panic.
pub fn read_page(index: u32, bytes: &[u8; PAGE_BYTES]) -> Result<Option<PageOnDisk>, VolumeError> {
    let (a, b) = bytes.split_at(SLOT_BYTES);
    let (slot, content) = match (read_slot(index, a)?, read_slot(index, b)?) {
        (Slot::Zeros, Slot::Zeros) => return Ok(None),
        (Slot::Zeros, Slot::Broken(stamps)) | (Slot::Broken(stamps), Slot::Zeros) if is_first(&stamps) => {
            let generation = sectors::latest(&stamps).unwrap_or_default();
            let changed = Changed::default();
            return Ok(Some(PageOnDisk { slot: NEITHER, generation, words: NOTHING, changed, old: false }));
        }
        (Slot::Whole(a), Slot::Whole(b)) if b.generation > a.generation => (1, b),
        (Slot::Whole(a), Slot::Whole(_)) => (0, a),
        (Slot::Whole(counts), other) if stands_alone(&counts, &other) => (0, counts.after(&other)),
        (other, Slot::Whole(counts)) if stands_alone(&counts, &other) => (1, counts.after(&other)),
        (Slot::Whole(_), _) | (_, Slot::Whole(_)) => {
            return Err(damaged(index, "the copy that may be the newer one is not valid"));
        }
        _ => return Err(damaged(index, "neither copy is valid")),
    };
    let mut words = NOTHING;
    for (word, bytes) in words.iter_mut().zip(content.bytes[PAYLOAD_AT..END].as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
        // 11 is no state. The checksum matched, so this was not rot.
        if *word & (*word >> 1) & LOW_BITS != 0 {
            return Err(damaged(index, "it holds a state that does not exist"));
        }
    }
    let changed = Changed { epoch: u64_at(&content.bytes, 32), chunks: u64_at(&content.bytes, 40) };
    let (generation, old) = (content.generation, content.old);
    Ok(Some(PageOnDisk { slot, generation, words, changed, old }))
}

impl Content {
    /// The same, knowing of a later write that was torn.
    fn after(self, torn: &Slot) -> Content {
        let latest = match torn {
            Slot::Broken(stamps) => sectors::latest(stamps).unwrap_or_default(),
            Slot::Zeros | Slot::Whole(_) => 0,
        };
        Content { generation: self.generation.max(latest), ..self }
    }
}

/// Whether a slot that is not whole is the torn first write of a page, whose other slot is empty.
fn is_first(stamps: &[Stamp; SECTORS]) -> bool {
    let of = |stamp: &Stamp| matches!(stamp, Stamp::Of { .. });
    // Of version 1, if nothing is sealed.
    !stamps.iter().any(of) || sectors::is_behind(stamps, 0, true)
}

/// Whether one slot counts although the other one is not whole.
fn stands_alone(counts: &Content, other: &Slot) -> bool {
    let old = counts.old || counts.other == Other::Old;
    // The second write goes to the other slot.
    let new = counts.generation <= 1 || counts.other == Other::Never;
    match other {
        Slot::Zeros => old || new,
        Slot::Broken(stamps) => old || sectors::is_behind(stamps, counts.generation, new),
        Slot::Whole(_) => false,
    }
}

/// The lower bit of every state of a word.
pub(crate) const LOW_BITS: u64 = 0x5555_5555_5555_5555;

/// Writes a slot into `slot`, which is reused between pages.
pub(crate) fn write_slot(
    slot: &mut [u8; SLOT_BYTES],
    index: PageIndex,
    generation: u64,
    words: &[u64; WORDS],
    changed: Changed,
    other: Other,
) {
    let mut content = [0; END + 4];
    content[..8].copy_from_slice(&MAGIC);
    content[8..12].copy_from_slice(&VERSION.to_le_bytes());
    content[16..24].copy_from_slice(&u64::from(index.0).to_le_bytes());
    content[24..32].copy_from_slice(&generation.to_le_bytes());
    content[32..40].copy_from_slice(&changed.epoch.to_le_bytes());
    content[40..48].copy_from_slice(&changed.chunks.to_le_bytes());
    content[48..52].copy_from_slice(&u32::from(other == Other::Old).to_le_bytes());
    content[52..56].copy_from_slice(&u32::from(other == Other::Never).to_le_bytes());
    for (bytes, word) in content[PAYLOAD_AT..END].as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    let crc = checksum(&content);
    content[END..].copy_from_slice(&crc.to_le_bytes());
    sectors::seal(slot, &content, index.0, generation);
    let crc = checksum(slot);
    slot[12..16].copy_from_slice(&crc.to_le_bytes());
}

/// Reads one slot of page `index`.
pub(crate) fn read_slot(index: u32, slot: &[u8]) -> Result<Slot, VolumeError> {
    if slot.iter().all(|b| *b == 0) {
        return Ok(Slot::Zeros);
    }
    let stamps = sectors::stamps(slot);
    let elsewhere = |stamp: &Stamp| matches!(stamp, Stamp::Of { index: of, .. } if *of != index);
    if stamps.iter().any(elsewhere) {
        return Err(damaged(index, "another page lies in its place"));
    }
    if let Some(content) = whole(&stamps, slot) {
        return Ok(Slot::Whole(content));
    }
    if slot[..8] != MAGIC || u32_at(slot, 12) != checksum(slot) {
        return Ok(Slot::Broken(stamps));
    }
    match u32_at(slot, 8) {
        OLD if u64_at(slot, 16) != u64::from(index) => Err(damaged(index, "another page lies in its place")),
        OLD => {
            let (generation, bytes) = (u64_at(slot, 24), slot[..END].to_vec());
            Ok(Slot::Whole(Content { generation, old: true, other: Other::Written, bytes }))
        }
        found if found > VERSION => Err(VolumeError::Newer { what: "a map page", found, known: VERSION }),
        _ => Ok(Slot::Broken(stamps)),
    }
}

/// The content of a slot of which all sectors are of one write.
fn whole(stamps: &[Stamp; SECTORS], slot: &[u8]) -> Option<Content> {
    let Stamp::Of { generation, .. } = stamps[0] else { return None };
    let bytes = sectors::content(slot).to_vec();
    let fits = stamps.iter().all(|stamp| *stamp == stamps[0])
        && bytes[..8] == MAGIC
        && u32_at(&bytes, 8) == VERSION
        && u32_at(&bytes, END) == checksum(&bytes);
    let other = match (u32_at(&bytes, 48), u32_at(&bytes, 52)) {
        (1, _) => Other::Old,
        (_, 1) => Other::Never,
        _ => Other::Written,
    };
    fits.then_some(Content { generation, old: false, other, bytes })
}

fn checksum(slot: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&slot[..12]);
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, &slot[16..END])
}

pub(crate) fn damaged(index: u32, what: &str) -> VolumeError {
    let from = PageIndex(index).first_unit().offset();
    VolumeError::Damaged(format!("map page {index} (the 32 MiB from byte {from}): {what}"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests;
