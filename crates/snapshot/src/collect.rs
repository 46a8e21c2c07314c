//! Removing the objects of snapshots that no longer exist.
//!
//! An object lives as long as any manifest names it. Which objects only the deleted snapshot names is found page by page:
//!
//! ```text
//!  deleted's page p ── also named by a live manifest? ── yes ─▶ nothing to do: its chunks are named with it
//!                          │ no
//!                          └─▶ its chunks, without those that any live snapshot's page p names, are removed; then the page
//!  at the end: the manifest
//! ```
//! A chunk's index is part of its name, so only pages of the same number can name it. Chunks go before the page that names them
//! and the manifest goes last, so that whoever repeats a broken-off removal still finds what is left.

use crate::fetch::{MISSING, fetch};
use crate::manifest::PageRef;
use crate::name::{self, Kind};
use crate::name_set::{NameSet, Part};
use crate::reader::load_page;
use crate::{ChunkHash, Collected, Control, Head, Reader, SnapshotError, SnapshotRef, Snapshots, workers};
use chunks::{ObjectName, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Names gathered from a listing before they are removed.
const SWEEP_BATCH: usize = 1 << 16;
/// Threads that remove where nobody says how many.
const SWEEP_THREADS: usize = 8;

impl Snapshots {
    /// Removes the objects that only `deleted` needs. `live`: every other snapshot of the lineage and Region that exists, is still
    /// read from, or is the base of one being stored. May be repeated, also after it broke off.
    ///
    /// Errors if a manifest of `live` cannot be read: it is not known then what it needs. A page that cannot be read only keeps its
    /// 512 MiB from being removed; [`Snapshots::scrub`] shows what was left.
    pub fn collect(
        &self,
        deleted: &SnapshotRef,
        live: &[SnapshotRef],
        control: &Control<'_>,
    ) -> Result<Collected, SnapshotError> {
        let other = |at: &SnapshotRef| at.region == deleted.region && at.snapshot != deleted.snapshot;
        if !live.iter().all(other) {
            return Err(SnapshotError::refused("a live snapshot is the deleted one, or of another Region"));
        }
        // The manifest goes last: without it, all is done.
        let Some(reader) = self.open_if_there(deleted)? else { return Ok(Collected::default()) };
        let doomed = self.pages_of_its_own(&reader, live, control)?;
        let mut collected = Collected::default();
        for (n, (page, rivals)) in doomed.iter().enumerate() {
            if control.stop.load(Ordering::Relaxed) {
                return Err(SnapshotError::Stopped);
            }
            (control.progress)(n as u64, doomed.len() as u64);
            self.collect_page(reader.head(), page, rivals, control, &mut collected)?;
        }
        self.store.delete(&name::object(&deleted.region, &deleted.snapshot, Kind::Manifest)?)?;
        collected.manifests = 1;
        (control.progress)(doomed.len() as u64, doomed.len() as u64);
        Ok(collected)
    }

    /// The pages that no live manifest names, each with the different pages of its number that live manifests do name. One
    /// manifest is in memory at a time.
    fn pages_of_its_own(
        &self,
        deleted: &Reader,
        live: &[SnapshotRef],
        control: &Control<'_>,
    ) -> Result<Vec<(PageRef, Vec<PageRef>)>, SnapshotError> {
        let manifest = deleted.manifest();
        let mut rivals: Vec<Option<Vec<PageRef>>> = vec![Some(Vec::new()); manifest.page_count()];
        for at in live {
            if control.stop.load(Ordering::Relaxed) {
                return Err(SnapshotError::Stopped);
            }
            let reader = self.open(at)?;
            for page in reader.manifest().pages() {
                let Ok(n) = manifest.find(page.number) else { continue };
                let Some(slot) = rivals.get_mut(n) else { continue };
                if manifest.page_at(n).is_some_and(|own| same_object(&own, &page)) {
                    *slot = None;
                } else if let Some(pages) = slot
                    && !pages.iter().any(|known| same_object(known, &page))
                {
                    pages.push(page);
                }
            }
        }
        Ok(manifest.pages().zip(rivals).filter_map(|(page, rivals)| Some((page, rivals?))).collect())
    }

    fn collect_page(
        &self,
        head: &Head,
        page: &PageRef,
        rivals: &[PageRef],
        control: &Control<'_>,
        collected: &mut Collected,
    ) -> Result<(), SnapshotError> {
        let doomed = match load_page(&*self.store, head, page) {
            Ok(page) => page,
            // It was removed before the last try broke off.
            Err(SnapshotError::Damaged { what, .. }) if what == MISSING => return Ok(()),
            Err(SnapshotError::Damaged { .. }) => return unknown(collected),
            Err(error) => return Err(error),
        };
        let mut needed: HashSet<(u32, Arc<str>, ChunkHash)> = HashSet::new();
        for rival in rivals {
            // Only the number of chunks that the volume had may differ from the deleted snapshot's.
            let any_size = Head { size_bytes: crate::manifest::SIZE_MAX, ..head.clone() };
            match load_page(&*self.store, &any_size, rival) {
                Ok(page) => needed.extend(page.entries().map(|(i, entry)| (i, entry.writer, entry.hash))),
                Err(SnapshotError::Damaged { .. }) => return unknown(collected),
                Err(error) => return Err(error),
            }
        }
        let mut names = Vec::new();
        for (index, entry) in doomed.entries() {
            let kind = Kind::Chunk { index, hash: entry.hash };
            let name = name::object(&head.region, &entry.writer, kind)?;
            if !needed.contains(&(index, entry.writer, entry.hash)) {
                names.push(name);
            }
        }
        workers::each(&names, control.threads, control.stop, |name| Ok(self.store.delete(name)?))?;
        let kind = Kind::Page { index: page.number, hash: page.hash };
        self.store.delete(&name::object(&head.region, &page.writer, kind)?)?;
        collected.chunks += names.len() as u64;
        collected.pages += 1;
        Ok(())
    }

    /// Removes everything that a snapshot wrote which was never completed. Not for a completed one: others may name its chunks.
    pub fn discard(&self, region: &str, snapshot: &str) -> Result<Collected, SnapshotError> {
        let manifest = name::object(region, snapshot, Kind::Manifest)?;
        // If it was completed unnoticed: first the manifest, so that none names what is missing.
        let completed = fetch(&*self.store, &manifest)?.is_some();
        self.store.delete(&manifest)?;
        let mut collected = self.sweep(&name::prefix(region, snapshot)?, &|_| true)?;
        collected.manifests = u64::from(completed);
        Ok(collected)
    }

    /// Removes what a snapshot wrote and its own manifest does not name: no later one can, as they take over what it names.
    pub(crate) fn tidy(&self, at: &SnapshotRef) -> Result<Collected, SnapshotError> {
        let reader = self.open(at)?;
        let manifest = name::object(&at.region, &at.snapshot, Kind::Manifest)?;
        let mut collected = Collected::default();
        for part in Part::of(reader.head().chunks) {
            let mut named = NameSet::default();
            let full = || SnapshotError::refused("more chunks than the manifest counts");
            for page in reader.manifest().pages() {
                let kind = Kind::Page { index: page.number, hash: page.hash };
                let name = name::object(&at.region, &page.writer, kind)?;
                named.add(part, &name).then_some(()).ok_or_else(full)?;
                for (index, entry) in reader.page(&page)?.entries().filter(|(_, e)| *e.writer == at.snapshot)
                {
                    let kind = Kind::Chunk { index, hash: entry.hash };
                    let name = name::object(&at.region, &entry.writer, kind)?;
                    named.add(part, &name).then_some(()).ok_or_else(full)?;
                }
            }
            named.sort();
            let doomed = |name: &ObjectName| part.has(name) && *name != manifest && !named.has(name);
            let swept = self.sweep(&name::prefix(&at.region, &at.snapshot)?, &doomed)?;
            collected.chunks += swept.chunks;
            collected.pages += swept.pages;
        }
        Ok(collected)
    }

    /// Removes the objects below a prefix that are doomed.
    fn sweep(&self, prefix: &str, doomed: &dyn Fn(&ObjectName) -> bool) -> Result<Collected, SnapshotError> {
        let mut collected = Collected::default();
        loop {
            let mut names = Vec::new();
            let listed = self.store.list(prefix, &mut |name| {
                if doomed(&name) {
                    names.push(name);
                }
                // Ends the listing: these first, then the rest.
                if names.len() < SWEEP_BATCH { Ok(()) } else { Err(StoreError::Refused("enough".into())) }
            });
            let more = names.len() >= SWEEP_BATCH;
            if !more {
                listed?;
            }
            let stop = Control::silent(SWEEP_THREADS).stop;
            workers::each(&names, SWEEP_THREADS, stop, |name| Ok(self.store.delete(name)?))?;
            for name in &names {
                match name::read(name) {
                    Some((_, _, Kind::Page { .. })) => collected.pages += 1,
                    _ => collected.chunks += 1,
                }
            }
            if !more {
                return Ok(collected);
            }
        }
    }
}

fn same_object(one: &PageRef, two: &PageRef) -> bool {
    one.hash == two.hash && one.writer == two.writer
}

fn unknown(collected: &mut Collected) -> Result<(), SnapshotError> {
    collected.unknown_pages += 1;
    Ok(())
}
