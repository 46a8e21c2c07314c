//! A volume as bytes: superblock, map, cipher, local store. Knows no account, no AWS call, no HTTP, no SQL.
//!
//! ```text
//!  read_at/write_at ─→ volume ─→ map (written here? zero?) ─→ cipher (XTS in place) ─→ store (pread/pwrite)
//!                        │
//!                        └─ flush: copy dirty map pages → sync data → write copies → sync map → punch holes
//!
//!  <directory of the volume>/
//!     superblock     who and how large, wrapped data key       superblock.rs
//!     map            which units are written, which are zero   map/
//!     data.0000 …    the units, 1 TiB per file, sparse         store.rs
//! ```
//! Start reading at `volume.rs`.

mod error;
mod extents;
mod flush;
mod geometry;
mod lanes;
mod lifecycle;
mod map;
mod store;
mod stripes;
mod superblock;
mod volume;
mod zero;

pub use error::VolumeError;
pub use extents::{Extent, ExtentKind};
pub use geometry::{DATA_UNIT_BYTES, VOLUME_BYTES_MAX};
pub use lifecycle::{create, read_superblock, remove};
pub use superblock::{Encryption, Superblock, VolumeSpec};
pub use volume::Volume;

/// The readers of on-disk bytes, for fuzzing.
#[doc(hidden)]
pub mod readers {
    pub use crate::map::slot::{PageOnDisk, read_page};
    pub use crate::superblock::Superblock;
}
