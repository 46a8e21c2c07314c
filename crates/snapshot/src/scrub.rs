//! Reading everything that is stored and telling what is damaged. Needs no key: objects are named by hashes of their ciphertext.
//!
//! ```text
//!  list all ─▶ Regions ─▶ manifests by lineage ─▶ page by page: the different pages of all its snapshots ─▶ their different chunks
//!                                                                        │ names                                 │ names
//!  list Region ─▶ what is not among the names: objects nobody names ◀────┴───────────────────────────────────────┘
//! ```
//! Every object is read once, however many snapshots name it. Snapshots may be stored and deleted meanwhile: what is missing is
//! reported only if a manifest that names it is still there afterwards.

use crate::fetch::{fetch, fetch_part};
use crate::manifest::PageRef;
use crate::name::{self, Kind};
use crate::name_set::{NameSet, Part};
use crate::page::{CHUNKS_PER_PAGE, Page};
use crate::reader::load_page;
use crate::{CHUNK_BYTES, Chunk, ChunkHash, Control, Head, Reader, SnapshotError, Snapshots, workers};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Threads that read: enough to hide the latency of an object store.
const THREADS: usize = 8;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A manifest that cannot be read: the snapshot is lost, whatever else is there of it.
    Manifest { region: String, snapshot: String, what: String },
    /// A manifest page that is missing or damaged: these bytes of these snapshots.
    Page { region: String, snapshots: Vec<String>, object: String, bytes: Range<u64>, what: String },
    /// A chunk that is missing or damaged.
    Chunk {
        region: String,
        snapshots: Vec<String>,
        object: String,
        index: u32,
        bytes: Range<u64>,
        what: String,
    },
    /// An object that no manifest names. `pending`: its snapshot has no manifest (it is being stored, or was given up). None are
    /// reported for a Region in which a manifest or page cannot be read: that one may name them.
    Unnamed { object: String, pending: bool },
}

/// What a scrub has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrubTotals {
    pub snapshots: u64,
    /// Objects read: pages and chunks, each once however many snapshots name it.
    pub pages: u64,
    pub chunks: u64,
    /// Bytes of chunks read.
    pub bytes: u64,
    /// Findings other than unnamed objects.
    pub damaged: u64,
    pub unnamed: u64,
}

impl Snapshots {
    /// Reads all that is in the store and reports what is damaged, missing or not named. An error only if the store fails.
    pub fn scrub(&self, report: &mut dyn FnMut(Finding)) -> Result<ScrubTotals, SnapshotError> {
        let mut regions: BTreeMap<String, Found> = BTreeMap::new();
        let mut strangers = Vec::new();
        self.store.list("", &mut |name| {
            match name::read(&name) {
                Some((region, snapshot, kind)) => {
                    let found = regions.entry(region.to_owned()).or_default();
                    found.objects += 1;
                    if kind == Kind::Manifest {
                        found.snapshots.insert(snapshot.to_owned());
                    }
                }
                None => strangers.push(name),
            }
            Ok(())
        })?;
        let mut scrub = Scrub { snapshots: self, report, totals: ScrubTotals::default() };
        for name in strangers {
            scrub.unnamed(name.to_string(), false);
        }
        for (region, found) in &regions {
            scrub.region(region, found)?;
        }
        Ok(scrub.totals)
    }
}

/// What a Region's listing showed.
#[derive(Default)]
struct Found {
    objects: u64,
    snapshots: BTreeSet<String>,
}

struct Scrub<'a> {
    snapshots: &'a Snapshots,
    report: &'a mut dyn FnMut(Finding),
    totals: ScrubTotals,
}

/// Snapshots of one lineage, opened.
type Lineage = Vec<Arc<Reader>>;

/// A page and the places in [`Lineage`] of those that name it.
struct PageUse {
    page: PageRef,
    users: Vec<usize>,
}

