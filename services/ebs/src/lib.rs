//! The EBS direct API: snapshots read and written block by block, by clients that have no volume. The rows of snapshots are EC2's;
//! here are only the blocks of those that are being written.
//!
//! ```text
//!   StartSnapshot ─► pending ─ PutSnapshotBlock … ─ CompleteSnapshot ─► completed     (jobs/complete_snapshot.rs)
//!                       │
//!                       └─ no request for its timeout ─► error                        (timeouts.rs, jobs/discard_draft.rs)
//! ```
//! What is allowed is decided in `rules`; bytes are moved, encrypted and decrypted by the host (`host::Storage`), which asks KMS for
//! the data key in the caller's name for every block.

pub mod actions;
mod drafts;
mod find;
pub mod jobs;
mod keys;
mod listing;
mod reading;
mod refusals;
pub mod rows;
#[cfg(test)]
mod testing;
mod timeouts;
pub mod tokens;
mod touched;

pub use actions::table;
pub use jobs::kinds;
pub use rows::TABLES;
pub use timeouts::time_out;

/// Bytes of a block: a chunk of a snapshot.
pub(crate) const BLOCK_BYTES: usize = snapshot::CHUNK_BYTES;
/// Blocks in a GiB of a volume.
pub(crate) const BLOCKS_PER_GIB: u32 = 2048;
