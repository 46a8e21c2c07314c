//! A map page on disk: two slots written in turn.
//!
//! ```text
//!  file `map`:  page 0 | page 1 | …           page p at byte 8192 p; sparse; full length from the start
//!  a page    :  slot A (4,096) | slot B (4,096)
//!
//!  a slot     0  magic         8 bytes "SVMAPPG\0"
//!             8  version       u32   1        ┐ keep their place in every version
//!            12  CRC32C        u32            ┘ over bytes 0..2112 with this field taken as zero
//!            16  page index    u64   a page written to the wrong place is noticed
//!            24  generation    u64   counts the writes of this page
//!            32  epoch         u64   ┐ chunks changed since the last stored snapshot, one bit each, chunk 0 in the lowest;
//!            40  changed       u64   ┘ the bits count while the layer is in this epoch (see `record.rs`)
//!            48  zeros
//!            64  payload       2,048 bytes: 8,192 units, 2 bits each, unit 0 in the lowest bits of byte 0
//!          2112  zeros to 4,096
//!
//!  states    00 unwritten: look in the layer below, then in the source, else zeros     01 written here
//!            10 zero (masks what is below)                         11 never
//! ```
//! Integers are little-endian. Writes go to the slot that does not count, so a write torn by a crash leaves the previous
//! state of the page, which is as of an earlier flush and therefore right. Of two valid slots the one with the higher
//! generation counts. A slot of nothing but zeros was never written. A torn very first write (one slot invalid, the other
//! zeros) is the page before that write: absent. Two invalid slots, or one beside a valid slot of another page, cannot come
//! from one crash: that is damage, and only the 32 MiB that the page covers are refused.
//! 4,096 bytes per slot although 2,112 are used: a slot never shares a disk sector with the other one.

use crate::VolumeError;
use crate::geometry::{PageIndex, UNITS_PER_PAGE};

/// Bytes of one slot.
pub(crate) const SLOT_BYTES: usize = 4096;
/// Bytes of a page on disk.
pub(crate) const PAGE_BYTES: usize = 2 * SLOT_BYTES;
/// States of the units of a page, 32 units per word.
pub(crate) const WORDS: usize = UNITS_PER_PAGE as usize / 32;

const MAGIC: [u8; 8] = *b"SVMAPPG\0";
const VERSION: u32 = 1;
const PAYLOAD_AT: usize = 64;
const END: usize = PAYLOAD_AT + WORDS * 8;

/// What the two slots say together.
pub struct PageOnDisk {
    /// Which slot counts, 0 or 1.
    pub slot: u8,
    pub generation: u64,
    /// Unit states.
    pub words: [u64; WORDS],
    pub changed: Changed,
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
    Invalid,
    Valid { generation: u64 },
}

/// Reads both slots of page `index`. `None`: the page was never (completely) written. Any bytes may come; none panic.
pub fn read_page(index: u32, bytes: &[u8; PAGE_BYTES]) -> Result<Option<PageOnDisk>, VolumeError> {
    let (a, b) = bytes.split_at(SLOT_BYTES);
    let slot = match (read_slot(index, a)?, read_slot(index, b)?) {
        (Slot::Zeros, Slot::Zeros | Slot::Invalid) | (Slot::Invalid, Slot::Zeros) => return Ok(None),
        (Slot::Valid { generation: a }, Slot::Valid { generation: b }) => u8::from(b > a),
        (Slot::Valid { .. }, _) => 0,
        (_, Slot::Valid { .. }) => 1,
        (Slot::Invalid, Slot::Invalid) => {
            return Err(damaged(index, "neither copy is valid"));
        }
    };
    let counts = if slot == 0 { a } else { b };
    let mut words = [0; WORDS];
    for (word, bytes) in words.iter_mut().zip(counts[PAYLOAD_AT..END].as_chunks().0) {
        *word = u64::from_le_bytes(*bytes);
        // 11 is no state. The checksum matched, so this was not rot.
        if *word & (*word >> 1) & LOW_BITS != 0 {
            return Err(damaged(index, "it holds a state that does not exist"));
        }
    }
    let changed = Changed { epoch: u64_at(counts, 32), chunks: u64_at(counts, 40) };
    Ok(Some(PageOnDisk { slot, generation: u64_at(counts, 24), words, changed }))
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
) {
    slot.fill(0);
    slot[..8].copy_from_slice(&MAGIC);
    slot[8..12].copy_from_slice(&VERSION.to_le_bytes());
    slot[16..24].copy_from_slice(&u64::from(index.0).to_le_bytes());
    slot[24..32].copy_from_slice(&generation.to_le_bytes());
    slot[32..40].copy_from_slice(&changed.epoch.to_le_bytes());
    slot[40..48].copy_from_slice(&changed.chunks.to_le_bytes());
    for (bytes, word) in slot[PAYLOAD_AT..END].as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    let crc = checksum(slot);
    slot[12..16].copy_from_slice(&crc.to_le_bytes());
}

/// Reads one slot of page `index`.
pub(crate) fn read_slot(index: u32, slot: &[u8]) -> Result<Slot, VolumeError> {
    if slot.iter().all(|b| *b == 0) {
        return Ok(Slot::Zeros);
    }
    if slot[..8] != MAGIC || u32_at(slot, 12) != checksum(slot) {
        return Ok(Slot::Invalid);
    }
    match u32_at(slot, 8) {
        VERSION => {}
        found if found > VERSION => {
            return Err(VolumeError::Newer { what: "a map page", found, known: VERSION });
        }
        _ => return Ok(Slot::Invalid),
    }
    if u64_at(slot, 16) != u64::from(index) {
        return Err(damaged(index, "another page lies in its place"));
    }
    Ok(Slot::Valid { generation: u64_at(slot, 24) })
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
