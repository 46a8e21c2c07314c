//! The catalog itself: opening, beginning transactions, and running them again when they conflict.

use crate::backend::{Backend, Done, Snapshot, Stats, Use};
use crate::changes::Changes;
use crate::postgres::Postgres;
use crate::row::{Row, Table};
use crate::sql::{Dialect, Sql};
use crate::sqlite::Sqlite;
use crate::tx::Tx;
use crate::{CatalogError, schema};
use env::Clock;
use parking_lot::{Mutex, RwLock, RwLockWriteGuard};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often [`Catalog::transact`] runs a transaction before it gives up. The pauses between add up to 1.7 s, which
/// is also how long a PostgreSQL server may be away before callers notice.
const MAX_TRIES: u32 = 32;

/// After so many lost races a transaction asks for a turn alone. Without it, 64 threads on one row made one in 500
/// transactions lose 32 times (`examples/group_commit.rs`).
const PATIENCE: u32 = 5;

/// Longest wait for a turn. Turns are a courtesy, so nothing depends on getting one: past this the transaction runs
/// anyway (a handler that calls `transact` inside `transact` would otherwise wait for itself).
const TURN: Duration = Duration::from_millis(250);

/// Rows rewritten per transaction while an index is filled.
const BUILD_BATCH: usize = 200;

/// Control state. Clones share one catalog; it closes when the last clone and the last transaction are gone.
///
/// A PostgreSQL catalog must be used and dropped on threads that may block, never inside an async task.
#[derive(Clone)]
pub struct Catalog(Arc<Inner>);

struct Inner {
    backend: Box<dyn Backend>,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    /// (table, index) whose column does not hold every row's value yet.
    unbuilt: Mutex<BTreeSet<(usize, usize)>>,
    /// Shared by transactions that run, held alone by one that has lost too often.
    turns: RwLock<()>,
}

