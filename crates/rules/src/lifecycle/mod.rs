//! Life cycles: which change a resource's state allows. One file per kind of resource; states print as EC2 prints them.

pub mod fast_restore;
pub mod instance;
pub mod modification;
pub mod snapshot;
pub mod snapshot_lock;
pub mod volume;
