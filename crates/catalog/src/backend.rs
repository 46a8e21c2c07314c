//! What the rest of the crate asks of a database: snapshots to read from, and a commit that checks and applies.

use crate::CatalogError;
use crate::changes::{Changes, Scan};
use std::sync::Arc;

/// A row as the database holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub key: String,
    /// Different after every change of the row, also when it was deleted and made again in between.
    pub version: i64,
    /// JSON.
    pub body: Arc<str>,
}

/// A consistent view of the whole catalog; it ends when dropped.
pub(crate) trait Snapshot: Send {
    fn get(&mut self, table: usize, key: &str) -> Result<Option<Stored>, CatalogError>;
    fn scan(&mut self, scan: &Scan) -> Result<Vec<Stored>, CatalogError>;
}

/// What a snapshot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A transaction that can be run again: a read may fail with `Conflict`.
    Repeatable,
    /// One that cannot.
    Once,
}

/// Hears how a commit ended, perhaps on a thread of the database's, which it must not hold up.
pub(crate) type Done = Box<dyn FnOnce(Result<(), CatalogError>) + Send>;

/// A database.
pub(crate) trait Backend: Send + Sync {
    /// `sqlite` or `postgres`.
    fn name(&self) -> &'static str;
    fn snapshot(&self, use_of: Use) -> Result<Box<dyn Snapshot>, CatalogError>;
    /// Rechecks the reads and applies the writes as one; they are durable when `done` hears so. `Conflict` if a read differs.
    fn commit(&self, changes: Changes, done: Done);
    /// Whether `commit` returns before it is known how the commit ended.
    fn commits_apart(&self) -> bool;
    /// Returns when every commit asked for before has ended.
    fn settle(&self);
    /// Moves the write-ahead log into the main file and empties it, so that deleted rows are gone from both.
    fn checkpoint(&self) -> Result<(), CatalogError>;
    /// Leaves no deleted or overwritten row of the table in the database's files, as far as the database can.
    fn scrub(&self, table: usize) -> Result<(), CatalogError>;
    fn integrity_check(&self) -> Result<(), CatalogError>;
    fn stats(&self) -> Stats;
    /// Notes that an index column now holds the value of every row.
    fn mark_built(&self, index: &str) -> Result<(), CatalogError>;
}

/// Counters since the catalog was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Transactions with writes that were committed.
    pub committed: u64,
    /// Transactions refused because what they had read was changed.
    pub conflicts: u64,
    /// Commits of the database itself; fewer than `committed` when several transactions shared one.
    pub durable_commits: u64,
}