impl Catalog {
    /// Opens the catalog at `sqlite:PATH` or `postgres://...` (no TLS yet: use a unix socket or a private network),
    /// making it and adding tables and index columns as needed. `clock` is slept on between retries.
    ///
    /// A SQLite catalog has one server: a second open fails with [`CatalogError::Locked`].
    pub fn open(url: &str, tables: &[Table], clock: Arc<dyn Clock>) -> Result<Catalog, CatalogError> {
        let (sql, backend, unbuilt): (_, Box<dyn Backend>, _) =
            if let Some(path) = url.strip_prefix("sqlite:") {
                if path.is_empty() {
                    return Err(CatalogError::BadUrl(url.to_owned()));
                }
                let sql = Arc::new(Sql::new(Dialect::Sqlite, tables)?);
                let (backend, unbuilt) = Sqlite::open(Path::new(path), sql.clone())?;
                (sql, Box::new(backend), unbuilt)
            } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
                let sql = Arc::new(Sql::new(Dialect::Postgres, tables)?);
                let (backend, unbuilt) = Postgres::open(url, sql.clone(), clock.clone())?;
                (sql, Box::new(backend), unbuilt)
            } else {
                return Err(CatalogError::BadUrl(url.to_owned()));
            };
        let unbuilt = Mutex::new(unbuilt.into_iter().collect());
        Ok(Catalog(Arc::new(Inner { backend, sql, clock, unbuilt, turns: RwLock::new(()) })))
    }

    /// Starts a transaction. Its first read takes the snapshot that all its reads see.
    pub fn begin(&self) -> Result<Tx, CatalogError> {
        Ok(Tx::new(self.clone(), Use::Once))
    }

    /// Runs `f` in a transaction and commits; runs both again, on a new snapshot, while others change what `f` reads.
    /// `f` must have no effect outside its transaction. If `f` fails, nothing is committed and its error returned.
    pub fn transact<T, E: From<CatalogError>>(
        &self,
        mut f: impl FnMut(&mut Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        for attempt in 0..MAX_TRIES {
            if attempt > 0 {
                self.0.clock.sleep(env::stagger(attempt - 1));
            }
            let _together = (attempt < PATIENCE).then(|| self.0.turns.try_read_for(TURN));
            let _alone = (attempt >= PATIENCE).then(|| self.turn_alone());
            let mut tx = Tx::new(self.clone(), Use::Repeatable);
            match f(&mut tx) {
                Ok(value) => match tx.commit() {
                    Ok(()) => return Ok(value),
                    Err(error) if error.is_transient() => {}
                    Err(error) => return Err(error.into()),
                },
                // `f` has wrapped the error in its own type, so the transaction remembers what kind it was.
                Err(_) if tx.is_transient() => {}
                Err(error) => return Err(error),
            }
        }
        Err(CatalogError::Exhausted { tries: MAX_TRIES }.into())
    }

    /// As [`Catalog::transact`], but runs `f` once and does not wait for the disk: `then` hears what `f` answered once that is
    /// durable, or why it is not, perhaps on a thread of the database's, which it must not hold up. Whatever running `f`
    /// again may heal it hears as [`CatalogError::Conflict`].
    pub fn transact_once<T: Send + 'static, E: From<CatalogError>>(
        &self,
        f: impl FnOnce(&mut Tx) -> Result<T, E>,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) {
        let _together = self.0.turns.try_read_for(TURN);
        let mut tx = Tx::new(self.clone(), Use::Repeatable);
        match f(&mut tx) {
            Ok(value) => tx.submit(move |committed| match committed {
                Ok(()) => then(Ok(value)),
                Err(error) if error.is_transient() => then(Err(CatalogError::Conflict.into())),
                Err(error) => then(Err(error.into())),
            }),
            Err(_) if tx.is_transient() => then(Err(CatalogError::Conflict.into())),
            Err(error) => then(Err(error)),
        }
    }

    /// Whether [`Catalog::transact_once`] returns before the commit has ended.
    pub fn commits_apart(&self) -> bool {
        self.0.backend.commits_apart()
    }

    /// Keeps others from running, and sees to it that nothing of theirs is on its way any more.
    fn turn_alone(&self) -> Option<RwLockWriteGuard<'_, ()>> {
        let turn = self.0.turns.try_write_for(TURN);
        self.0.backend.settle();
        turn
    }

    /// `sqlite` or `postgres`.
    pub fn backend_name(&self) -> &'static str {
        self.0.backend.name()
    }

    /// Counters since opening.
    pub fn stats(&self) -> Stats {
        self.0.backend.stats()
    }

    /// Asks the database whether its own structures are sound; [`CatalogError::Damaged`] with its report if not.
    pub fn integrity_check(&self) -> Result<(), CatalogError> {
        self.0.backend.integrity_check()
    }

    /// Makes sure that deleted rows are in none of SQLite's files any more: moves the log into the main file, where
    /// `secure_delete` has overwritten them, and empties the log. Waits for running reads. On PostgreSQL the server's
    /// own vacuum and log recycling decide, and this does nothing.
    pub fn checkpoint(&self) -> Result<(), CatalogError> {
        self.0.backend.checkpoint()
    }

    /// Makes sure that what was deleted from this table, or overwritten in it, is not in the table's files any more. SQLite: as
    /// [`Catalog::checkpoint`]. PostgreSQL: writes the table anew (`VACUUM FULL`), which locks it meanwhile; its write-ahead
    /// log keeps the old bytes until it is recycled, and archives and backups keep them for as long as they are kept.
    pub fn scrub<R: Row>(&self) -> Result<(), CatalogError> {
        self.0.backend.scrub(self.sql().position(R::TABLE.name)?)
    }

    pub(crate) fn sql(&self) -> &Sql {
        &self.0.sql
    }

    pub(crate) fn snapshot(&self, use_of: Use) -> Result<Box<dyn Snapshot>, CatalogError> {
        self.0.backend.snapshot(use_of)
    }

    pub(crate) fn commit(&self, changes: Changes, done: Done) {
        self.0.backend.commit(changes, done);
    }

    /// Fills an index column that was added to a table with rows; true if there was something to do. Only here is
    /// the row type known that computes the column's values.
    pub(crate) fn build_index<R: Row>(&self, table: usize, index: usize) -> Result<bool, CatalogError> {
        let mut unbuilt = self.0.unbuilt.lock();
        if !unbuilt.contains(&(table, index)) {
            return Ok(false);
        }
        let mut after: Option<String> = None;
        loop {
            let last = self.transact(|tx| {
                let rows: Vec<R> = tx.scan("", after.as_deref(), BUILD_BATCH)?;
                rows.iter().try_for_each(|row| tx.put(row))?;
                Ok::<_, CatalogError>(rows.last().map(Row::key))
            })?;
            match last {
                Some(key) => after = Some(key),
                None => break,
            }
        }
        self.0.backend.mark_built(&schema::index_name(self.sql(), table, index))?;
        unbuilt.remove(&(table, index));
        tracing::info!(table = R::TABLE.name, index, "filled a new index");
        Ok(true)
    }
}
