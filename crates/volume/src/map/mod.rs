//! The map of a layer: which units are written here, which are zero, which chunks changed. Pages are loaded on first touch and kept sparsely.
//!
//! ```text
//!  pages (RwLock)      index → page in memory        clean ones leave when there are too many
//!  known_absent        1 bit per page                never written: costs no memory, no second look at the disk. In parts of
//!                                                    4 KiB (1 TiB of volume), made when first needed: growing moves nothing
//!  pending (Mutex)     dirty pages, ranges to punch  every change of a state happens under this lock, so a flush
//!                                                    that takes `pending` has copies of all changes completed before
//! ```
//! Lock order: stripe (see `stripes.rs`) → `loading` → `pages`; stripe → `pending`. `pending` and `pages` are never held
//! together.

mod page;
mod pending;
mod sectors;
pub(crate) mod slot;
mod states;

pub(crate) use page::Page;
pub(crate) use pending::{Taken, free_runs};
pub(crate) use states::UnitState;

use crate::VolumeError;
use crate::geometry::{PageIndex, SEGMENT_BYTES, UnitRange, VOLUME_BYTES_MAX, pages_of};
use env::File;
use parking_lot::{Mutex, RwLock};
use pending::Pending;
use slot::PAGE_BYTES;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// Pages kept in memory beside dirty ones: at most 8,192 x 2 KiB = 16 MiB, the map of 256 GiB of data in use. A page beyond costs
/// one 8 KiB read, likely from the kernel's cache.
const PAGES_MAX: usize = 8192;
/// Pages looked at to find one that may leave; a bound on the work done under the lock.
const LEAVE_TRIES: usize = 32;

/// Words of a part of `known_absent`: the pages of 1 TiB.
const ABSENT_WORDS: usize = 512;
/// Its parts: the largest volume's.
const ABSENT_PARTS: usize = (VOLUME_BYTES_MAX / SEGMENT_BYTES) as usize;

/// Whether a change counts as one since the last stored snapshot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    /// The volume's content changes.
    Change,
    /// It stays: units are loaded from the source, or moved between layers.
    Nothing,
}

/// Pages in memory.
#[derive(Default)]
struct Table {
    pages: HashMap<PageIndex, Arc<Page>>,
    /// In order of arrival; who comes first leaves first.
    arrived: VecDeque<PageIndex>,
}

pub(crate) struct Map {
    file: Arc<dyn File>,
    pages_max: usize,
    table: RwLock<Table>,
    known_absent: [OnceLock<Box<[AtomicU64; ABSENT_WORDS]>>; ABSENT_PARTS],
    /// Pages of the volume; grows with it.
    pages: AtomicU64,
    /// The epoch in which changed chunks count.
    epoch: AtomicU64,
    /// Held while a page is read from disk and put into the table: a page read before, but put there after, another
    /// thread's write and flush of the same page would bring its old state back.
    loading: Mutex<()>,
    pending: Mutex<Pending>,
}

impl Map {
    /// The map of a volume of so many bytes, whose changed chunks count in this epoch. Reads nothing yet.
    pub fn new(file: Arc<dyn File>, size_bytes: u64, epoch: u64) -> Map {
        Map {
            file,
            pages_max: PAGES_MAX,
            table: RwLock::default(),
            known_absent: [const { OnceLock::new() }; ABSENT_PARTS],
            pages: AtomicU64::new(pages_of(size_bytes)),
            epoch: AtomicU64::new(epoch),
            loading: Mutex::new(()),
            pending: Mutex::default(),
        }
    }

    /// The same with another limit of pages in memory, to test that they leave.
    #[cfg(test)]
    pub fn with_pages_max(mut self, pages: usize) -> Map {
        self.pages_max = pages;
        self
    }

    /// The page, or `None` if none of its units was ever written.
    pub fn page(&self, index: PageIndex) -> Result<Option<Arc<Page>>, VolumeError> {
        if let Some(page) = self.in_memory(index) {
            return Ok(Some(page));
        }
        if self.is_known_absent(index) {
            return Ok(None);
        }
        let _loading = self.loading.lock();
        if let Some(page) = self.in_memory(index) {
            return Ok(Some(page));
        }
        let mut bytes = [0; PAGE_BYTES];
        self.file
            .read_zero_filled_at(&mut bytes, u64::from(index.0) * PAGE_BYTES as u64)
            .map_err(VolumeError::io("reading the map"))?;
        match slot::read_page(index.0, &bytes)? {
            Some(disk) => Ok(Some(self.insert(index, Page::from_disk(&disk)))),
            None => {
                self.note_absent_from(index);
                Ok(None)
            }
        }
    }

