//! AWS STS, as far as every client asks it at start: who am I?

pub mod actions;

pub use actions::table;
