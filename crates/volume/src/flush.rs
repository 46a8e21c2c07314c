//! Durability: the order that keeps the map from ever naming a unit whose data is not on the disk.
//!
//! ```text
//!  1 take      copies of the pages that changed, and the ranges to punch       (later changes wait for the next flush);
//!              of the top layer first
//!  2 sync      the data files written to (and the tags)                        data of every unit the copies name
//!  3 write     the copies, each to the slot that does not count                ┐ one layer after the other,
//!  4 sync      the map                                                         ┘ bottom first: now the copies count
//!  5 punch     units that the copies call free and that are free still         a crash before 4 leaves "written" in the
//!                                                                              map, so their data must be there until then
//! ```
//! With 4 the flush is over for those who wait for it. Holes are punched in the same turn, because a unit must not become durable
//! anew between the look at the copies and the hole; but as soon as somebody wants the next flush, the rest of them are left to that
//! (measured: 14 s of holes, and CreateSnapshot behind them). A snapshot's flush leaves all of them.
//!
//! Why top first and bottom first: a unit that is merged down, or written straight to the lower layer, is marked there before
//! it is marked "look below" above. So when the upper copy says "look below", the lower copy, taken later, has the unit, and is
//! durable earlier.
//!
//! A flush covers every write answered before it began. Flushes do not overlap; those asked for while one runs wait for
//! one common flush that begins after it. FUA is a write followed by a whole flush: simplest, never wrong, and a guest
//! that uses FUA (journals) has little else pending.

use crate::layer::Layer;
use crate::map::{Taken, free_runs};
use crate::{Volume, VolumeError};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::sync::Arc;

/// Holes that a flush punches although somebody waits for its turn, so that space comes back under any load: a few milliseconds.
const PUNCHED_MIN: usize = 64;

/// Who flushes next, and how the last flush ended.
#[derive(Default)]
pub(crate) struct Flusher {
    state: Mutex<Turns>,
    ended: Condvar,
}

#[derive(Default)]
struct Turns {
    /// A flush is under way, of everything or of a part, or punches holes.
    running: bool,
    /// Number of the latest flush of everything that somebody asked for.
    wanted: u64,
    /// Those who wait to flush a part.
    parts: usize,
    /// Number of the flush of everything that began last.
    began: u64,
    /// Number of the flush that was over last.
    done: u64,
    /// That one found the disk full. (A failed sync is remembered by the volume for ever.)
    no_space: bool,
}

impl Flusher {
    /// Whether somebody waits for the turn.
    fn is_wanted(&self) -> bool {
        let turns = self.state.lock();
        turns.parts > 0 || turns.wanted > turns.began
    }
}

impl Volume {
    /// Makes everything written, trimmed or zeroed before this call durable.
    ///
    /// On [`VolumeError::NoSpace`] nothing is lost and a later flush may succeed. Any other failure makes the volume
    /// read-only.
    pub fn flush(&self) -> Result<(), VolumeError> {
        let mut turns = self.flusher.state.lock();
        // A flush that already runs took its copies too early for us.
        let wanted = turns.began + 1;
        turns.wanted = wanted;
        while turns.done < wanted {
            if turns.running {
                self.flusher.ended.wait(&mut turns);
                continue;
            }
            turns.running = true;
            turns.began += 1;
            let mine = turns.began;
            drop(turns);
            let result = self.make_durable(u32::MAX);
            turns = self.flusher.state.lock();
            turns.done = mine;
            turns.no_space = matches!(result, Err(VolumeError::NoSpace));
            self.flusher.ended.notify_all();
            drop(turns);
            if let Ok(flushed) = result {
                self.take_back_intents();
                self.punch(flushed);
            }
            turns = self.end_turn();
        }
        // The flush that ended last began after ours was asked for, so its end is ours.
        match turns.no_space {
            true => Err(VolumeError::NoSpace),
            false => self.check_writable(),
        }
    }

    /// Makes the layers durable whose numbers are below this one. For those above, that counts as no flush. Fails as
    /// [`Volume::flush`] does.
    ///
    /// The layers above stay as the disk has them, which is an older state that is true still: nothing was taken out of one
    /// before what is below had it.
    pub(crate) fn flush_below(&self, number: u32) -> Result<(), VolumeError> {
        let mut turns = self.flusher.state.lock();
        turns.parts += 1;
        while turns.running {
            self.flusher.ended.wait(&mut turns);
        }
        turns.parts -= 1;
        turns.running = true;
        drop(turns);
        let result = self.make_durable(number);
        // Who freezes is waited for: the next flush punches.
        let result =
            result.map(|flushed| flushed.iter().for_each(|(layer, pages)| layer.map.punch_later(pages, 0)));
        drop(self.end_turn());
        result
    }

    fn end_turn(&self) -> MutexGuard<'_, Turns> {
        let mut turns = self.flusher.state.lock();
        turns.running = false;
        self.flusher.ended.notify_all();
        turns
    }

    /// Of the layers whose numbers are below this one; returns what was taken of each and is durable now. Call in turn.
    fn make_durable(&self, below: u32) -> Result<Vec<(Arc<Layer>, Taken)>, VolumeError> {
        self.check_writable()?;
        // A layer that leaves the stack meanwhile is empty and its emptiness durable; one that comes holds nothing that was
        // answered before.
        let mut layers = self.gate.read().layers.clone();
        layers.retain(|layer| layer.number < below);
        let mut taken: Vec<(Arc<Layer>, Taken)> =
            layers.iter().rev().map(|layer| (layer.clone(), layer.map.take())).collect();
        // From now on bottom first.
        taken.reverse();
        for layer in &layers {
            if let Err(e) = layer.sync() {
                return Err(self.fail("syncing data", &e));
            }
        }
        let mut rest = taken.iter();
        for (layer, pages) in &taken {
            if let Err(error) = self.write_map(layer, pages) {
                if matches!(error, VolumeError::NoSpace) {
                    // The slots that count are untouched, and what was taken is still known: try again when there is space.
                    let done = taken.len() - rest.len();
                    for (layer, pages) in taken.into_iter().skip(done) {
                        layer.map.put_back(pages);
                    }
                }
                return Err(error);
            }
            rest.next();
        }
        Ok(taken)
    }

    /// Gives space back after a flush of everything, in its turn. What is left when somebody waits is for the next one.
    fn punch(&self, flushed: Vec<(Arc<Layer>, Taken)>) {
        let mut punched = 0;
        for (layer, pages) in &flushed {
            for (n, range) in pages.to_punch().enumerate() {
                if punched >= PUNCHED_MIN && self.flusher.is_wanted() {
                    layer.map.punch_later(pages, n);
                    break;
                }
                for (page, range) in pages.free_runs(range) {
                    // Under the lock, so that no write of these units comes between the look and the hole.
                    let _exclusive = self.stripes.write(range.start);
                    for run in free_runs(page, range) {
                        layer.store.punch(run.start, run.count);
                        punched += 1;
                    }
                }
            }
        }
    }

    /// Makes the copies of one layer's pages durable.
    fn write_map(&self, layer: &Layer, taken: &Taken) -> Result<(), VolumeError> {
        if taken.is_empty() {
            return Ok(());
        }
        match layer.map.write(taken) {
            Ok(()) => {}
            Err(VolumeError::NoSpace) => return Err(VolumeError::NoSpace),
            Err(VolumeError::Io { doing, source }) => return Err(self.fail(doing, &source)),
            Err(other) => return Err(self.fail("writing the map", &std::io::Error::other(other))),
        }
        layer.map.sync(taken).map_err(|e| self.fail("syncing the map", &e))
    }
}
