//! Storing a snapshot, from a source of chunks or from chunks that were put one by one.
//!
//! ```text
//!  source ── 1,024 indices ──▶ threads: read, hash, send chunk ──▶ changes ── whole pages ──▶ threads: merge with base's page,
//!     ▲                                                               │                                   send page
//!     └──────────────────────── until the end ◀──────────────────────┘                at the end: send manifest
//! ```
//! The manifest is sent last, after everything else was made durable in one batch: until it is there the snapshot does not exist. After a crash the same is done again; what is
//! already there is not sent again, because names are hashes of content.

use crate::fetch::fetch;
use crate::manifest::{Manifest, PageRef, check_head, chunks_of};
use crate::name::{self, Kind};
use crate::name_set::{NameSet, Part};
use crate::page::{CHUNKS_PER_PAGE, Entry, Page};
use crate::{
    ChunkHash, ChunkSource, Control, Head, Reader, SnapshotError, SnapshotRef, Snapshots, StoreSpec, Stored,
};
use crate::{UNITS_PER_CHUNK, workers};
use chunks::{Batch, ObjectName};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Chunks asked for at once: enough that the threads rarely wait for each other at the end of a batch.
const BATCH: usize = 1024;
/// Object length of a chunk that holds all units.
const FULL_CHUNK_OBJECT: u64 = 32 + (UNITS_PER_CHUNK * cipher::DATA_UNIT_BYTES) as u64;

/// Chunks that were put one by one: those from an index on, ascending, at most so many; fewer only at the end.
pub type PutChunks<'a> = dyn FnMut(u32, usize) -> Result<Vec<(u32, ChunkHash)>, SnapshotError> + 'a;

impl Snapshots {
    /// Stores a snapshot: `base`, if given, overlaid with the chunks that `source` lists; a listed chunk that holds nothing is
    /// removed. Durable on return. Progress counts chunks that the source lists.
    ///
    /// May be repeated with the same arguments, after an error or a crash. Refused: a base of another lineage, Region or larger
    /// size, and a snapshot that is stored already with other content.
    pub fn store(
        &self,
        spec: &StoreSpec,
        base: Option<&Reader>,
        source: &dyn ChunkSource,
        control: &Control<'_>,
    ) -> Result<Stored, SnapshotError> {
        if source.size_bytes() > spec.size_bytes {
            return Err(SnapshotError::refused("the source is larger than the snapshot"));
        }
        let mut writing = Writing::begin(self, spec, base, control)?;
        let total = count(source, &writing)?;
        let done = AtomicU64::new(0);
        (control.progress)(0, total);
        let mut batches = Batches::new(spec);
        while let Some(from) = batches.next {
            let indices = source.indices(from, BATCH)?;
            batches.check(indices.iter().copied())?;
            let changes = workers::each(&indices, control.threads, control.stop, |index| {
                let change = writing.put_chunk(source, *index)?;
                (control.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok((*index, change))
            })?;
            writing.add(changes)?;
        }
        writing.finish()
    }

    /// Completes a snapshot whose chunks were put with [`Snapshots::put_chunk`]: `base`, if given, overlaid with them. Afterwards
    /// chunks that were put but replaced are removed. Progress counts the volume's chunks passed. May be repeated.
    pub fn assemble(
        &self,
        spec: &StoreSpec,
        base: Option<&Reader>,
        chunks: &mut PutChunks<'_>,
        control: &Control<'_>,
    ) -> Result<Stored, SnapshotError> {
        let mut writing = Writing::begin(self, spec, base, control)?;
        let total = chunks_of(spec.size_bytes);
        let mut batches = Batches::new(spec);
        while let Some(from) = batches.next {
            (control.progress)(u64::from(from), total);
            writing.check_stop()?;
            let put = chunks(from, BATCH)?;
            batches.check(put.iter().map(|(index, _)| *index))?;
            writing.written_chunks.fetch_add(put.len() as u64, Ordering::Relaxed);
            writing.written_bytes.fetch_add(put.len() as u64 * FULL_CHUNK_OBJECT, Ordering::Relaxed);
            writing.add(put.into_iter().map(|(index, hash)| (index, Change::Ours(hash))).collect())?;
        }
        let stored = writing.finish()?;
        (control.progress)(total, total);
        Ok(stored)
    }
}

/// Chunks that a source lists.
fn count(source: &dyn ChunkSource, writing: &Writing<'_>) -> Result<u64, SnapshotError> {
    let mut batches = Batches::new(writing.spec);
    let mut total = 0;
    while let Some(from) = batches.next {
        writing.check_stop()?;
        let indices = source.indices(from, BATCH)?;
        total += indices.len() as u64;
        batches.check(indices.into_iter())?;
    }
    Ok(total)
}

/// Where a listing goes on. Checks that indices ascend and lie in the volume, without which pages would be wrong.
struct Batches {
    next: Option<u32>,
    end: u64,
}

impl Batches {
    fn new(spec: &StoreSpec) -> Batches {
        Batches { next: Some(0), end: chunks_of(spec.size_bytes) }
    }

