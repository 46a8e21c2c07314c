//! Where chunks come from: a frozen volume, a stored snapshot, or one of them re-encrypted on the way.

use crate::{Chunk, SnapshotError};

/// Chunks by index. A chunk's index is its place in the volume: chunk `n` begins at byte `n * CHUNK_BYTES`. All methods may be
/// called from several threads.
pub trait ChunkSource: Send + Sync {
    /// Bytes of the volume.
    fn size_bytes(&self) -> u64;

    /// Indices of chunks that the source holds, ascending, from `from` on, at most `max` of them. Fewer than `max` only at the
    /// end. An index may be listed whose chunk turns out to hold nothing.
    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError>;

    /// The same for indices below `end` only, so that what lies at or beyond it is neither read nor in the way if it is damaged.
    fn indices_below(&self, from: u32, end: u32) -> Result<Vec<u32>, SnapshotError> {
        let mut found = self.indices(from, end.saturating_sub(from) as usize)?;
        found.retain(|index| *index < end);
        Ok(found)
    }

    /// How many threads that ask for chunks at a time gain anything.
    fn at_once(&self) -> usize {
        1
    }

    /// The chunk; `None` if nothing of it was ever written (it reads as zeros).
    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError>;
}
