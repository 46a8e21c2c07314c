//! Chunks of the source that a guest's read has fetched. The guest gets its bytes from them at once; whoever loads in the background
//! puts them into the bottom layer, since that takes longer than all the rest of the read. A cache: what is lost of it is fetched
//! again.

use parking_lot::Mutex;
use snapshot::Chunk;
use std::collections::VecDeque;
use std::sync::Arc;

/// Chunks at most: 8 MiB.
const ARRIVED_MAX: usize = 16;

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

    /// Leaves the chunk to the background; not if there is no room, or nobody.
    pub fn leave(&self, index: u32, chunk: &Arc<Chunk>) -> bool {
        let mut waiting = self.0.lock();
        let known = waiting.chunks.iter().any(|one| one.index == index);
        let room = waiting.loaders > 0 && waiting.chunks.len() < ARRIVED_MAX;
        if room && !known {
            waiting.chunks.push_back(One { index, chunk: chunk.clone(), taken: false });
        }
        known || room
    }

    /// The chunk, which stays.
    pub fn find(&self, index: u32) -> Option<Arc<Chunk>> {
        let waiting = self.0.lock();
        waiting.chunks.iter().find(|one| one.index == index).map(|one| one.chunk.clone())
    }

    /// The oldest one that nobody puts away yet. It stays until [`Arrived::done`]: guests may want it until the layer has it.
    pub fn take(&self) -> Option<u32> {
        let mut waiting = self.0.lock();
        let oldest = waiting.chunks.iter_mut().find(|one| !one.taken)?;
        oldest.taken = true;
        Some(oldest.index)
    }

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
    fn nothing_waits_for_nobody_and_not_too_much_for_somebody() {
        let (arrived, chunk) = (Arrived::default(), Arc::new(Chunk::empty()));
        assert!(!arrived.leave(1, &chunk) && arrived.find(1).is_none());
        let (one, two) = (arrived.loader(), arrived.loader());
        drop(one);
        let taken = (0..40).filter(|index| arrived.leave(*index, &chunk)).count();
        assert_eq!(taken, ARRIVED_MAX);
        assert_eq!([arrived.take(), arrived.take()], [Some(0), Some(1)]);
        assert!(arrived.find(0).is_some(), "until the layer has it");
        arrived.done(0);
        assert!(arrived.find(0).is_none() && arrived.find(1).is_some() && arrived.leave(99, &chunk));
        drop(two);
        assert!(arrived.take().is_none() && !arrived.leave(1, &chunk));
    }
}
