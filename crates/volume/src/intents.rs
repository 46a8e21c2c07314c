//! The record of intents: which map pages are being written in place, so that after a crash their units may not match their
//! tags. A page's bit is durable before the first of its units is overwritten, and goes some time after the last.
//!
//! ```text
//!  file `intents`:  part 0 | part 1 | …     part p at byte 8192 p; 128 parts of 512 GiB of volume; sparse, full length
//!  a part        :  slot A (4,096) | slot B (4,096)
//!
//!  a slot     0  magic         8 bytes "SVINTNT\0"
//!             8  version       u32   1
//!            12  zero          u32
//!            16  part          u64
//!            24  generation    u64   of two valid slots the one with the higher one counts; no two writes have the same
//!            32  tag           16 bytes, over the whole slot with this field taken as zero (`cipher::Tagged::Record`)
//!            48  zeros
//!            64  pages         2,048 bytes: 16,384 map pages, one bit each, page 0 in the lowest bit of byte 0
//!          2112  zeros to 4,096
//! ```
//! Integers are little-endian. Writes go to the slot that does not count. A slot of zeros was never written; one that is not
//! valid beside one of zeros is a torn first write, on which no data was waiting. Two that are not valid are damage.
//!
//! Bits are taken back in memory only, and leave the disk with the next write of the part or an orderly close: a bit too many
//! after a crash costs a look, a bit too few would refuse good data.

use crate::VolumeError;
use crate::geometry::{PageIndex, UNITS_PER_PAGE, VOLUME_BYTES_MAX};
use cipher::{DataUnit, Tagged, Tagger};
use env::File;
use parking_lot::{Mutex, MutexGuard};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

pub(crate) const INTENTS_FILE: &str = "intents";
const MAGIC: [u8; 8] = *b"SVINTNT\0";
const VERSION: u32 = 1;
pub(crate) const SLOT: usize = 4096;
const PAYLOAD_AT: usize = 64;
const WORDS: usize = 256;
/// Map pages of a part.
const PAGES: u32 = WORDS as u32 * 64;
pub(crate) const PARTS: usize =
    (VOLUME_BYTES_MAX / (PAGES as u64 * UNITS_PER_PAGE * crate::DATA_UNIT_BYTES)) as usize;
/// No crashes in a row tear so many writes of a part.
const FAR: u64 = 1 << 32;
/// Length of the file.
pub(crate) const FILE_BYTES: u64 = (PARTS * 2 * SLOT) as u64;

/// 512 GiB of volume.
struct Part {
    /// Durable.
    set: [AtomicU64; WORDS],
    /// Written to since bits were taken back last.
    touched: [AtomicU64; WORDS],
}

/// What the slots on the disk are.
#[derive(Clone, Copy)]
struct OnDisk {
    /// The highest one in either slot, so that what is left of a torn write never becomes whole by a later one.
    generation: u64,
    /// The slot that counts.
    slot: u8,
    /// Memory has fewer bits.
    stale: bool,
}

pub(crate) struct Intents {
    file: Arc<dyn File>,
    parts: [OnceLock<Box<Part>>; PARTS],
    /// Held while the file is written.
    on_disk: Mutex<[OnDisk; PARTS]>,
}

impl Intents {
    pub fn new(file: Arc<dyn File>) -> Intents {
        let none = OnDisk { generation: 0, slot: 1, stale: false };
        Intents { file, parts: [const { OnceLock::new() }; PARTS], on_disk: Mutex::new([none; PARTS]) }
    }

    /// Reads the file; returns the pages whose bit is set.
    pub fn load(&self, tagger: &Tagger) -> Result<Vec<PageIndex>, VolumeError> {
        let mut pages = Vec::new();
        let mut on_disk = self.on_disk.lock();
        if self.file.len().map_err(VolumeError::io("measuring the record of intents"))? < FILE_BYTES {
            return Err(damaged("it is too short"));
        }
        for (number, known) in on_disk.iter_mut().enumerate() {
            let mut bytes = [0; 2 * SLOT];
            let at = (number * 2 * SLOT) as u64;
            self.file
                .read_zero_filled_at(&mut bytes, at)
                .map_err(VolumeError::io("reading the record of intents"))?;
            let ReadPart { counts, latest, .. } = read_part(Some(tagger), number, &bytes)?;
            known.generation = latest;
            let Some((slot, words)) = counts else { continue };
            known.slot = slot;
            let part = self.part(number);
            for (n, (word, to)) in words.into_iter().zip(&part.set).enumerate() {
                to.store(word, Ordering::Release);
                let bits = (0..64).filter(|bit| word >> bit & 1 == 1);
                pages.extend(bits.map(|bit| PageIndex((number * WORDS * 64 + n * 64 + bit) as u32)));
            }
        }
        Ok(pages)
    }