    /// The page is absent on the disk, and so are all up to where the file's next data begins: an empty volume's whole map is
    /// known after one look. Call with `loading` held: no page comes into the table meanwhile.
    fn note_absent_from(&self, index: PageIndex) {
        let offset = u64::from(index.0) * PAGE_BYTES as u64;
        let pages = self.pages.load(Ordering::Acquire);
        let next = match self.file.next_data(offset) {
            Ok(Some(data)) => (data / PAGE_BYTES as u64).max(u64::from(index.0) + 1).min(pages),
            Ok(None) => pages,
            // Only this page was looked at, then.
            Err(_) => u64::from(index.0) + 1,
        };
        let table = self.table.read();
        for page in u64::from(index.0)..next {
            let Ok(page) = u32::try_from(page) else { return };
            // A page in memory may have been made a moment ago and not be on the disk yet.
            if !table.pages.contains_key(&PageIndex(page)) {
                self.set_absent(PageIndex(page), true);
            }
        }
    }

    /// The page, made if it is absent: for somebody who is about to change it.
    pub fn page_to_change(&self, index: PageIndex) -> Result<Arc<Page>, VolumeError> {
        if let Some(page) = self.page(index)? {
            return Ok(page);
        }
        let _loading = self.loading.lock();
        if let Some(page) = self.in_memory(index) {
            return Ok(page);
        }
        let page = self.insert(index, Page::absent());
        self.set_absent(index, false);
        Ok(page)
    }

    /// The units' data is in the data file. Returns whether so much is pending that a flush is due.
    pub fn mark_written(&self, index: PageIndex, page: &Arc<Page>, range: UnitRange, count: Count) -> bool {
        let epoch = self.epoch();
        let chunks = if count == Count::Change { range.chunk_bits() } else { 0 };
        // Overwriting needs no lock: whoever marked these units put the page among the pending ones under the lock, and
        // a flush cannot take the lock in between.
        if page.all_written(range) && page.changed(epoch) & chunks == chunks {
            return false;
        }
        let mut pending = self.pending.lock();
        page.set(range, UnitState::Written);
        if chunks != 0 {
            page.add_changed(epoch, chunks);
        }
        pending.dirty(index, page);
        pending.is_long()
    }

    /// The units (all in one region) that are written here read as zeros from now on; with `punch` their space is given
    /// back after the next flush. Returns whether so much is pending that a flush is due.
    pub fn mark_zero(
        &self,
        index: PageIndex,
        page: &Arc<Page>,
        range: UnitRange,
        count: Count,
        punch: bool,
    ) -> bool {
        let mut pending = self.pending.lock();
        if page.mark_zero(range) {
            if count == Count::Change {
                page.add_changed(self.epoch(), range.chunk_bits());
            }
            pending.dirty(index, page);
            if punch {
                pending.punch(range);
            }
        }
        pending.is_long()
    }

    /// The units (all in one region) have no data here from now on: they are zero, or looked for below. With `punch` the
    /// space of those that had is given back after the next flush. Returns whether a flush is due.
    pub fn mark_free(
        &self,
        index: PageIndex,
        page: &Arc<Page>,
        range: UnitRange,
        to: UnitState,
        count: Count,
        punch: bool,
    ) -> bool {
        let mut pending = self.pending.lock();
        let had = page.run(range.start.in_page(), range.count as usize);
        if had == (to, range.count as usize) && count == Count::Nothing {
            return pending.is_long();
        }
        if punch && had != (UnitState::Unwritten, range.count as usize) {
            pending.punch(range);
        }
        page.set(range, to);
        if count == Count::Change {
            page.add_changed(self.epoch(), range.chunk_bits());
        }
        pending.dirty(index, page);
        pending.is_long()
    }

    /// These chunks of the page changed, too: the layer above, which is merged into this one, says so.
    pub fn add_changed(&self, index: PageIndex, page: &Arc<Page>, chunks: u64) {
        let epoch = self.epoch();
        let mut pending = self.pending.lock();
        if page.changed(epoch) & chunks != chunks {
            page.add_changed(epoch, chunks);
            pending.dirty(index, page);
        }
    }

