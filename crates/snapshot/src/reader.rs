//! Reading a stored snapshot: [`Reader`].

use crate::buffer::Buffers;
use crate::fetch::{fetch_part, fetch_part_into};
use crate::manifest::{Manifest, PageRef, chunks_of};
use crate::name::Kind;
use crate::page::{CHUNKS_PER_PAGE, Entry, Page};
use crate::{Chunk, ChunkSource, Head, SnapshotError, SnapshotRef, Snapshots};
use chunks::ChunkStore;
use parking_lot::Mutex;
use std::sync::Arc;

/// Pages kept in memory, about 40 KiB each. 32 of them cover 16 GiB of the volume, so that random reads of a working set rarely
/// fetch a page, and a thousand readers stay far below 2 GiB.
const PAGES_KEPT: usize = 32;

/// A stored snapshot, opened. Its manifest was verified; pages and chunks are verified as they are read.
pub struct Reader {
    store: Arc<dyn ChunkStore>,
    buffers: Arc<Buffers>,
    at: SnapshotRef,
    manifest: Manifest,
    /// Least recently used first.
    pages: Mutex<Vec<Arc<Page>>>,
}

impl Reader {
    pub(crate) fn new(snapshots: &Snapshots, at: SnapshotRef, manifest: Manifest) -> Reader {
        let (store, buffers) = (snapshots.store.clone(), snapshots.buffers.clone());
        Reader { store, buffers, at, manifest, pages: Mutex::new(Vec::new()) }
    }

    pub fn at(&self) -> &SnapshotRef {
        &self.at
    }

    pub fn head(&self) -> &Head {
        self.manifest.head()
    }

    /// Whether the snapshot holds the chunk; what it does not hold reads as zeros.
    pub fn holds(&self, index: u32) -> Result<bool, SnapshotError> {
        Ok(self.entry(index)?.is_some())
    }

    /// Which object holds the chunk; `None` if the snapshot does not hold it.
    pub fn entry(&self, index: u32) -> Result<Option<Entry>, SnapshotError> {
        let Ok(n) = self.manifest.find(index / CHUNKS_PER_PAGE) else { return Ok(None) };
        let Some(page) = self.manifest.page_at(n) else { return Ok(None) };
        Ok(self.page(&page)?.entry(index))
    }

    /// The page of an entry of this manifest.
    pub(crate) fn page(&self, wanted: &PageRef) -> Result<Arc<Page>, SnapshotError> {
        if let Some(page) = self.kept(wanted.number) {
            return Ok(page);
        }
        let page = Arc::new(load_page(&*self.store, self.head(), wanted)?);
        let mut pages = self.pages.lock();
        if pages.len() >= PAGES_KEPT {
            pages.remove(0);
        }
        pages.push(page.clone());
        Ok(page)
    }

    fn kept(&self, number: u32) -> Option<Arc<Page>> {
        let mut pages = self.pages.lock();
        let at = pages.iter().rposition(|page| page.number() == number)?;
        let page = pages.remove(at);
        pages.push(page.clone());
        Some(page)
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl ChunkSource for Reader {
    fn size_bytes(&self) -> u64 {
        self.head().size_bytes
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        let mut found = Vec::new();
        let (Ok(mut n) | Err(mut n)) = self.manifest.find(from / CHUNKS_PER_PAGE);
        while let Some(page) = self.manifest.page_at(n).filter(|_| found.len() < max) {
            let page = self.page(&page)?;
            let rest = max - found.len();
            found.extend(page.entries().map(|(index, _)| index).filter(|i| *i >= from).take(rest));
            n += 1;
        }
        Ok(found)
    }

    fn indices_below(&self, from: u32, end: u32) -> Result<Vec<u32>, SnapshotError> {
        let mut found = Vec::new();
        for number in from / CHUNKS_PER_PAGE..end.div_ceil(CHUNKS_PER_PAGE) {
            let Ok(n) = self.manifest.find(number) else { continue };
            let Some(page) = self.manifest.page_at(n) else { continue };
            let page = self.page(&page)?;
            found.extend(page.entries().map(|(index, _)| index).filter(|i| (from..end).contains(i)));
        }
        Ok(found)
    }

    fn at_once(&self) -> usize {
        self.store.at_once()
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        let Some(entry) = self.entry(index)? else { return Ok(None) };
        let kind = Kind::Chunk { index, hash: entry.hash };
        let (region, mut buffer) = (&self.head().region, self.buffers.take());
        let name = fetch_part_into(&*self.store, region, &entry.writer, kind, buffer.for_filling())?;
        Chunk::decode_buffer(name.as_str(), buffer).map(Some)
    }
}

/// Fetches a page and checks it against its name and against what the manifest says of it.
pub(crate) fn load_page(
    store: &dyn ChunkStore,
    head: &Head,
    wanted: &PageRef,
) -> Result<Page, SnapshotError> {
    let kind = Kind::Page { index: wanted.number, hash: wanted.hash };
    let (name, bytes) = fetch_part(store, &head.region, &wanted.writer, kind)?;
    let page = Page::decode(name.as_str(), &bytes, wanted.number)?;
    let last = page.entries().last().map_or(0, |(index, _)| u64::from(index));
    if page.held() != wanted.held || last >= chunks_of(head.size_bytes) {
        return Err(SnapshotError::damaged(name, "it does not fit the manifest that names it"));
    }
    Ok(page)
}
