//! What the next flush has to do: pages whose states changed, and ranges whose space is to be given back.

use super::UnitState;
use super::page::Page;
use crate::geometry::{PageIndex, UnitRange};
use std::collections::HashMap;
use std::sync::Arc;

/// Dirty pages beyond which the one who adds to them flushes: 4,096 x 2 KiB, and as much again for a flush's copies.
const DIRTY_MAX: usize = 4096;
/// Ranges to punch beyond which the same happens; 16 bytes each.
const PUNCH_MAX: usize = 16384;

/// Changes since the last flush took its copies.
#[derive(Default)]
pub(super) struct Pending {
    /// The `Arc` also keeps the page in memory.
    pages: HashMap<PageIndex, Arc<Page>>,
    punch: Vec<UnitRange>,
}

impl Pending {
    pub fn dirty(&mut self, index: PageIndex, page: &Arc<Page>) {
        self.pages.entry(index).or_insert_with(|| page.clone());
    }

    /// Ranges that continue the last one in the same page join it.
    pub fn punch(&mut self, range: UnitRange) {
        match self.punch.last_mut() {
            Some(last) if last.end() == range.start && last.start.page() == range.start.page() => {
                last.count += range.count;
            }
            _ => self.punch.push(range),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    pub fn is_long(&self) -> bool {
        self.pages.len() >= DIRTY_MAX || self.punch.len() >= PUNCH_MAX
    }

    pub fn take(&mut self) -> Taken {
        let pages = self.pages.drain().map(|(index, page)| {
            let copy = page.copy();
            (index, TakenPage { page, copy })
        });
        Taken { pages: pages.collect(), punch: std::mem::take(&mut self.punch) }
    }

    pub fn put_back(&mut self, taken: Taken) {
        for (index, taken) in taken.pages {
            self.dirty(index, &taken.page);
        }
        self.punch.extend(taken.punch);
    }

    /// Ranges of what was taken are to be punched after the next flush, from the nth on. Their pages with them, although they are
    /// durable: what that flush may punch it reads from its own copies.
    pub fn punch_later(&mut self, taken: &Taken, from: usize) {
        for range in taken.punch.iter().skip(from) {
            if let Some(page) = taken.pages.get(&range.start.page()) {
                self.dirty(range.start.page(), &page.page);
                self.punch.push(*range);
            }
        }
    }
}

struct TakenPage {
    page: Arc<Page>,
    copy: Box<Page>,
}

/// What a flush took. While it lives, its pages stay in memory.
pub(crate) struct Taken {
    pages: HashMap<PageIndex, TakenPage>,
    punch: Vec<UnitRange>,
}

impl Taken {
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Index, page, and its states when it was taken.
    pub fn pages(&self) -> impl Iterator<Item = (PageIndex, &Page, &Page)> {
        self.pages.iter().map(|(index, taken)| (*index, &*taken.page, &*taken.copy))
    }

    /// The ranges that were to be punched, each in one page.
    pub fn to_punch(&self) -> impl Iterator<Item = UnitRange> {
        self.punch.iter().copied()
    }

    /// Runs of units of the range, each in one chunk (a hole of 1 MiB takes 3 ms, which writes of its region wait for), that were not written when the copies were taken. A unit that was written
    /// again before then must not be punched even if it is free by now: the durable map says that its data counts.
    pub fn free_runs(&self, range: UnitRange) -> impl Iterator<Item = (&Page, UnitRange)> {
        let taken = self.pages.get(&range.start.page());
        taken.into_iter().flat_map(move |taken| {
            let runs = range.by_chunk().flat_map(move |part| free_runs(&taken.copy, part));
            runs.map(move |run| (&*taken.page, run))
        })
    }
}

/// The runs of units without data here (zero, or looked for below) in the range, which lies in one page.
pub(crate) fn free_runs(page: &Page, range: UnitRange) -> impl Iterator<Item = UnitRange> {
    let mut rest = range;
    std::iter::from_fn(move || {
        let mut found: Option<UnitRange> = None;
        while rest.count > 0 {
            let (state, count) = page.run(rest.start.in_page(), rest.count as usize);
            let run = UnitRange { start: rest.start, count: (count as u64).clamp(1, rest.count) };
            rest = UnitRange { start: run.end(), count: rest.count - run.count };
            match (&mut found, state) {
                (None, UnitState::Written) => {}
                (Some(_), UnitState::Written) => break,
                (None, _) => found = Some(run),
                (Some(found), _) => found.count += run.count,
            }
        }
        found
    })
}