    fn check(&mut self, indices: impl ExactSizeIterator<Item = u32>) -> Result<(), SnapshotError> {
        let full = indices.len() >= BATCH;
        let mut from = self.next.unwrap_or(0);
        for index in indices {
            if index < from || u64::from(index) >= self.end {
                return Err(SnapshotError::refused("chunks are listed out of order or outside the volume"));
            }
            from = index + 1;
        }
        self.next = full.then_some(from);
        Ok(())
    }
}

/// What becomes of a chunk of the base.
#[derive(Clone, Copy)]
enum Change {
    /// The source's chunk is the base's, byte by byte.
    None,
    Removed,
    Ours(ChunkHash),
}

/// A snapshot being stored.
struct Writing<'a> {
    snapshots: &'a Snapshots,
    spec: &'a StoreSpec,
    base: Option<&'a Reader>,
    control: &'a Control<'a>,
    /// Chunks and pages on their way.
    batch: Box<dyn Batch + 'a>,
    /// Our objects that an earlier run had stored.
    there: NameSet,
    /// Changes of the last page begun, which more may follow.
    open: Vec<(u32, Option<ChunkHash>)>,
    /// Changed pages in ascending order; `None`: the page holds nothing any more.
    pages: Vec<(u32, Option<PageRef>)>,
    written_chunks: AtomicU64,
    written_bytes: AtomicU64,
    sent_bytes: AtomicU64,
}

