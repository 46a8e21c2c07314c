//! Chunks of the source that guests' reads have fetched, the newest of them. The guest gets its bytes from them at once; whoever loads
//! in the background puts them into the bottom layer, since that takes longer than all the rest of the read. A cache: what is lost of it
//! is fetched again.
//!
//! What was fetched a moment ago is left alone, because the guest goes on reading it, and would wait for the lock of its region.

use parking_lot::Mutex;
use snapshot::Chunk;
use std::collections::VecDeque;
use std::sync::Arc;

/// Chunks at most: 4 MiB. Few, so that the memory that comes round again is still near the processor.
const ARRIVED_MAX: usize = 8;
/// The newest ones, which are left alone.
const FRESH: usize = 4;

#[derive(Default)]
pub(crate) struct Arrived(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Who loads in the background; if nobody does, nothing waits here.
    loaders: usize,
    /// Oldest first.
    chunks: VecDeque<One>,
}

struct One {
    index: u32,
    chunk: Arc<Chunk>,
    /// Somebody is putting it away.
    taken: bool,
}

/// While it lives, chunks that arrive are put away by its holder.
pub(crate) struct Loader<'a>(&'a Arrived);

impl Arrived {
    pub fn loader(&self) -> Loader<'_> {
        self.0.lock().loaders += 1;
        Loader(self)
    }

    /// Whether somebody loads in the background.
    pub fn has_loader(&self) -> bool {
        self.0.lock().loaders > 0
    }

    /// Leaves the chunk to the background, if there is anybody. If there are too many, the oldest goes.
    pub fn leave(&self, index: u32, chunk: &Arc<Chunk>) {
        let mut waiting = self.0.lock();
        if waiting.loaders == 0 || waiting.chunks.iter().any(|one| one.index == index) {
            return;
        }
        if waiting.chunks.len() >= ARRIVED_MAX {
            waiting.chunks.pop_front();
        }
        waiting.chunks.push_back(One { index, chunk: chunk.clone(), taken: false });
    }

    /// The chunk, which stays.
    pub fn find(&self, index: u32) -> Option<Arc<Chunk>> {
        let waiting = self.0.lock();
        waiting.chunks.iter().find(|one| one.index == index).map(|one| one.chunk.clone())
    }

    /// The oldest one that is not fresh and that nobody puts away yet. It stays until [`Arrived::done`]: guests may want it until the
    /// layer has it.
    pub fn take(&self) -> Option<u32> {
        let mut waiting = self.0.lock();
        let old = waiting.chunks.len().saturating_sub(FRESH);
        let oldest = waiting.chunks.iter_mut().take(old).find(|one| !one.taken)?;
        oldest.taken = true;
        Some(oldest.index)
    }

    /// The layer has the chunk, or cannot get it.
    pub fn done(&self, index: u32) {
        self.0.lock().chunks.retain(|one| one.index != index);
    }
}

impl Drop for Loader<'_> {
    fn drop(&mut self) {
        let mut waiting = self.0.0.lock();
        waiting.loaders -= 1;
        if waiting.loaders == 0 {
            waiting.chunks = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_wait_if_somebody_is_there_and_the_freshest_are_left_alone() {
        let (arrived, chunk) = (Arrived::default(), Arc::new(Chunk::empty()));
        arrived.leave(1, &chunk);
        assert!(arrived.find(1).is_none(), "for nobody");
        let (one, two) = (arrived.loader(), arrived.loader());
        drop(one);
        let (most, fresh) = (ARRIVED_MAX as u32, FRESH as u32);
        (0..fresh).for_each(|index| arrived.leave(index, &chunk));
        assert!(arrived.take().is_none());
        (0..most + 3).for_each(|index| arrived.leave(index, &chunk));
        assert!(arrived.find(2).is_none() && arrived.find(3).is_some(), "the oldest went");
        assert_eq!([arrived.take(), arrived.take()], [Some(3), Some(4)]);
        assert!(arrived.find(3).is_some(), "until the layer has it");
        arrived.done(3);
        assert!(arrived.find(3).is_none() && arrived.find(4).is_some());
        let taken = std::iter::from_fn(|| arrived.take()).last();
        assert_eq!(taken, Some(most + 3 - fresh - 1), "the rest is fresh");
        drop(two);
        assert!(arrived.take().is_none() && arrived.find(most).is_none());
    }
}