    /// Notes that the page is about to be written in place. Returns whether its bit is set: if not, nothing may be written
    /// before [`Intents::set`]. Call with the gate held.
    pub fn note(&self, page: PageIndex) -> bool {
        let (number, word, bit) = place(page);
        let Some(part) = self.parts.get(number).and_then(OnceLock::get) else { return false };
        if part.set[word].load(Ordering::Acquire) & bit == 0 {
            return false;
        }
        if part.touched[word].load(Ordering::Relaxed) & bit == 0 {
            part.touched[word].fetch_or(bit, Ordering::AcqRel);
        }
        true
    }

    /// Sets the page's bit, durably.
    pub fn set(&self, page: PageIndex, tagger: &Tagger) -> Result<(), IntentError> {
        let (number, word, bit) = place(page);
        let mut on_disk = self.on_disk.lock();
        let part = self.part(number);
        if part.set[word].load(Ordering::Acquire) & bit != 0 {
            return Ok(());
        }
        let mut words = read_words(part);
        words[word] |= bit;
        self.write(&mut on_disk, number, &words, tagger)?;
        part.touched[word].fetch_or(bit, Ordering::AcqRel);
        part.set[word].fetch_or(bit, Ordering::AcqRel);
        Ok(())
    }

    /// Keeps the file from being written. Before the gate, so that nobody waits at the gate for a sync.
    pub fn hold(&self) -> Held<'_> {
        Held(self.on_disk.lock())
    }

    /// Takes back the bits of pages that were not written to since the last call, except those for which `keep` says so. Call
    /// with the gate held exclusively, after a flush that began after the last call.
    pub fn take_back(&self, held: &mut Held<'_>, all: bool, keep: impl Fn(PageIndex) -> bool) {
        for (number, part) in self.parts.iter().enumerate() {
            let Some(part) = part.get() else { continue };
            for (n, (set, touched)) in part.set.iter().zip(&part.touched).enumerate() {
                let touched = touched.swap(0, Ordering::AcqRel);
                let before = set.load(Ordering::Acquire);
                let recent = if all { 0 } else { before & touched };
                let kept = (0..64).filter(|bit| {
                    let page = PageIndex((number * WORDS * 64 + n * 64 + bit) as u32);
                    (before & !recent) >> bit & 1 == 1 && keep(page)
                });
                let after = kept.fold(recent, |bits, bit| bits | 1 << bit);
                set.store(after, Ordering::Release);
                held.0[number].stale |= after != before;
            }
        }
    }

    /// Writes what was taken back, durably.
    pub fn save(&self, tagger: &Tagger) -> Result<(), IntentError> {
        let mut on_disk = self.on_disk.lock();
        for (number, part) in self.parts.iter().enumerate() {
            if let Some(part) = part.get()
                && on_disk[number].stale
            {
                self.write(&mut on_disk, number, &read_words(part), tagger)?;
            }
        }
        Ok(())
    }

    fn part(&self, number: usize) -> &Part {
        self.parts[number].get_or_init(|| {
            let zeros = || [const { AtomicU64::new(0) }; WORDS];
            Box::new(Part { set: zeros(), touched: zeros() })
        })
    }

    fn write(
        &self,
        on_disk: &mut MutexGuard<'_, [OnDisk; PARTS]>,
        number: usize,
        words: &[u64; WORDS],
        tagger: &Tagger,
    ) -> Result<(), IntentError> {
        let (generation, slot) = (on_disk[number].generation + 1, 1 - on_disk[number].slot);
        let bytes = slot_bytes(tagger, number, generation, words)?;
        let at = (number * 2 * SLOT + usize::from(slot) * SLOT) as u64;
        self.file.write_all_at(&bytes, at).map_err(VolumeError::io("writing the record of intents"))?;
        self.file.sync_data().map_err(IntentError::Sync)?;
        on_disk[number] = OnDisk { generation, slot, stale: false };
        Ok(())
    }
}

/// Nobody writes the file while this is held.
pub(crate) struct Held<'a>(MutexGuard<'a, [OnDisk; PARTS]>);

/// A record that could not be written, and what that means for the volume.
pub(crate) enum IntentError {
    /// The volume stays as it is.
    Volume(VolumeError),
    /// It must take no more writes.
    Sync(io::Error),
}

impl From<VolumeError> for IntentError {
    fn from(error: VolumeError) -> IntentError {
        IntentError::Volume(error)
    }
}

fn place(page: PageIndex) -> (usize, usize, u64) {
    let in_part = page.0 % PAGES;
    ((page.0 / PAGES) as usize, in_part as usize / 64, 1 << (in_part % 64))
}

