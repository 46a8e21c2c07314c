//! Snapshots: each runs on a read-only connection of its own, inside a read transaction that pins one state of the log.

use super::connect;
use super::session::SqliteSession;
use crate::CatalogError;
use crate::backend::{Snapshot, Stored};
use crate::changes::{self, Scan};
use crate::sql::Sql;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use std::sync::Arc;

/// Idle connections kept for the next reader. There is no upper bound on busy ones: each belongs to a request that the
/// gateway admitted, and a reader that waited for another could wait for itself.
const IDLE: usize = 64;

pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: PathBuf) -> Self {
        Readers { path, idle: Mutex::new(vec![]) }
    }

    pub fn snapshot(pool: &Arc<Self>, sql: Arc<Sql>) -> Result<SqliteSnapshot, CatalogError> {
        let connection = pool.take()?;
        connection
            .prepare_cached("BEGIN DEFERRED")
            .and_then(|mut begin| begin.execute([]))
            .map_err(|e| CatalogError::backend("beginning to read", e))?;
        Ok(SqliteSnapshot { connection: Some(connection), pool: pool.clone(), sql })
    }

    fn take(&self) -> Result<Connection, CatalogError> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY), Ok)
    }

    /// Takes the connection back if its transaction ends cleanly; otherwise closes it, which ends it too.
    fn give_back(&self, connection: Connection) {
        let ended = connection.prepare_cached("ROLLBACK").and_then(|mut end| end.execute([]));
        let mut idle = self.idle.lock();
        if ended.is_ok() && connection.is_autocommit() && idle.len() < IDLE {
            idle.push(connection);
        }
    }

    pub fn integrity_check(&self) -> Result<(), CatalogError> {
        let connection = self.take()?;
        let report = connection
            .prepare("PRAGMA integrity_check(20)")
            .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>())
            .map_err(|e| CatalogError::Damaged { report: e.to_string() })?;
        self.idle.lock().push(connection);
        if report == ["ok"] { Ok(()) } else { Err(CatalogError::Damaged { report: report.join("; ") }) }
    }
}

pub(super) struct SqliteSnapshot {
    /// Taken out only by `drop`.
    connection: Option<Connection>,
    pool: Arc<Readers>,
    sql: Arc<Sql>,
}

impl SqliteSnapshot {
    fn session(&self) -> Result<SqliteSession<'_>, CatalogError> {
        let closed = || CatalogError::backend("reading", "the snapshot has ended");
        self.connection.as_ref().map(SqliteSession).ok_or_else(closed)
    }
}

impl Snapshot for SqliteSnapshot {
    fn get(&mut self, table: usize, key: &str) -> Result<Option<Stored>, CatalogError> {
        changes::get(&mut self.session()?, &self.sql, table, key)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Stored>, CatalogError> {
        changes::scan(&mut self.session()?, &self.sql, scan)
    }
}

impl Drop for SqliteSnapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.give_back(connection);
        }
    }
}
