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
use parking_lot::{Condvar, Mutex};

/// Who flushes next, and how the last flush ended.
#[derive(Default)]
pub(crate) struct Flusher {
    state: Mutex<Turns>,
    ended: Condvar,
}

#[derive(Default)]
struct Turns {
    /// A flush is under way, of everything or of a part.
    running: bool,
    /// Number of the flush of everything that began last.
    began: u64,
    /// Number of the flush that ended last.
    done: u64,
    /// That one found the disk full. (A failed sync is remembered by the volume for ever.)
    no_space: bool,
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
        while turns.done < wanted {
            if turns.running {
                self.flusher.ended.wait(&mut turns);
                continue;
            }
            turns.running = true;
            turns.began += 1;
            let mine = turns.began;
            drop(turns);
            let result = self.flush_now(u32::MAX);
            turns = self.flusher.state.lock();
            turns.running = false;
            turns.done = mine;
            turns.no_space = matches!(result, Err(VolumeError::NoSpace));
            self.flusher.ended.notify_all();
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
        while turns.running {
            self.flusher.ended.wait(&mut turns);
        }
        turns.running = true;
        drop(turns);
        let result = self.flush_now(number);
        self.flusher.state.lock().running = false;
        self.flusher.ended.notify_all();
        result
    }

    /// Of the layers whose numbers are below this one. Call in turn.
    fn flush_now(&self, below: u32) -> Result<(), VolumeError> {
        self.check_writable()?;
        // A layer that leaves the stack meanwhile is empty and its emptiness durable; one that comes holds nothing that was
        // answered before.
        let mut layers = self.gate.read().layers.clone();
        layers.retain(|layer| layer.number < below);
        let mut taken: Vec<(&Layer, Taken)> =
            layers.iter().rev().map(|layer| (&**layer, layer.map.take())).collect();
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
        for (layer, pages) in &taken {
            for (page, range) in pages.free_runs() {
                // Under the lock, so that no write of these units comes between the look and the hole.
                let _exclusive = self.stripes.write(range.start);
                for run in free_runs(page, range) {
                    layer.store.punch(run.start, run.count);
                }
            }
        }
        if below == u32::MAX {
            // A flush of a part says nothing of what was written above.
            self.take_back_intents();
        }
        Ok(())
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
