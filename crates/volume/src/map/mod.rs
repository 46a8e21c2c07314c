//! The map: which units are written here, which are zero. Pages are loaded on first touch and kept sparsely.
//!
//! ```text
//!  pages (RwLock)      index → page in memory        clean ones leave when there are too many
//!  known_absent        1 bit per page                never written: costs no memory, no second look at the disk
//!  pending (Mutex)     dirty pages, ranges to punch  every change of a state happens under this lock, so a flush
//!                                                    that takes `pending` has copies of all changes completed before
//! ```
//! Lock order: stripe (see `stripes.rs`) → `loading` → `pages`; stripe → `pending`. `pending` and `pages` are never held
//! together.

mod page;
mod pending;
pub(crate) mod slot;

pub(crate) use page::{Page, UnitState};
pub(crate) use pending::{Taken, zero_runs};

use crate::VolumeError;
use crate::geometry::{PageIndex, UnitRange, pages_of};
use env::File;
use parking_lot::{Mutex, RwLock};
use pending::Pending;
use slot::PAGE_BYTES;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Pages kept in memory beside dirty ones: 8,192 x 2 KiB = 16 MiB, the map of 256 GiB of data in use. A page beyond costs
/// one 8 KiB read, likely from the kernel's cache.
const PAGES_MAX: usize = 8192;
/// Pages looked at to find one that may leave; a bound on the work done under the lock.
const LEAVE_TRIES: usize = 32;

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
    known_absent: Vec<AtomicU64>,
    /// Held while a page is read from disk and put into the table: a page read before, but put there after, another
    /// thread's write and flush of the same page would bring its old state back.
    loading: Mutex<()>,
    pending: Mutex<Pending>,
}

impl Map {
    /// The map of a volume of so many bytes. Reads nothing yet.
    pub fn new(file: Arc<dyn File>, size_bytes: u64) -> Map {
        let words = pages_of(size_bytes).div_ceil(64);
        Map {
            file,
            pages_max: PAGES_MAX,
            table: RwLock::default(),
            known_absent: (0..words).map(|_| AtomicU64::new(0)).collect(),
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
        let pages = self.known_absent.len() as u64 * 64;
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
    pub fn mark_written(&self, index: PageIndex, page: &Arc<Page>, range: UnitRange) -> bool {
        // Overwriting needs no lock: whoever marked these units put the page among the pending ones under the lock, and
        // a flush cannot take the lock in between.
        if page.all_written(range) {
            return false;
        }
        let mut pending = self.pending.lock();
        page.mark_written(range);
        pending.dirty(index, page);
        pending.is_long()
    }

    /// The units (all in one region) read as zeros from now on; with `punch` their space is given back after the next
    /// flush. Returns whether so much is pending that a flush is due.
    pub fn mark_zero(&self, index: PageIndex, page: &Arc<Page>, range: UnitRange, punch: bool) -> bool {
        let mut pending = self.pending.lock();
        if page.mark_zero(range) {
            pending.dirty(index, page);
            if punch {
                pending.punch(range);
            }
        }
        pending.is_long()
    }

    /// Takes what is pending, with copies of the pages as they are now.
    pub fn take(&self) -> Taken {
        self.pending.lock().take()
    }

    /// A flush could not write: what it took is pending again.
    pub fn put_back(&self, taken: Taken) {
        self.pending.lock().put_back(taken);
    }

    /// Writes the copies to the slots that do not count. They count once [`Map::sync`] has succeeded.
    pub fn write(&self, taken: &Taken) -> Result<(), VolumeError> {
        let mut bytes = [0; slot::SLOT_BYTES];
        for (index, page, copy) in taken.pages() {
            let (generation, side) = page.next_slot();
            slot::write_slot(&mut bytes, index, generation, &copy.words());
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
        let word = self.known_absent.get(index.0 as usize / 64);
        word.is_some_and(|word| word.load(Ordering::Acquire) >> (index.0 % 64) & 1 == 1)
    }

    fn set_absent(&self, index: PageIndex, absent: bool) {
        let Some(word) = self.known_absent.get(index.0 as usize / 64) else { return };
        let bit = 1 << (index.0 % 64);
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
