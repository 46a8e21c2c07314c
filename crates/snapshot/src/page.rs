//! A page of a manifest: the chunks of 512 MiB of the volume. Pages are objects of their own so that a snapshot of a huge volume
//! of which little changed writes little: it names the unchanged pages of earlier snapshots.
//!
//! ```text
//!   0  magic     8 bytes "SVPAGE\0\0"
//!   8  version   u32  1
//!  12  page      u32  its number; it covers chunks page * 1,024 and following
//!  16  chunks    u16  entries, 1 to 1,024
//!  18  writers   u16  snapshots that wrote them, 1 to `chunks`
//!  20  writers   length u16 and snapshot id, each; in the order in which entries first use them
//!      entries   36 bytes each, ascending by place:
//!                place u16 (chunk within the page) · writer u16 · hash 32 bytes
//! ```
//! Integers are little-endian. Equal content has one encoding and so one hash, which is how unchanged pages are recognised.
//! There is no checksum inside: the name carries the hash.

use crate::bytes::{Fields, put_counted};
use crate::manifest::SIZE_MAX;
use crate::name::is_segment;
use crate::{CHUNK_BYTES, ChunkHash, SnapshotError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Chunks that a page covers.
pub(crate) const CHUNKS_PER_PAGE: u32 = 1024;

/// Pages of the largest volume.
pub(crate) const PAGES_MAX: u32 = (SIZE_MAX / (CHUNK_BYTES as u64 * CHUNKS_PER_PAGE as u64)) as u32;

const MAGIC: [u8; 8] = *b"SVPAGE\0\0";
const VERSION: u32 = 1;
const ENTRY_BYTES: usize = 36;

/// Where a chunk is: which snapshot wrote it, and its hash.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub writer: Arc<str>,
    pub hash: ChunkHash,
}

/// A page in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    number: u32,
    writers: Vec<Arc<str>>,
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    place: u16,
    writer: u16,
    hash: ChunkHash,
}

impl Page {
    /// A page of chunks by index, ascending, all of which the page covers. `None` if there are none.
    pub(crate) fn new(number: u32, entries: &[(u32, Entry)]) -> Option<Page> {
        let mut page = Page { number, writers: Vec::new(), slots: Vec::with_capacity(entries.len()) };
        let mut known: HashMap<&str, u16> = HashMap::new();
        for (index, entry) in entries {
            let fresh = page.writers.len() as u16;
            let writer = *known.entry(&entry.writer).or_insert(fresh);
            if writer == fresh {
                page.writers.push(entry.writer.clone());
            }
            let place = (index % CHUNKS_PER_PAGE) as u16;
            page.slots.push(Slot { place, writer, hash: entry.hash });
        }
        (!page.slots.is_empty()).then_some(page)
    }

    pub fn number(&self) -> u32 {
        self.number
    }

    /// Chunks it names.
    pub fn held(&self) -> u32 {
        self.slots.len() as u32
    }

    /// The chunk of this index, if it is named here.
    pub fn entry(&self, index: u32) -> Option<Entry> {
        if index / CHUNKS_PER_PAGE != self.number {
            return None;
        }
        let place = (index % CHUNKS_PER_PAGE) as u16;
        let at = self.slots.binary_search_by_key(&place, |s| s.place).ok()?;
        self.at(at).map(|(_, entry)| entry)
    }

    /// All chunks by index, ascending.
    pub fn entries(&self) -> impl Iterator<Item = (u32, Entry)> {
        (0..self.slots.len()).filter_map(|n| self.at(n))
    }

    fn at(&self, n: usize) -> Option<(u32, Entry)> {
        let slot = self.slots.get(n)?;
        let writer = self.writers.get(usize::from(slot.writer))?.clone();
        Some((self.number * CHUNKS_PER_PAGE + u32::from(slot.place), Entry { writer, hash: slot.hash }))
    }

    /// The object to store.
    pub fn encode(&self) -> Vec<u8> {
        let mut object = Vec::with_capacity(64 + self.slots.len() * ENTRY_BYTES);
        object.extend_from_slice(&MAGIC);
        object.extend_from_slice(&VERSION.to_le_bytes());
        object.extend_from_slice(&self.number.to_le_bytes());
        object.extend_from_slice(&(self.slots.len() as u16).to_le_bytes());
        object.extend_from_slice(&(self.writers.len() as u16).to_le_bytes());
        for writer in &self.writers {
            put_counted(&mut object, writer.as_bytes());
        }
        for slot in &self.slots {
            object.extend_from_slice(&slot.place.to_le_bytes());
            object.extend_from_slice(&slot.writer.to_le_bytes());
            object.extend_from_slice(slot.hash.as_bytes());
        }
        object
    }

    /// Reads an object that is named as page `number`. Any bytes may come; none panic, and none make it allocate more than a few
    /// times their length. `object` names it in errors.
    pub fn decode(object: &str, bytes: &[u8], number: u32) -> Result<Page, SnapshotError> {
        let damaged = |what| SnapshotError::damaged(object, what);
        if number >= PAGES_MAX {
            return Err(damaged("no volume has a page of this number"));
        }
        let mut fields = Fields(bytes);
        if fields.array() != Some(MAGIC) {
            return Err(damaged("it is no manifest page"));
        }
        let version = fields.u32().ok_or_else(|| damaged("it is too short"))?;
        if version > VERSION {
            return Err(SnapshotError::Newer { object: object.to_owned(), found: version, known: VERSION });
        }
        if version != VERSION || fields.u32() != Some(number) {
            return Err(damaged("it is not the page that its name says"));
        }
        let page = read_body(&mut fields, number).ok_or_else(|| damaged("its entries are malformed"))?;
        if !fields.0.is_empty() {
            return Err(damaged("bytes follow its end"));
        }
        Ok(page)
    }
}

/// Reads what follows the page's number; `None` if it is not what [`Page::encode`] writes.
fn read_body(fields: &mut Fields<'_>, number: u32) -> Option<Page> {
    let (chunks, writers) = (fields.u16()?, fields.u16()?);
    if chunks == 0 || u32::from(chunks) > CHUNKS_PER_PAGE || writers > chunks {
        return None;
    }
    let mut page = Page { number, writers: Vec::new(), slots: Vec::new() };
    let mut seen = HashSet::new();
    for _ in 0..writers {
        let writer = fields.text().filter(|w| is_segment(w))?;
        page.writers.push(Arc::from(writer));
        seen.insert(writer).then_some(())?;
    }
    let mut used = 0;
    for _ in 0..chunks {
        let (place, writer, hash) = (fields.u16()?, fields.u16()?, fields.array()?);
        let ascends = page.slots.last().is_none_or(|last| last.place < place);
        if !ascends || u32::from(place) >= CHUNKS_PER_PAGE || writer > used || writer >= writers {
            return None;
        }
        used = used.max(writer + 1);
        page.slots.push(Slot { place, writer, hash: ChunkHash::from_bytes(hash) });
    }
    (used == writers).then_some(page)
}