impl<'a> Writing<'a> {
    fn begin(
        snapshots: &'a Snapshots,
        spec: &'a StoreSpec,
        base: Option<&'a Reader>,
        control: &'a Control<'a>,
    ) -> Result<Writing<'a>, SnapshotError> {
        check_head(&head(spec)).map_err(SnapshotError::refused)?;
        if let Some(base) = base {
            check_base(spec, base.head()).map_err(SnapshotError::refused)?;
        }
        let (mut there, prefix) = (NameSet::default(), name::prefix(&spec.region, &spec.snapshot)?);
        snapshots.store.list(&prefix, &mut |name| {
            // Those that the set has no room for are sent again, which is harmless.
            there.add(Part::ALL, &name);
            Ok(())
        })?;
        there.sort();
        if !there.is_empty() {
            // They are not sent again: whoever put them may have ended before they were durable.
            snapshots.store.settle(&prefix)?;
        }
        Ok(Writing {
            snapshots,
            spec,
            base,
            control,
            batch: snapshots.store.batch(),
            there,
            open: Vec::new(),
            pages: Vec::new(),
            written_chunks: AtomicU64::new(0),
            written_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
        })
    }

    fn check_stop(&self) -> Result<(), SnapshotError> {
        if self.control.stop.load(Ordering::Relaxed) { Err(SnapshotError::Stopped) } else { Ok(()) }
    }

    /// Sends an object unless it is there; durable when the batch is settled.
    fn send(&self, name: &ObjectName, object: &[u8]) -> Result<(), SnapshotError> {
        if self.there.has(name) {
            // The run that stored it may have ended before it was durable.
            return Ok(self.batch.keep(name)?);
        }
        self.batch.put(name, object)?;
        self.sent_bytes.fetch_add(object.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn name(&self, kind: Kind) -> Result<ObjectName, SnapshotError> {
        name::object(&self.spec.region, &self.spec.snapshot, kind)
    }

    /// Stores one chunk of the source unless the base has the same.
    fn put_chunk(&self, source: &dyn ChunkSource, index: u32) -> Result<Change, SnapshotError> {
        let Some(chunk) = source.chunk(index)?.filter(|chunk| !chunk.is_empty()) else {
            return Ok(Change::Removed);
        };
        let object = chunk.encode();
        let hash = ChunkHash::of(&object);
        if let Some(base) = self.base
            && base.entry(index)?.is_some_and(|entry| entry.hash == hash)
        {
            return Ok(Change::None);
        }
        self.send(&self.name(Kind::Chunk { index, hash })?, &object)?;
        self.written_chunks.fetch_add(1, Ordering::Relaxed);
        self.written_bytes.fetch_add(object.len() as u64, Ordering::Relaxed);
        Ok(Change::Ours(hash))
    }

    /// Takes the next changes, ascending, and writes the pages that are complete with them.
    fn add(&mut self, changes: Vec<(u32, Change)>) -> Result<(), SnapshotError> {
        for (index, change) in changes {
            match change {
                Change::None => {}
                Change::Removed => self.open.push((index, None)),
                Change::Ours(hash) => self.open.push((index, Some(hash))),
            }
        }
        let Some((last, _)) = self.open.last() else { return Ok(()) };
        let begun = last / CHUNKS_PER_PAGE;
        let complete = self.open.partition_point(|(index, _)| index / CHUNKS_PER_PAGE < begun);
        let rest = self.open.split_off(complete);
        let complete = std::mem::replace(&mut self.open, rest);
        self.write_pages(&complete)
    }

    fn write_pages(&mut self, changes: &[(u32, Option<ChunkHash>)]) -> Result<(), SnapshotError> {
        let pages: Vec<_> =
            changes.chunk_by(|(a, _), (b, _)| a / CHUNKS_PER_PAGE == b / CHUNKS_PER_PAGE).collect();
        let control = self.control;
        let written = workers::each(&pages, control.threads, control.stop, |page| self.write_page(page))?;
        self.pages.extend(written);
        Ok(())
    }

    /// Stores one page of the base with its changes.
    fn write_page(
        &self,
        changes: &[(u32, Option<ChunkHash>)],
    ) -> Result<(u32, Option<PageRef>), SnapshotError> {
        let number = changes.first().map_or(0, |(index, _)| index / CHUNKS_PER_PAGE);
        let mut base = None;
        let mut entries: BTreeMap<u32, Entry> = BTreeMap::new();
        if let Some(reader) = self.base
            && let Ok(n) = reader.manifest().find(number)
            && let Some(page) = reader.manifest().page_at(n)
        {
            entries.extend(reader.page(&page)?.entries());
            base = Some(page);
        }
        let writer: Arc<str> = Arc::from(self.spec.snapshot.as_str());
        for (index, hash) in changes {
            match hash {
                Some(hash) => entries.insert(*index, Entry { writer: writer.clone(), hash: *hash }),
                None => entries.remove(index),
            };
        }
        let entries: Vec<(u32, Entry)> = entries.into_iter().collect();
        let Some(page) = Page::new(number, &entries) else { return Ok((number, None)) };
        let object = page.encode();
        let hash = ChunkHash::of(&object);
        if base.as_ref().is_some_and(|base| base.hash == hash) {
            return Ok((number, base));
        }
        self.send(&self.name(Kind::Page { index: number, hash })?, &object)?;
        Ok((number, Some(PageRef { number, writer, held: page.held(), hash })))
    }

    /// Writes the last page and the manifest.
    fn finish(mut self) -> Result<Stored, SnapshotError> {
        let rest = std::mem::take(&mut self.open);
        self.write_pages(&rest)?;
        self.batch.settle()?;
        self.check_stop()?;
        let mut pages: BTreeMap<u32, PageRef> = BTreeMap::new();
        if let Some(base) = self.base {
            pages.extend(base.manifest().pages().map(|page| (page.number, page)));
        }
        for (number, page) in self.pages.drain(..) {
            match page {
                Some(page) => pages.insert(number, page),
                None => pages.remove(&number),
            };
        }
        let manifest = Manifest::new(head(self.spec), pages.into_values())?;
        let object = manifest.encode();
        let name = self.name(Kind::Manifest)?;
        if self.there.has(&name) && fetch(&*self.snapshots.store, &name)?.as_ref() != Some(&object) {
            return Err(SnapshotError::refused(format!("{name} is there already, with other content")));
        }
        self.send(&name, &object)?;
        self.batch.settle()?;
        let at = SnapshotRef {
            region: self.spec.region.clone(),
            snapshot: self.spec.snapshot.clone(),
            hash: ChunkHash::of(&object).to_string(),
        };
        // Only where something was there before can there be something that nothing names.
        if !self.there.is_empty() {
            self.snapshots.tidy(&at)?;
        }
        Ok(Stored {
            at,
            chunks: manifest.head().chunks,
            written_chunks: self.written_chunks.into_inner(),
            written_bytes: self.written_bytes.into_inner(),
            sent_bytes: self.sent_bytes.into_inner(),
        })
    }
}

fn head(spec: &StoreSpec) -> Head {
    Head {
        region: spec.region.clone(),
        snapshot: spec.snapshot.clone(),
        size_bytes: spec.size_bytes,
        lineage: spec.lineage.clone(),
        encryption: spec.encryption.clone(),
        chunks: 0,
    }
}

/// Whether a snapshot can name objects of this base; else why not.
fn check_base(spec: &StoreSpec, base: &Head) -> Result<(), &'static str> {
    if base.region != spec.region {
        return Err("the base lies in another Region");
    }
    if base.snapshot == spec.snapshot {
        return Err("a snapshot cannot be its own base");
    }
    if base.lineage != spec.lineage || base.encryption.is_some() != spec.encryption.is_some() {
        return Err("the base is of another lineage: its data key is another");
    }
    if base.size_bytes > spec.size_bytes {
        return Err("the base is larger than the snapshot");
    }
    Ok(())
}
