//! The sectors of a slot: each says by itself to which write of which page it belongs, so that a write torn by a crash can be told
//! from rot.
//!
//! ```text
//!  sector    0  content      496 bytes of the slot's content (`slot.rs`), five sectors of it; the other three are zeros
//!          496  generation   u64
//!          504  page index   u32
//!          508  CRC32C       u32  over bytes 0..508; in the first sector with bytes 12..16 taken as zero, where the slot's
//!                                 own checksum stands
//! ```
//! Disks write a sector whole or not at all. So after a crash every sector is one that was written, of this write or of an earlier one;
//! a sector whose checksum is wrong is rot.

use super::slot::SLOT_BYTES;

const SECTOR: usize = 512;
/// Content of a sector.
const PART: usize = 496;
/// Sectors that hold content.
pub(crate) const SECTORS: usize = 5;

/// What a sector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    Zeros,
    /// Of this write of this page.
    Of {
        index: u32,
        generation: u64,
    },
    /// Of none: rot, or not of this format.
    Bad,
}

/// Spreads the content over the sectors and seals each.
pub(super) fn seal(slot: &mut [u8; SLOT_BYTES], content: &[u8], index: u32, generation: u64) {
    slot.fill(0);
    for (n, (sector, part)) in
        slot.as_chunks_mut::<SECTOR>().0.iter_mut().zip(content.chunks(PART)).enumerate()
    {
        sector[..part.len()].copy_from_slice(part);
        sector[PART..504].copy_from_slice(&generation.to_le_bytes());
        sector[504..508].copy_from_slice(&index.to_le_bytes());
        let crc = checksum(n, sector);
        sector[508..].copy_from_slice(&crc.to_le_bytes());
    }
}

/// The content of the sectors, one after the other.
pub(super) fn content(slot: &[u8]) -> [u8; SECTORS * PART] {
    let mut content = [0; SECTORS * PART];
    for (part, sector) in content.as_chunks_mut::<PART>().0.iter_mut().zip(slot.as_chunks::<SECTOR>().0) {
        part.copy_from_slice(&sector[..PART]);
    }
    content
}

/// What each of the sectors says.
pub(super) fn stamps(slot: &[u8]) -> [Stamp; SECTORS] {
    let mut stamps = [Stamp::Zeros; SECTORS];
    for (n, (stamp, sector)) in stamps.iter_mut().zip(slot.as_chunks::<SECTOR>().0).enumerate() {
        let u32_at = |at: usize| sector[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
        if sector.iter().all(|b| *b == 0) {
            continue;
        }
        *stamp = match u32_at(508) == checksum(n, sector) {
            true => {
                let generation = sector[PART..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
                Stamp::Of { index: u32_at(504), generation }
            }
            false => Stamp::Bad,
        };
    }
    stamps
}

fn checksum(n: usize, sector: &[u8; SECTOR]) -> u32 {
    if n > 0 {
        return crc32c::crc32c(&sector[..508]);
    }
    let crc = crc32c::crc32c_append(crc32c::crc32c(&sector[..12]), &[0; 4]);
    crc32c::crc32c_append(crc, &sector[16..508])
}

/// Whether a slot that is not whole needs no belief: the other one, whose write was `counts`, holds the latest state that was durable.
/// `new`: nothing was in this slot before it.
pub(super) fn is_behind(stamps: &[Stamp; SECTORS], counts: u64, new: bool) -> bool {
    match latest(stamps) {
        // Nothing tells what it was.
        None => false,
        // An earlier write, of which something has rotted: it does not matter.
        Some(latest) if latest < counts => true,
        // A later write, torn: then every sector is as it was written then or before.
        Some(_) => stamps.iter().all(|stamp| *stamp != Stamp::Bad && (new || *stamp != Stamp::Zeros)),
    }
}

/// The highest generation that a sector names.
pub(super) fn latest(stamps: &[Stamp; SECTORS]) -> Option<u64> {
    let generations = stamps.iter().filter_map(|stamp| match stamp {
        Stamp::Of { generation, .. } => Some(*generation),
        Stamp::Zeros | Stamp::Bad => None,
    });
    generations.max()
}
