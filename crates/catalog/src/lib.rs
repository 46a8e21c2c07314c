//! Control state: typed tables and optimistic transactions over SQLite (default, embedded) or PostgreSQL.
//!
//! ```text
//!  handler ── Tx ──── get / scan ────► snapshot (its own read connection)
//!              │         └─ what was read, with versions ──┐
//!              ├─ put / delete / append ─► buffered writes ─┤
//!              └─ commit ──────────────────────────────────►│ one writing transaction:
//!                                                           │ recheck the reads, apply the writes, make durable
//! ```
//! A transaction takes no locks while a handler thinks. At commit everything it read is compared again with the
//! database; if anything differs the answer is [`CatalogError::Conflict`] and [`Catalog::transact`] runs the handler
//! again. So transactions that write behave as if they had run one after the other, at the moment of their commit.
//!
//! Two back ends run the same code over the same table of statements (`sql.rs`); one suite (`tests/`) runs on both.
//! This crate knows nothing of what the rows mean.

mod backend;
pub mod bytes;
mod catalog;
mod changes;
mod error;
mod overlay;
mod postgres;
mod row;
mod schema;
mod sql;
mod sqlite;
mod tx;

pub use backend::Stats;
pub use catalog::Catalog;
pub use error::CatalogError;
pub use row::{MAX_KEY_BYTES, Row, Table};
pub use sqlite::Examined;
pub use tx::{Savepoint, Tx};