    /// The epoch in which changed chunks count.
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Changes counted before mean nothing from now on.
    pub fn set_epoch(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    /// The file has been made longer for a larger volume.
    pub fn grow(&self, size_bytes: u64) {
        // Pages behind the old end were never looked at: nobody could ask for them.
        self.pages.store(pages_of(size_bytes), Ordering::Release);
    }

    pub fn file(&self) -> &Arc<dyn File> {
        &self.file
    }

    /// Whether every change is durable.
    pub fn is_clean(&self) -> bool {
        self.pending.lock().is_empty()
    }

    /// The first page at or after `from` that is not absent.
    pub fn next_page(&self, from: PageIndex) -> Result<Option<(PageIndex, Arc<Page>)>, VolumeError> {
        let pages = self.pages.load(Ordering::Acquire);
        let mut at = u64::from(from.0);
        while at < pages {
            // 64 absent pages at a step.
            if at.is_multiple_of(64) && self.absent_word(at as usize / 64) == u64::MAX {
                at += 64;
                continue;
            }
            let index = PageIndex(at as u32);
            if let Some(page) = self.page(index)? {
                return Ok(Some((index, page)));
            }
            at += 1;
        }
        Ok(None)
    }

    /// Takes what is pending, with copies of the pages as they are now.
    pub fn take(&self) -> Taken {
        self.pending.lock().take()
    }

    /// A flush could not write: what it took is pending again.
    pub fn put_back(&self, taken: Taken) {
        self.pending.lock().put_back(taken);
    }

    /// A flush is over and leaves its holes, from the nth range on, to the next one.
    pub fn punch_later(&self, taken: &Taken, from: usize) {
        self.pending.lock().punch_later(taken, from);
    }

    /// The space of what is free of the units (in one page) is given back after the next flush. Returns whether a flush is due.
    pub fn punch(&self, index: PageIndex, page: &Arc<Page>, range: UnitRange) -> bool {
        let mut pending = self.pending.lock();
        pending.dirty(index, page);
        pending.punch(range);
        pending.is_long()
    }

    /// Writes the copies to the slots that do not count. They count once [`Map::sync`] has succeeded.
    pub fn write(&self, taken: &Taken) -> Result<(), VolumeError> {
        let mut bytes = [0; slot::SLOT_BYTES];
        for (index, page, copy) in taken.pages() {
            let (generation, side) = page.next_slot();
            slot::write_slot(
                &mut bytes,
                index,
                generation,
                &copy.words(),
                copy.changed_on_disk(),
                page.other_slot(),
            );
            let offset = u64::from(index.0) * PAGE_BYTES as u64 + u64::from(side) * slot::SLOT_BYTES as u64;
            self.file.write_all_at(&bytes, offset).map_err(VolumeError::io("writing the map"))?;
        }
        Ok(())
    }

    /// Makes the written copies durable; they count from now on.
    pub fn sync(&self, taken: &Taken) -> std::io::Result<()> {
        self.file.sync_data()?;
        for (_, page, _) in taken.pages() {
            let (generation, side) = page.next_slot();
            page.wrote(generation, side);
        }
        Ok(())
    }

    fn in_memory(&self, index: PageIndex) -> Option<Arc<Page>> {
        self.table.read().pages.get(&index).cloned()
    }

    /// Puts a page into the table; others leave if there are too many. Call with `loading` held.
    fn insert(&self, index: PageIndex, page: Page) -> Arc<Page> {
        let page = Arc::new(page);
        let mut table = self.table.write();
        let table = &mut *table;
        for _ in 0..LEAVE_TRIES {
            if table.pages.len() < self.pages_max {
                break;
            }
            let Some(oldest) = table.arrived.pop_front() else { break };
            // Dirty pages and pages in use are held by others too. Nobody can take hold of one now: that needs the
            // table's lock.
            if table.pages.get(&oldest).is_some_and(|page| Arc::strong_count(page) > 1) {
                table.arrived.push_back(oldest);
            } else {
                table.pages.remove(&oldest);
            }
        }
        table.pages.insert(index, page.clone());
        table.arrived.push_back(index);
        page
    }

    fn is_known_absent(&self, index: PageIndex) -> bool {
        self.absent_word(index.0 as usize / 64) >> (index.0 % 64) & 1 == 1
    }

    fn absent_word(&self, n: usize) -> u64 {
        let part = self.known_absent.get(n / ABSENT_WORDS).and_then(OnceLock::get);
        part.map_or(0, |part| part[n % ABSENT_WORDS].load(Ordering::Acquire))
    }

    fn set_absent(&self, index: PageIndex, absent: bool) {
        let n = index.0 as usize / 64;
        let Some(part) = self.known_absent.get(n / ABSENT_WORDS) else { return };
        let part = match (part.get(), absent) {
            (Some(part), _) => part,
            (None, true) => part.get_or_init(|| Box::new([const { AtomicU64::new(0) }; ABSENT_WORDS])),
            (None, false) => return,
        };
        let (word, bit) = (&part[n % ABSENT_WORDS], 1 << (index.0 % 64));
        if absent {
            word.fetch_or(bit, Ordering::AcqRel);
        } else {
            word.fetch_and(!bit, Ordering::AcqRel);
        }
    }

    #[cfg(test)]
    pub fn pages_in_memory(&self) -> usize {
        self.table.read().pages.len()
    }
}

#[cfg(test)]
mod tests;
