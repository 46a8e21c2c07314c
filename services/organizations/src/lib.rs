//! AWS Organizations, as far as accounts and service control policies go. The rows are in `api::identity`.

pub mod actions;

pub use actions::table;
