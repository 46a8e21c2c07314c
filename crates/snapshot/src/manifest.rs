//! A manifest: the head of a snapshot and the list of its pages. Writing it completes the snapshot.
//!
//! ```text
//!   0  magic       8 bytes "SVMANIF\0"
//!   8  version     u32  1
//!  12  encrypted   u8   1 if the key fields below are there, else 0
//!  13  zeros       3 bytes
//!  16  size        u64  bytes of the volume, at most 64 TiB
//!  24  chunks      u64  chunks held, the sum over its pages
//!  32  pages       u32  pages that hold chunks, at most 131,072
//!  36  writers     u32  snapshots that wrote them, at most `pages`
//!  40  region, snapshot, lineage           length u16 and text, each
//!      KMS key's ARN, context id (texts), wrapped key (bytes)     only if encrypted
//!      writers     length u16 and snapshot id, each; in the order in which pages first use them
//!      pages       44 bytes each, ascending by number:
//!                  number u32 · writer u32 · chunks held u32, 1 to 1,024 · hash 32 bytes
//!      seal        32 bytes, BLAKE3 of all before
//! ```
//! Integers are little-endian. The catalog keeps the hash of the whole object. The seal at the end is for who has no catalog:
//! `scrub` finds damage with it. The list is in one object because even 64 TiB make it only 5.5 MiB long.

use crate::bytes::{Fields, put_counted};
use crate::name::is_segment;
use crate::page::{CHUNKS_PER_PAGE, PAGES_MAX};
use crate::spec::{Encryption, Head};
use crate::{CHUNK_BYTES, ChunkHash, SnapshotError};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Largest volume: EBS's largest (io2 Block Express, 64 TiB).
pub(crate) const SIZE_MAX: u64 = 64 << 40;
/// Longest texts and wrapped key: an ARN of KMS has up to 2,048 bytes, a ciphertext blob up to 6,144 (KMS API reference).
const TEXT_MAX: usize = 2048;
const WRAPPED_MAX: usize = 6144;

const MAGIC: [u8; 8] = *b"SVMANIF\0";
const VERSION: u32 = 1;
const PAGE_BYTES: usize = 44;
const SEAL_BYTES: usize = 32;

/// A page as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRef {
    pub number: u32,
    pub writer: Arc<str>,
    /// Chunks it names.
    pub held: u32,
    pub hash: ChunkHash,
}

/// A manifest in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    head: Head,
    writers: Vec<Arc<str>>,
    slots: Vec<Slot>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    number: u32,
    writer: u32,
    held: u32,
    hash: ChunkHash,
}

/// Chunks of a volume of this size; the last may be cut short.
pub(crate) fn chunks_of(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(CHUNK_BYTES as u64)
}

impl Manifest {
    /// Makes the manifest of pages in ascending order; `head.chunks` is counted here.
    pub fn new(mut head: Head, pages: impl IntoIterator<Item = PageRef>) -> Result<Manifest, SnapshotError> {
        let (mut writers, mut slots) = (Vec::new(), Vec::new());
        let mut known: HashMap<Arc<str>, u32> = HashMap::new();
        head.chunks = 0;
        for page in pages {
            let fresh = writers.len() as u32;
            let writer = *known.entry(page.writer.clone()).or_insert(fresh);
            if writer == fresh {
                writers.push(page.writer);
            }
            head.chunks += u64::from(page.held);
            slots.push(Slot { number: page.number, writer, held: page.held, hash: page.hash });
        }
        check_head(&head).map_err(SnapshotError::refused)?;
        let manifest = Manifest { head, writers, slots };
        manifest.check_pages().ok_or_else(|| SnapshotError::refused("pages out of order or place"))?;
        Ok(manifest)
    }

    pub fn head(&self) -> &Head {
        &self.head
    }

    /// How many pages hold chunks.
    pub fn page_count(&self) -> usize {
        self.slots.len()
    }

    /// The n-th of the pages that hold chunks.
    pub fn page_at(&self, n: usize) -> Option<PageRef> {
        let slot = self.slots.get(n)?;
        let writer = self.writers.get(slot.writer as usize)?.clone();
        Some(PageRef { number: slot.number, writer, held: slot.held, hash: slot.hash })
    }

    /// Where in the list a page of this number is, or would be.
    pub fn find(&self, number: u32) -> Result<usize, usize> {
        self.slots.binary_search_by_key(&number, |slot| slot.number)
    }

    /// All pages that hold chunks, ascending.
    pub fn pages(&self) -> impl Iterator<Item = PageRef> {
        (0..self.slots.len()).filter_map(|n| self.page_at(n))
    }

    /// The object to store.
    pub fn encode(&self) -> Vec<u8> {
        let head = &self.head;
        let mut object = Vec::with_capacity(4096 + self.slots.len() * PAGE_BYTES);
        object.extend_from_slice(&MAGIC);
        object.extend_from_slice(&VERSION.to_le_bytes());
        object.extend_from_slice(&[u8::from(head.encryption.is_some()), 0, 0, 0]);
        object.extend_from_slice(&head.size_bytes.to_le_bytes());
        object.extend_from_slice(&head.chunks.to_le_bytes());
        object.extend_from_slice(&(self.slots.len() as u32).to_le_bytes());
        object.extend_from_slice(&(self.writers.len() as u32).to_le_bytes());
        for text in [&head.region, &head.snapshot, &head.lineage] {
            put_counted(&mut object, text.as_bytes());
        }
        if let Some(encryption) = &head.encryption {
            put_counted(&mut object, encryption.kms_key_arn.as_bytes());
            put_counted(&mut object, encryption.context_id.as_bytes());
            put_counted(&mut object, &encryption.wrapped_key);
        }
        for writer in &self.writers {
            put_counted(&mut object, writer.as_bytes());
        }
        for slot in &self.slots {
            object.extend_from_slice(&slot.number.to_le_bytes());
            object.extend_from_slice(&slot.writer.to_le_bytes());
            object.extend_from_slice(&slot.held.to_le_bytes());
            object.extend_from_slice(slot.hash.as_bytes());
        }
        let seal = ChunkHash::of(&object);
        object.extend_from_slice(seal.as_bytes());
        object
    }

