//! AWS CloudTrail. The door writes the records; this service reads them.

pub mod actions;

pub use actions::table;