fn read_words(part: &Part) -> [u64; WORDS] {
    std::array::from_fn(|n| part.set[n].load(Ordering::Acquire))
}

fn slot_bytes(
    tagger: &Tagger,
    number: usize,
    generation: u64,
    words: &[u64; WORDS],
) -> Result<[u8; SLOT], VolumeError> {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&MAGIC);
    slot[8..12].copy_from_slice(&VERSION.to_le_bytes());
    slot[16..24].copy_from_slice(&(number as u64).to_le_bytes());
    slot[24..32].copy_from_slice(&generation.to_le_bytes());
    for (bytes, word) in slot[PAYLOAD_AT..].as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    let tag = tagger.tag(Tagged::Record, DataUnit(number as u64), &slot)?;
    slot[32..48].copy_from_slice(&tag);
    Ok(slot)
}

/// What the two slots of a part say together.
struct ReadPart {
    /// The slot that counts, and what it holds.
    counts: Option<(u8, [u64; WORDS])>,
    /// The highest generation in either slot.
    latest: u64,
    /// One slot is not valid.
    torn: bool,
}

/// Reads a part. Any bytes may come; none panic. Whoever has no tagger, for want of the key, cannot look at the tags.
fn read_part(
    tagger: Option<&Tagger>,
    number: usize,
    bytes: &[u8; 2 * SLOT],
) -> Result<ReadPart, VolumeError> {
    let (mut best, mut torn): (Option<(u64, u8, &[u8])>, _) = (None, Vec::new());
    for (slot, bytes) in (0u8..).zip(bytes.chunks_exact(SLOT)) {
        if bytes.iter().all(|b| *b == 0) {
            continue;
        }
        match generation_of(tagger, number, bytes)? {
            None => torn.push(bytes),
            Some(generation) if best.is_none_or(|(known, ..)| generation > known) => {
                best = Some((generation, slot, bytes));
            }
            Some(_) => {}
        }
    }
    if torn.len() == 2 {
        return Err(damaged("neither copy of a part is valid, or this is not the volume's key"));
    }
    let counts = best.map(|(_, slot, bytes)| {
        let words = bytes[PAYLOAD_AT..].as_chunks().0;
        (slot, std::array::from_fn(|n| words.get(n).map_or(0, |word| u64::from_le_bytes(*word))))
    });
    let latest = best.map_or(0, |(generation, ..)| generation);
    // A torn write's, if its first sector was written. What is far off is rot.
    let claims = torn.iter().filter_map(|bytes| Some(u64::from_le_bytes(*bytes[24..].first_chunk()?)));
    let latest = claims.filter(|claim| claim.saturating_sub(latest) < FAR).max().unwrap_or(0).max(latest);
    Ok(ReadPart { counts, latest, torn: !torn.is_empty() })
}

/// What who checks a volume wants to know of a part.
pub(crate) struct Looked {
    /// Pages whose bit is set.
    pub pages: u32,
    pub torn: bool,
}

/// Looks at a part, perhaps without the key.
pub(crate) fn look_at(
    tagger: Option<&Tagger>,
    number: usize,
    bytes: &[u8; 2 * SLOT],
) -> Result<Looked, VolumeError> {
    let ReadPart { counts, torn, .. } = read_part(tagger, number, bytes)?;
    let pages = counts.map_or(0, |(_, words)| words.iter().map(|word| word.count_ones()).sum());
    Ok(Looked { pages, torn })
}

/// The generation of a valid slot.
fn generation_of(tagger: Option<&Tagger>, number: usize, bytes: &[u8]) -> Result<Option<u64>, VolumeError> {
    let (Some(tag), Some(generation)) = (bytes[32..].first_chunk::<16>(), bytes[24..].first_chunk()) else {
        return Ok(None);
    };
    let mut slot = bytes.to_vec();
    slot[32..48].fill(0);
    let version = bytes[8..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    let right = bytes[..8] == MAGIC && bytes[16..24] == (number as u64).to_le_bytes();
    let passes = |tagger: &Tagger| tagger.passes(Tagged::Record, DataUnit(number as u64), &slot, tag);
    if !right || !tagger.map_or(Ok(true), passes)? {
        return Ok(None);
    }
    match version {
        VERSION => Ok(Some(u64::from_le_bytes(*generation))),
        found => Err(VolumeError::Newer { what: "the record of intents", found, known: VERSION }),
    }
}

fn damaged(what: &str) -> VolumeError {
    VolumeError::Damaged(format!("the record of intents: {what}"))
}

#[cfg(test)]
#[path = "intents_tests.rs"]
mod tests;
