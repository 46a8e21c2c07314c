//! Amazon EC2 as far as encrypted volumes touch it. Actions write rows and enqueue jobs; jobs use the hosts; what is allowed
//! is decided in `rules`. EC2 asks KMS through the door, as AWS does, so permissions, grants and the trail apply.

pub mod actions;
mod attaching;
pub mod block_public_access;
mod causes;
mod copy_keys;
mod copying;
pub mod damage;
#[cfg(test)]
mod damage_tests;
pub mod defaults;
pub mod dependants;
mod detaching;
mod ending;
mod events;
mod fast_restores;
mod filters;
mod find;
mod idempotency;
pub mod jobs;
pub mod key_facts;
mod launching;
mod locks;
mod making;
mod paging;
mod profiles;
pub mod resume;
pub mod rows;
mod shapes;
mod shared_use;
mod sharing_rows;
mod snapshotting;
mod tagged;
mod tagging;
#[cfg(test)]
mod testing;
pub mod touched;
mod volume_keys;
mod wishes;

pub use actions::table;
pub use events::snapshot_in_event;
pub use find::snapshot_in;
pub use host::{network_name, vhost_socket};
pub use rows::TABLES;
