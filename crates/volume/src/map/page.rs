//! A map page in memory: the states of 8,192 units (see `states.rs`), which chunks changed, and what is on the disk of it.
//!
//! All changes are made while the map's `pending` lock is held (see `mod.rs`); readers of a unit are ordered against its changes by
//! the unit's stripe lock. The lock in here only keeps bits from going while somebody looks at them, and is held for that long.

use super::slot::{Changed, NEITHER, Other, PageOnDisk, WORDS};
use super::states::{States, UnitState};
use crate::geometry::{UNITS_PER_CHUNK, UNITS_PER_PAGE, UnitRange};
use parking_lot::RwLock;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Words of 64 units that a chunk has.
const CHUNK_WORDS: usize = UNITS_PER_CHUNK as usize / 64;

pub(crate) struct Page {
    states: RwLock<States>,
    /// Chunks that changed in `changed_epoch`.
    changed: AtomicU64,
    changed_epoch: AtomicU64,
    /// The highest one on the disk. Changed by flushes only, of which one runs at a time.
    generation: AtomicU64,
    /// The one that counts on the disk.
    slot: AtomicU8,
    /// That slot is of version 1.
    old: AtomicBool,
}

impl Page {
    /// A page that was never written to disk: the first write goes to slot 0.
    pub fn absent() -> Page {
        Page {
            states: RwLock::new(States::All(UnitState::Unwritten)),
            changed: AtomicU64::new(0),
            changed_epoch: AtomicU64::new(0),
            generation: AtomicU64::new(0),
            slot: AtomicU8::new(NEITHER),
            old: AtomicBool::new(false),
        }
    }

    pub fn from_disk(disk: &PageOnDisk) -> Page {
        Page {
            states: RwLock::new(States::of_words(&disk.words)),
            changed: AtomicU64::new(disk.changed.chunks),
            changed_epoch: AtomicU64::new(disk.changed.epoch),
            generation: AtomicU64::new(disk.generation),
            slot: AtomicU8::new(disk.slot),
            old: AtomicBool::new(disk.old),
        }
    }

    /// The state at `start`, and how many units from there (at most `max`, at most to the end of the page) share it.
    pub fn run(&self, start: usize, max: usize) -> (UnitState, usize) {
        let end = (start + max).min(UNITS_PER_PAGE as usize);
        let states = self.states.read();
        let state = states.at(start);
        let mut at = start;
        while at < end {
            // Units in another state; the lowest of them ends the run.
            let others = !states.are(at / 64, state) >> (at % 64);
            if others != 0 {
                at += others.trailing_zeros() as usize;
                break;
            }
            at += 64 - at % 64;
        }
        (state, at.min(end).saturating_sub(start))
    }

    /// Whether the units (all in this page) are all written.
    pub fn all_written(&self, range: UnitRange) -> bool {
        self.run(range.start.in_page(), range.count as usize) == (UnitState::Written, range.count as usize)
    }

    /// Gives all the units one state. Call with the map's `pending` lock held.
    pub fn set(&self, range: UnitRange, state: UnitState) {
        self.states.write().set(in_page(range), state);
    }

    /// Marks those of the units that are written as zero, and leaves unwritten ones; returns whether there were any. Call
    /// with the map's `pending` lock held.
    pub fn mark_zero(&self, range: UnitRange) -> bool {
        self.states.write().written_to_zero(in_page(range))
    }

    /// The chunks that changed in this epoch.
    pub fn changed(&self, epoch: u64) -> u64 {
        // In this order: `add_changed` stores in the other one.
        if self.changed_epoch.load(Ordering::Acquire) == epoch {
            self.changed.load(Ordering::Acquire)
        } else {
            0
        }
    }

    /// These chunks change in this epoch, too. Call with the map's `pending` lock held.
    pub fn add_changed(&self, epoch: u64, chunks: u64) {
        self.changed.store(self.changed(epoch) | chunks, Ordering::Release);
        self.changed_epoch.store(epoch, Ordering::Release);
    }

    /// One bit for every chunk of which a unit is written; with `zeros`, also for those of which a unit is zero.
    pub fn chunks(&self, zeros: bool) -> u64 {
        let states = self.states.read();
        let has = |word| {
            let written = states.are(word, UnitState::Written);
            written != 0 || (zeros && states.are(word, UnitState::Zero) != 0)
        };
        let of_chunk = |chunk: usize| (chunk * CHUNK_WORDS..(chunk + 1) * CHUNK_WORDS).any(has);
        (0..64).fold(0, |bits, chunk| bits | u64::from(of_chunk(chunk)) << chunk)
    }

    /// The states as they are now, in a page of their own that nobody changes.
    pub fn copy(&self) -> Box<Page> {
        let changed = self.changed_on_disk();
        Box::new(Page {
            states: RwLock::new(self.states.read().clone()),
            changed: AtomicU64::new(changed.chunks),
            changed_epoch: AtomicU64::new(changed.epoch),
            ..Page::absent()
        })
    }

    /// Call with the map's `pending` lock held, or on a copy.
    pub fn changed_on_disk(&self) -> Changed {
        let epoch = self.changed_epoch.load(Ordering::Acquire);
        Changed { epoch, chunks: self.changed.load(Ordering::Acquire) }
    }

