//! Snapshots: each runs on a read-only connection of its own, inside a read transaction that pins one state of the log. What is
//! remembered of a table (`memory.rs`) needs no connection; a snapshot that finds all it needs there never takes one.

use super::connect;
use super::memory::{Memory, TableMemory, View, same};
use super::session::SqliteSession;
use crate::CatalogError;
use crate::backend::{Snapshot, Stored, Use};
use crate::changes::{self, Read, Scan};
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
    memory: Arc<Memory>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub fn new(path: PathBuf, memory: Arc<Memory>) -> Self {
        Readers { path, memory, idle: Mutex::new(vec![]) }
    }

    pub fn snapshot(pool: &Arc<Self>, sql: Arc<Sql>, use_of: Use) -> SqliteSnapshot {
        let view = pool.memory.view();
        SqliteSnapshot { connection: None, pool: pool.clone(), sql, view, use_of, remembered: vec![] }
    }

    fn begin(&self) -> Result<Connection, CatalogError> {
        let connection = self.take()?;
        connection
            .prepare_cached("BEGIN DEFERRED")
            .and_then(|mut begin| begin.execute([]))
            .map_err(|e| CatalogError::backend("beginning to read", e))?;
        Ok(connection)
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
    /// Taken at the first read that no memory answers; taken out by `drop`.
    connection: Option<Connection>,
    pool: Arc<Readers>,
    sql: Arc<Sql>,
    /// Before there is a connection: the memories when the snapshot began. After that: those of them that hold what the
    /// connection sees.
    view: View,
    use_of: Use,
    /// What was answered from memory before there was a connection.
    remembered: Vec<Read>,
}

impl SqliteSnapshot {
    /// The memory of a table, if it may answer.
    fn memory(&self, table: usize) -> Option<Arc<TableMemory>> {
        let may = self.connection.is_some() || self.use_of == Use::Repeatable;
        self.view.get(table).filter(|_| may).cloned().flatten()
    }

    /// Reads from the file, within one state of it.
    fn read<T>(
        &mut self,
        ask: impl FnOnce(&mut SqliteSession<'_>, &Sql) -> Result<T, CatalogError>,
    ) -> Result<T, CatalogError> {
        if let Some(connection) = &self.connection {
            return ask(&mut SqliteSession(connection), &self.sql);
        }
        let connection = self.connection.insert(self.pool.begin()?);
        let mut session = SqliteSession(connection);
        // The first read pins the state.
        let answer = ask(&mut session, &self.sql)?;
        // Until that is known, no memory may answer.
        let (view, now) = (std::mem::take(&mut self.view), self.pool.memory.view());
        let unchanged = |table: usize| same(&view[table], &now[table]);
        // A table that was written to since: are its rows that were told of still the same?
        let mut doubtful = std::mem::take(&mut self.remembered);
        doubtful.retain(|read| !unchanged(read.table()));
        if !changes::still_stands(&mut session, &self.sql, &doubtful)? {
            return Err(CatalogError::Conflict);
        }
        let valid = (0..now.len()).map(|table| now[table].clone().filter(|_| unchanged(table)));
        self.view = Arc::new(valid.collect());
        Ok(answer)
    }
}

impl Snapshot for SqliteSnapshot {
    fn get(&mut self, table: usize, key: &str) -> Result<Option<Stored>, CatalogError> {
        if let Some(found) = self.memory(table).and_then(|memory| memory.row(key)) {
            if self.connection.is_none() {
                let version = found.as_ref().map(|stored| stored.version);
                self.remembered.push(Read::Get { table, key: key.to_owned(), version });
            }
            return Ok(found);
        }
        let found = self.read(|session, sql| changes::get(session, sql, table, key))?;
        if let Some(memory) = self.memory(table) {
            memory.keep_row(key, &found);
        }
        Ok(found)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Stored>, CatalogError> {
        if let Some(found) = self.memory(scan.table).and_then(|memory| memory.scan(scan)) {
            if self.connection.is_none() {
                let found = found.iter().map(|stored| (stored.key.clone(), stored.version)).collect();
                self.remembered.push(Read::Scan { scan: scan.clone(), found });
            }
            return Ok(found);
        }
        let found = self.read(|session, sql| changes::scan(session, sql, scan))?;
        if let Some(memory) = self.memory(scan.table) {
            memory.keep_scan(scan, &found);
        }
        Ok(found)
    }
}

impl Drop for SqliteSnapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.give_back(connection);
        }
    }
}
