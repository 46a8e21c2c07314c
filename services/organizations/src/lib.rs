//! AWS Organizations, as far as accounts and service control policies go. The rows are in `api::identity`, because the door reads
//! them when it decides; here are the actions that change them, and the making of an account, which the server's operator
//! can do without an organization too.
//!
//! ```text
//!   root ─┬─ OU ─┬─ account            every node has policies attached; what a policy of each level above
//!         │      └─ OU ── account      an account does not allow, nobody in it may do
//!         └─ account
//! ```
//! Source: Organizations API Reference; Organizations User Guide, "Service control policies".

mod accounts;
pub mod actions;
mod documents;
mod members;
mod operator;
mod organization;
mod paging;
mod refusals;
mod rows;
mod shapes;
mod tags;
mod targets;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use actions::table;
pub use operator::{OPERATOR_FACT, table as operator_table};
pub use rows::TABLES;
