//! Snapshots as bytes. A snapshot is a manifest that names chunks; a chunk is 512 KiB of a volume, of which it holds the
//! data units that were written. Everything is moved as ciphertext; only re-encryption and the EBS direct API's blocks need a
//! data key. Knows no account, no AWS call, no SQL.
//!
//! ```text
//!  <region>/<snapshot>/manifest                     head and list of pages            manifest.rs
//!  <region>/<snapshot>/p-<page>-<hash>              1,024 chunk entries               page.rs
//!  <region>/<snapshot>/c-<chunk>-<hash>             up to 128 data units              chunk.rs
//! ```
//! The snapshot in a name is the one that wrote the object. A later snapshot of the same lineage names unchanged pages and
//! chunks of earlier ones, so an object lives as long as any manifest names it. Because each object has one writer, two
//! snapshots never meet in a name, and collecting the objects of a deleted snapshot needs no lock.

mod buffer;
mod bytes;
mod changed;
mod chunk;
mod collect;
mod error;
mod fetch;
mod hash;
mod manifest;
mod name;
mod name_set;
mod page;
mod reader;
mod recode;
mod reference;
mod scrub;
mod snapshots;
mod source;
mod spec;
mod store;
#[doc(hidden)]
pub mod testing;
#[cfg(test)]
mod tests;
mod workers;

pub use changed::{Changed, Changes, changed};
pub use chunk::{CHUNK_BYTES, Chunk, UNITS_PER_CHUNK};
pub use error::SnapshotError;
pub use hash::ChunkHash;
pub use page::Entry;
pub use reader::Reader;
pub use recode::{Recoded, open_block, seal_block};
pub use reference::SnapshotRef;
pub use scrub::{Finding, ScrubTotals};
pub use snapshots::Snapshots;
pub use source::ChunkSource;
pub use spec::{Collected, Control, Encryption, Head, StoreSpec, Stored};
pub use store::PutChunks;

/// The readers of bytes that may be anything, for fuzzing.
#[doc(hidden)]
pub mod readers {
    pub use crate::manifest::{Manifest, PageRef};
    pub use crate::page::Page;
}
