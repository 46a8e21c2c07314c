//! Amazon EC2 as far as encrypted volumes touch it. Actions write rows and enqueue jobs; jobs use the hosts; what is allowed
//! is decided in `rules`. EC2 asks KMS through the door, as AWS does, so permissions, grants and the trail apply.

pub mod actions;
mod attaching;
mod causes;
mod detaching;
mod ending;
mod events;
mod filters;
mod find;
mod idempotency;
pub mod jobs;
mod launching;
mod paging;
pub mod resume;
pub mod rows;
mod shapes;
mod tagged;
mod tagging;
#[cfg(test)]
mod testing;
mod wishes;

pub use actions::table;
pub use rows::TABLES;