impl Scrub<'_> {
    fn region(&mut self, region: &str, found: &Found) -> Result<(), SnapshotError> {
        let (lineages, mut all_read) = self.open_manifests(region, &found.snapshots)?;
        for members in lineages.values() {
            let lineage = self.open_lineage(region, members)?;
            for uses in by_number(&lineage).values() {
                all_read &= self.verify_pages(&lineage, uses)?;
            }
        }
        if all_read {
            for part in Part::of(found.objects) {
                self.report_unnamed(region, &lineages, part)?;
            }
        }
        Ok(())
    }

    /// Reads all manifests: the snapshots of each lineage, and whether all could be read.
    fn open_manifests(
        &mut self,
        region: &str,
        snapshots: &BTreeSet<String>,
    ) -> Result<(BTreeMap<String, Vec<String>>, bool), SnapshotError> {
        let mut lineages: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut all_read = true;
        for snapshot in snapshots {
            match self.snapshots.open_unverified(region, snapshot) {
                Ok(Some(reader)) => {
                    self.totals.snapshots += 1;
                    lineages.entry(reader.head().lineage.clone()).or_default().push(snapshot.clone());
                }
                // Deleted since it was listed.
                Ok(None) => {}
                Err(error) => {
                    let (region, snapshot) = (region.to_owned(), snapshot.clone());
                    self.damage(Finding::Manifest { region, snapshot, what: fault(error)? });
                    all_read = false;
                }
            }
        }
        Ok((lineages, all_read))
    }

    fn open_lineage(&self, region: &str, members: &[String]) -> Result<Lineage, SnapshotError> {
        let mut lineage = Vec::new();
        for snapshot in members {
            match self.snapshots.open_unverified(region, snapshot) {
                Ok(opened) => lineage.extend(opened),
                // It could be read a moment ago; the next scrub will tell.
                Err(error) => drop(fault(error)?),
            }
        }
        Ok(lineage)
    }

    /// Verifies the different pages of one number, and their chunks. Whether all pages could be read.
    fn verify_pages(&mut self, lineage: &Lineage, uses: &[PageUse]) -> Result<bool, SnapshotError> {
        let mut chunks: BTreeMap<(u32, Arc<str>, ChunkHash), Vec<usize>> = BTreeMap::new();
        let mut all_read = true;
        for PageUse { page, users } in uses {
            match self.load(lineage, page, users) {
                Ok(read) => {
                    self.totals.pages += 1;
                    for (index, entry) in read.entries() {
                        let known = chunks.entry((index, entry.writer, entry.hash)).or_default();
                        known.extend(users);
                    }
                }
                Err(error) => all_read &= !self.page_damaged(lineage, page, users, fault(error)?)?,
            }
        }
        self.verify_chunks(lineage, &chunks.into_iter().collect::<Vec<_>>())?;
        Ok(all_read)
    }

    fn load(&self, lineage: &Lineage, page: &PageRef, users: &[usize]) -> Result<Page, SnapshotError> {
        let heads = users.iter().filter_map(|n| lineage.get(*n)).map(|reader| reader.head());
        let smallest = heads.min_by_key(|head| head.size_bytes);
        let head: &Head = smallest.ok_or_else(|| SnapshotError::refused("a page that nobody names"))?;
        load_page(&*self.snapshots.store, head, page)
    }

    /// Reports a page, unless those who named it are gone. Whether it did.
    fn page_damaged(
        &mut self,
        lineage: &Lineage,
        page: &PageRef,
        users: &[usize],
        what: String,
    ) -> Result<bool, SnapshotError> {
        let Some((region, snapshots)) = self.still_there(lineage, users)? else { return Ok(false) };
        let kind = Kind::Page { index: page.number, hash: page.hash };
        let object = name::object(&region, &page.writer, kind)?.to_string();
        let page_bytes = u64::from(CHUNKS_PER_PAGE) * CHUNK_BYTES as u64;
        let from = u64::from(page.number) * page_bytes;
        self.damage(Finding::Page { region, snapshots, object, bytes: from..from + page_bytes, what });
        Ok(true)
    }

    #[allow(clippy::type_complexity)] // a chunk and who names it, used once
    fn verify_chunks(
        &mut self,
        lineage: &Lineage,
        chunks: &[((u32, Arc<str>, ChunkHash), Vec<usize>)],
    ) -> Result<(), SnapshotError> {
        let Some(region) = lineage.first().map(|reader| reader.head().region.clone()) else { return Ok(()) };
        let store = &*self.snapshots.store;
        let stop = Control::silent(THREADS).stop;
        let read = workers::each(chunks, THREADS, stop, |((index, writer, hash), _)| {
            let kind = Kind::Chunk { index: *index, hash: *hash };
            let read = fetch_part(store, &region, writer, kind).and_then(|(name, bytes)| {
                let length = bytes.len() as u64;
                Chunk::decode(name.as_str(), bytes).map(|_| length)
            });
            read.map(Ok).or_else(|error| fault(error).map(Err))
        })?;
        for (((index, writer, hash), users), read) in chunks.iter().zip(read) {
            let what = match read {
                Ok(bytes) => {
                    self.totals.chunks += 1;
                    self.totals.bytes += bytes;
                    continue;
                }
                Err(what) => what,
            };
            let Some((region, snapshots)) = self.still_there(lineage, users)? else { continue };
            let kind = Kind::Chunk { index: *index, hash: *hash };
            let object = name::object(&region, writer, kind)?.to_string();
            let from = u64::from(*index) * CHUNK_BYTES as u64;
            let bytes = from..from + CHUNK_BYTES as u64;
            self.damage(Finding::Chunk { region, snapshots, object, index: *index, bytes, what });
        }
        Ok(())
    }

    /// The Region, and the snapshots among these whose manifest is still there; `None` if none is.
    fn still_there(
        &self,
        lineage: &Lineage,
        users: &[usize],
    ) -> Result<Option<(String, Vec<String>)>, SnapshotError> {
        let mut found: Option<(String, Vec<String>)> = None;
        for head in users.iter().filter_map(|n| lineage.get(*n)).map(|reader| reader.head()) {
            let manifest = name::object(&head.region, &head.snapshot, Kind::Manifest)?;
            if fetch(&*self.snapshots.store, &manifest)?.is_some() {
                let (_, snapshots) = found.get_or_insert_with(|| (head.region.clone(), Vec::new()));
                snapshots.push(head.snapshot.clone());
            }
        }
        if let Some((_, snapshots)) = &mut found {
            snapshots.sort_unstable();
        }
        Ok(found)
    }

    /// Reports the objects of one part of all names that no manifest names.
    fn report_unnamed(
        &mut self,
        region: &str,
        lineages: &BTreeMap<String, Vec<String>>,
        part: Part,
    ) -> Result<(), SnapshotError> {
        let mut named = NameSet::default();
        let mut room = true;
        for members in lineages.values() {
            let lineage = self.open_lineage(region, members)?;
            for PageUse { page, users } in by_number(&lineage).values().flatten() {
                let kind = Kind::Page { index: page.number, hash: page.hash };
                room &= named.add(part, &name::object(region, &page.writer, kind)?);
                let Ok(page) = self.load(&lineage, page, users) else { continue };
                for (index, entry) in page.entries() {
                    let kind = Kind::Chunk { index, hash: entry.hash };
                    room &= named.add(part, &name::object(region, &entry.writer, kind)?);
                }
            }
        }
        named.sort();
        // The set is full only where far more is named than is there: all of that was reported as missing.
        if !room {
            return Ok(());
        }
        let complete: BTreeSet<&str> = lineages.values().flatten().map(String::as_str).collect();
        let mut unnamed = Vec::new();
        self.snapshots.store.list(&format!("{region}/"), &mut |name| {
            let Some((_, snapshot, kind)) = name::read(&name) else { return Ok(()) };
            if kind != Kind::Manifest && part.has(&name) && !named.has(&name) {
                unnamed.push((name.to_string(), !complete.contains(snapshot)));
            }
            Ok(())
        })?;
        for (object, pending) in unnamed {
            self.unnamed(object, pending);
        }
        Ok(())
    }

    fn damage(&mut self, finding: Finding) {
        self.totals.damaged += 1;
        (self.report)(finding);
    }

    fn unnamed(&mut self, object: String, pending: bool) {
        self.totals.unnamed += 1;
        (self.report)(Finding::Unnamed { object, pending });
    }
}

/// The different pages that snapshots of a lineage name, by number.
fn by_number(lineage: &Lineage) -> BTreeMap<u32, Vec<PageUse>> {
    let mut numbers: BTreeMap<u32, Vec<PageUse>> = BTreeMap::new();
    for (n, reader) in lineage.iter().enumerate() {
        for page in reader.manifest().pages() {
            let uses = numbers.entry(page.number).or_default();
            match uses.iter_mut().find(|known| known.page == page) {
                Some(known) => known.users.push(n),
                None => uses.push(PageUse { page, users: vec![n] }),
            }
        }
    }
    numbers
}

/// What is wrong with an object; an error again if it is the store that failed.
fn fault(error: SnapshotError) -> Result<String, SnapshotError> {
    match error {
        SnapshotError::Damaged { what, .. } => Ok(what),
        newer @ SnapshotError::Newer { .. } => Ok(newer.to_string()),
        other => Err(other),
    }
}