    /// Reads an object. Any bytes may come; none panic, and none make it allocate more than a few times their length. `object`
    /// names it in errors.
    pub fn decode(object: &str, bytes: &[u8]) -> Result<Manifest, SnapshotError> {
        let damaged = |what| SnapshotError::damaged(object, what);
        let body = bytes.len().checked_sub(SEAL_BYTES).and_then(|at| bytes.split_at_checked(at));
        let (body, seal) = body.ok_or_else(|| damaged("it is too short"))?;
        let mut fields = Fields(body);
        if fields.array() != Some(MAGIC) {
            return Err(damaged("it is no manifest"));
        }
        // The version before the seal: a later release may seal otherwise.
        let version = fields.u32().ok_or_else(|| damaged("it is too short"))?;
        if version > VERSION {
            return Err(SnapshotError::Newer { object: object.to_owned(), found: version, known: VERSION });
        }
        if version != VERSION || ChunkHash::of(body).as_bytes() != seal {
            return Err(damaged("its bytes do not fit its seal"));
        }
        let manifest = read_body(&mut fields).ok_or_else(|| damaged("its fields are malformed"))?;
        check_head(&manifest.head).map_err(damaged)?;
        if !fields.0.is_empty() || manifest.check_pages().is_none() {
            return Err(damaged("its pages are malformed"));
        }
        Ok(manifest)
    }

    /// Whether the pages are what a manifest of this head can have, in the one form that they have.
    fn check_pages(&self) -> Option<()> {
        let chunks = chunks_of(self.head.size_bytes);
        let (mut next, mut used, mut held) = (0, 0, 0);
        for slot in &self.slots {
            let first = u64::from(slot.number) * u64::from(CHUNKS_PER_PAGE);
            let room = chunks.saturating_sub(first).min(u64::from(CHUNKS_PER_PAGE));
            let fits = slot.number >= next && (1..=room).contains(&u64::from(slot.held));
            (fits && slot.writer <= used).then_some(())?;
            next = slot.number + 1;
            used = used.max(slot.writer + 1);
            held += u64::from(slot.held);
        }
        let mut seen = HashSet::new();
        let writers = self.writers.iter().all(|w| is_segment(w) && seen.insert(w));
        (writers && used as usize == self.writers.len() && held == self.head.chunks).then_some(())
    }
}

/// Whether the texts and the size are such that a manifest can hold them; else what is wrong.
pub(crate) fn check_head(head: &Head) -> Result<(), &'static str> {
    let text = |text: &str| (1..=TEXT_MAX).contains(&text.len());
    if !is_segment(&head.region) || !is_segment(&head.snapshot) {
        return Err("its Region or snapshot id cannot name objects");
    }
    if head.size_bytes == 0 || head.size_bytes > SIZE_MAX {
        return Err("its size is not 1 byte to 64 TiB");
    }
    if !text(&head.lineage) {
        return Err("its lineage id is empty or too long");
    }
    let fits = |e: &Encryption| {
        text(&e.kms_key_arn) && text(&e.context_id) && (1..=WRAPPED_MAX).contains(&e.wrapped_key.len())
    };
    if !head.encryption.as_ref().is_none_or(fits) {
        return Err("its key's ARN, context id or wrapped key is empty or too long");
    }
    Ok(())
}

/// Reads what follows the version; `None` if it ends too early or a count is more than the bytes that are there can hold.
fn read_body(fields: &mut Fields<'_>) -> Option<Manifest> {
    let encrypted = match fields.array()? {
        [0, 0, 0, 0] => false,
        [1, 0, 0, 0] => true,
        _ => return None,
    };
    let (size_bytes, chunks) = (fields.u64()?, fields.u64()?);
    let (pages, writers) = (fields.u32()? as usize, fields.u32()? as usize);
    if pages > fields.0.len() / PAGE_BYTES || writers > pages {
        return None;
    }
    let mut text = || fields.text().map(str::to_owned);
    let (region, snapshot, lineage) = (text()?, text()?, text()?);
    let encryption = match encrypted {
        false => None,
        true => {
            let (kms_key_arn, context_id) = (text()?, text()?);
            let wrapped_key = fields.counted()?.to_vec();
            Some(Encryption { kms_key_arn, wrapped_key, context_id })
        }
    };
    let head = Head { region, snapshot, size_bytes, lineage, encryption, chunks };
    let mut manifest = Manifest { head, writers: Vec::new(), slots: Vec::with_capacity(pages) };
    for _ in 0..writers {
        manifest.writers.push(Arc::from(fields.text()?));
    }
    for _ in 0..pages {
        let (number, writer, held) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let hash = ChunkHash::from_bytes(fields.array()?);
        // Also keeps the arithmetic on numbers away from overflow.
        (number < PAGES_MAX).then_some(())?;
        ((writer as usize) < writers).then_some(())?;
        manifest.slots.push(Slot { number, writer, held, hash });
    }
    Some(manifest)
}
