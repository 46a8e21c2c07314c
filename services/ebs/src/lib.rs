//! The EBS direct API: snapshots read and written block by block, by clients that have no volume.

pub mod actions;

pub use actions::table;
