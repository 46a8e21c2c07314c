//! Snapshots as bytes. A snapshot is a manifest that names chunks; a chunk is 512 KiB of a volume, of which it holds the
//! data units that were written. Everything is moved as ciphertext; only re-encryption and the EBS direct API's blocks need a
//! data key. Knows no account, no AWS call, no SQL.
//!
//! ```text
//!  <region>/<snapshot>/manifest                     head and list of pages            manifest.rs
//!  <region>/<snapshot>/p-<page>-<hash>              1,024 chunk entries               manifest.rs
//!  <region>/<snapshot>/c-<chunk>-<hash>             up to 128 data units              chunk.rs
//! ```
//! The snapshot in a name is the one that wrote the object. A later snapshot of the same lineage names unchanged pages and
//! chunks of earlier ones, so an object lives as long as any manifest names it. Because each object has one writer, two
//! snapshots never meet in a name, and collecting the objects of a deleted snapshot needs no lock.

mod chunk;
mod error;
mod reference;
mod source;

pub use chunk::{CHUNK_BYTES, Chunk, UNITS_PER_CHUNK};
pub use error::SnapshotError;
pub use reference::SnapshotRef;
pub use source::ChunkSource;