    pub fn words(&self) -> [u64; WORDS] {
        self.states.read().words()
    }

    /// Generation and slot for the next write to disk.
    pub fn next_slot(&self) -> (u64, u8) {
        let other = u8::from(self.slot.load(Ordering::Relaxed) == 0);
        (self.generation.load(Ordering::Relaxed) + 1, other)
    }

    /// That write is durable and counts from now on.
    pub fn wrote(&self, generation: u64, slot: u8) {
        self.generation.store(generation, Ordering::Relaxed);
        self.slot.store(slot, Ordering::Relaxed);
        self.old.store(false, Ordering::Relaxed);
    }

    /// What the slot is that the next write leaves as it is.
    pub fn other_slot(&self) -> Other {
        match (self.slot.load(Ordering::Relaxed), self.old.load(Ordering::Relaxed)) {
            (NEITHER, _) => Other::Never,
            (_, true) => Other::Old,
            _ => Other::Written,
        }
    }

    #[cfg(test)]
    pub fn holds_bits(&self) -> bool {
        !matches!(*self.states.read(), States::All(_))
    }
}

fn in_page(range: UnitRange) -> Range<usize> {
    range.start.in_page()..range.start.in_page() + range.count as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Unit;
    use crate::map::slot::LOW_BITS;
    use UnitState::{Unwritten, Written, Zero};
    use proptest::prelude::*;

    fn units(start: u64, count: u64) -> UnitRange {
        UnitRange { start: Unit(start), count }
    }

    #[test]
    fn zeroing_touches_written_units_only() {
        let page = Page::absent();
        assert!(!page.mark_zero(units(0, 8192)));
        page.set(units(31, 2), Written);
        assert!(page.mark_zero(units(0, 32)));
        assert_eq!(
            (page.run(0, 9000), page.run(31, 9), page.run(32, 9)),
            ((Unwritten, 31), (Zero, 1), (Written, 1))
        );
        assert!(!page.mark_zero(units(31, 1)), "zero already");
    }

    #[test]
    fn changed_chunks_count_in_their_epoch_only() {
        let page = Page::absent();
        page.add_changed(3, 0b101);
        page.add_changed(3, 0b10);
        assert_eq!((page.changed(3), page.changed(4)), (0b111, 0));
        page.add_changed(4, 1 << 63);
        assert_eq!((page.changed(3), page.changed(4)), (0, 1 << 63));
        assert_eq!(page.copy().changed_on_disk(), Changed { epoch: 4, chunks: 1 << 63 });
    }

    #[test]
    fn chunks_are_told_by_their_units() {
        let page = Page::absent();
        page.set(units(127, 2), Written);
        page.set(units(8191, 1), Zero);
        assert_eq!((page.chunks(false), page.chunks(true)), (0b11, 0b11 | 1 << 63));
    }

    #[test]
    fn units_that_are_all_alike_take_no_bits() {
        let page = Page::absent();
        assert!(!page.holds_bits() && page.run(8000, 9000) == (Unwritten, 192));
        for first in (0..8192).step_by(128) {
            assert_eq!(page.holds_bits(), first != 0);
            page.set(units(first, 128), Written);
        }
        assert!(!page.holds_bits() && page.all_written(units(0, 8192)) && !page.copy().holds_bits());
        assert_eq!((page.chunks(false), page.words()), (u64::MAX, [LOW_BITS; WORDS]));
        page.set(units(8191, 1), Unwritten);
        assert!(page.holds_bits() && page.run(0, 8192) == (Written, 8191));
        page.set(units(8191, 1), Written);
        assert!(page.mark_zero(units(0, 8192)) && !page.mark_zero(units(0, 8192)) && !page.holds_bits());
        assert_eq!((page.run(5, 9), page.chunks(false), page.chunks(true)), ((Zero, 9), 0, u64::MAX));
    }

    proptest! {
        #[test]
        fn a_page_behaves_like_a_plain_array(steps in proptest::collection::vec((0..8192u64, prop_oneof![1..200u64, 8000..8193u64], any::<bool>()), 1..40)) {
            let (page, mut plain) = (Page::absent(), vec![Unwritten; 8192]);
            for (start, count, write) in steps {
                let range = units(start, count.min(8192 - start));
                let part = &mut plain[start as usize..(start + range.count) as usize];
                if write {
                    part.fill(Written);
                    page.set(range, Written);
                } else {
                    let any = part.contains(&Written);
                    part.iter_mut().filter(|s| **s == Written).for_each(|s| *s = Zero);
                    prop_assert_eq!(page.mark_zero(range), any);
                }
            }
            let mut at = 0;
            while at < 8192 {
                let (state, run) = page.run(at, 8192);
                prop_assert!(plain[at..at + run].iter().all(|s| *s == state));
                prop_assert!(plain.get(at + run) != Some(&state), "the run is shorter than it could be");
                at += run;
            }
            let disk = PageOnDisk { slot: 0, generation: 1, words: page.copy().words(), changed: Changed::default(), old: false };
            prop_assert_eq!(Page::from_disk(&disk).run(0, 8192), page.run(0, 8192));
        }
    }
}
