//! A volume as bytes: superblock, layers, cipher, local store. Knows no account, no AWS call, no HTTP, no SQL.
//!
//! ```text
//!  read_at/write_at ─→ device ─→ stack (in which layer? zero? in the source?) ─→ cipher (XTS in place) ─→ store
//!                        │
//!                        └─ flush: copy dirty map pages → sync data → write copies → sync maps → punch holes
//!
//!  <directory of the volume>/
//!     superblock     who and how large, wrapped data key, source       superblock.rs
//!     stack          which layers, which snapshots are frozen where    record.rs
//!     map            of the bottom layer: which units are written      map/
//!     data.0000 …    its units, 1 TiB per file, sparse                 store.rs
//!     layer.0001/ …  a layer above: map, data.0000, …                  layer.rs
//!     tags.0000 …    a tag per unit, in every layer  ┐ only with integrity: integrity.rs
//!     intents        what is being overwritten       ┘ (docs/integrity.md)
//! ```
//! A snapshot is taken by `freeze.rs`, read by `frozen.rs`, and ends with thawing, after which `merge.rs` makes one layer of
//! two. A volume made from a snapshot is loaded by `load.rs`. Start reading at `device.rs` (as a guest sees a volume) or
//! `volume.rs` (as it lies on the disk).

mod arrived;
mod check;
mod coder;
mod device;
mod dirty;
mod error;
mod extents;
mod flush;
mod freeze;
mod frozen;
mod geometry;
mod grow;
mod integrity;
mod intents;
mod lanes;
mod layer;
mod lifecycle;
mod load;
mod map;
mod merge;
mod record;
mod settle;
mod source;
mod stack;
mod store;
mod stripes;
mod superblock;
mod volume;
mod zero;

pub use check::{Checked, Finding, Severity, check};
pub use device::Device;
pub use error::VolumeError;
pub use extents::{Extent, ExtentKind};
pub use freeze::freeze;
pub use geometry::{DATA_UNIT_BYTES, VOLUME_BYTES_MAX};
pub use lifecycle::{create, create_with_integrity, read_superblock, remove};
pub use superblock::{Encryption, Superblock, VolumeSpec};
pub use volume::{Damage, OpenSource, Opening, Volume};

/// The readers of on-disk bytes, for fuzzing.
#[doc(hidden)]
pub mod readers {
    pub use crate::map::slot::{PageOnDisk, read_page};
    pub use crate::record::Record;
    pub use crate::superblock::Superblock;
}
