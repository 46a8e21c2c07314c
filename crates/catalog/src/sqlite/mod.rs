//! The embedded back end: one SQLite file in write-ahead-log mode, one writer thread, a connection per running reader, and
//! a thread that folds the log into the file.
//!
//! ```text
//!  PATH        the catalog            mode 0600, page cache written to it at checkpoints
//!  PATH-wal    write-ahead log        synced before a commit is answered
//!  PATH-shm    index of the log       shared memory of this process's connections
//!  PATH.lock   empty; locked by the server that has the catalog open
//! ```

mod examine;
mod fold;
mod memory;
mod readers;
mod session;
mod writer;

use crate::backend::{Backend, Done, Snapshot, Stats, Use};
use crate::changes::Changes;
use crate::sql::{Dialect, Sql};
use crate::{CatalogError, schema};
use env::{Files, RealFiles};
pub use examine::Examined;
use memory::Memory;
use parking_lot::Mutex;
use readers::Readers;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use session::SqliteSession;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use writer::Writer;

/// How long a connection waits for a lock that another holds. Ours never hold one for long; a person's `sqlite3` may.
const BUSY: Duration = Duration::from_secs(10);

/// Statements kept prepared per connection; more than the tables have together.
const CACHED_STATEMENTS: usize = 512;

pub(crate) struct Sqlite {
    // Dropped in this order: the writer's connection is the last on the file and empties the log as it closes; then
    // the lock is given up.
    readers: Arc<Readers>,
    writer: Writer,
    /// In a mutex because connections are not `Sync`; it is only held and dropped.
    _lock: Mutex<Connection>,
    sql: Arc<Sql>,
}

impl Sqlite {
    /// Opens or makes the catalog. Also returns the indexes (table, index) that must be filled.
    pub fn open(path: &Path, sql: Arc<Sql>) -> Result<(Self, Vec<(usize, usize)>), CatalogError> {
        let lock = lock(path)?;
        make_private(path).map_err(|e| CatalogError::backend("preparing the catalog file", e))?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare_writer(&connection).map_err(|e| CatalogError::backend("opening the catalog", e))?;
        let migrated = migrate(&mut connection, &sql)?;
        let memory = Arc::new(Memory::new(sql.tables.len()));
        let file =
            RealFiles.open(path, false).map_err(|e| CatalogError::backend("opening the catalog", e))?;
        let writer = Writer::start(path, file, connection, sql.clone(), memory.clone(), migrated.epoch)?;
        let readers = Arc::new(Readers::new(path.to_owned(), memory));
        Ok((Sqlite { readers, writer, _lock: Mutex::new(lock), sql }, migrated.unbuilt))
    }
}

/// An exclusive transaction on an empty database beside the catalog, held for as long as we run. SQLite's locks end
/// with the process, so a crash leaves nothing behind, and they also hold between two openings in one process. The
/// catalog itself cannot be locked this way: its readers need it.
fn lock(path: &Path) -> Result<Connection, CatalogError> {
    let beside = with_suffix(path, ".lock");
    let doing = "locking the catalog";
    let fail = |e: rusqlite::Error| match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            CatalogError::Locked { path: path.display().to_string() }
        }
        _ => CatalogError::backend(doing, e),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection =
        Connection::open_with_flags(&beside, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(fail)?;
    connection.busy_timeout(Duration::ZERO).map_err(fail)?;
    // Nothing is ever written here; a journal file beside it would only be litter.
    connection.execute_batch("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE").map_err(fail)?;
    restrict(&beside).map_err(|e| CatalogError::backend(doing, e))?;
    Ok(connection)
}

/// Makes the file with mode 0600, or gives an existing one (a restored backup) that mode; log and shared memory take
/// theirs from it. Must run under the lock: closing any descriptor of a file drops all of this process's POSIX locks
/// on it, so nothing but SQLite may open the file while the catalog is open, or else must close it last (`fold.rs`).
fn make_private(path: &Path) -> std::io::Result<()> {
    if !RealFiles.exists(path) {
        RealFiles.open(path, true)?;
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        RealFiles.sync_dir(parent)?;
    }
    restrict(path)?;
    for suffix in ["-wal", "-shm"] {
        let beside = with_suffix(path, suffix);
        if RealFiles.exists(&beside) {
            restrict(&beside)?;
        }
    }
    Ok(())
}

fn restrict(path: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn connect(path: &Path, mode: OpenFlags) -> Result<Connection, CatalogError> {
    let open = || {
        let connection = Connection::open_with_flags(path, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // One plan per statement: otherwise every new bound of a range has it planned again.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // Sorting never spills to a temporary file, where rows would linger.
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")?;
        Ok(connection)
    };
    open().map_err(|e: rusqlite::Error| CatalogError::backend("opening the catalog", e))
}

fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        // Network file systems without shared memory end here.
        return Err(rusqlite::Error::InvalidParameterName(format!("no write-ahead log here, only {mode}")));
    }
    connection.execute_batch(
        // FULL: the log is synced at every commit. secure_delete: what is deleted is overwritten with zeros.
        // What folds the log is `fold.rs`; past a burst its file shrinks back to 64 MiB.
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0; \
         PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384",
    )
}

fn migrate(connection: &mut Connection, sql: &Sql) -> Result<schema::Migrated, CatalogError> {
    let doing = "bringing the catalog up to date";
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(|e| CatalogError::backend(doing, e))?;
    let migrated = schema::migrate(&mut SqliteSession(&transaction), sql)?;
    transaction.commit().map_err(|e| CatalogError::backend(doing, e))?;
    Ok(migrated)
}

impl Backend for Sqlite {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn snapshot(&self, use_of: Use) -> Result<Box<dyn Snapshot>, CatalogError> {
        Ok(Box::new(Readers::snapshot(&self.readers, self.sql.clone(), use_of)))
    }

    fn commit(&self, changes: Changes, done: Done) {
        self.writer.commit(changes, done);
    }

    fn commits_apart(&self) -> bool {
        true
    }

    fn settle(&self) {
        // The writer does everything in the order in which it was asked. A broken one has nothing to settle.
        let _ = self.writer.run(|_| Ok(()));
    }

    fn checkpoint(&self) -> Result<(), CatalogError> {
        self.writer.empty_log()
    }

    fn scrub(&self, _table: usize) -> Result<(), CatalogError> {
        self.checkpoint()
    }

    fn integrity_check(&self) -> Result<(), CatalogError> {
        self.readers.integrity_check()
    }

    fn stats(&self) -> Stats {
        self.writer.stats()
    }

    fn mark_built(&self, index: &str) -> Result<(), CatalogError> {
        let index = index.to_owned();
        self.writer
            .run(move |connection| schema::set(&mut SqliteSession(connection), Dialect::Sqlite, &index, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_syncs_every_commit_and_overwrites_what_is_deleted() {
        // No test can cut the power, so the settings that durability rests on are pinned here.
        let file = tempfile::NamedTempFile::new().unwrap();
        let connection = connect(file.path(), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        prepare_writer(&connection).unwrap();
        let setting = |name: &str| {
            let value: rusqlite::types::Value =
                connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap();
            value
        };
        assert_eq!(setting("journal_mode"), "wal".to_owned().into());
        assert_eq!(setting("synchronous"), 2.into());
        assert_eq!(setting("secure_delete"), 1.into());
        assert_eq!(setting("temp_store"), 2.into());
    }
}
