//! The PostgreSQL back end, for when one machine is outgrown: several servers share one catalog.
//!
//! A snapshot is a REPEATABLE READ, READ ONLY transaction. A commit is a second, SERIALIZABLE one that rechecks the
//! reads and applies the writes; PostgreSQL refuses one of two that would not fit in any order. The difference from
//! SQLite: a transaction without writes sees a consistent committed state, but PostgreSQL does not place it in the
//! serial order of the others (Fekete, O'Neil and O'Neil, "A read-only transaction anomaly", 2004).
//!
//! No TLS yet: use a unix socket or a private network. `sslmode=require` in the URL is refused, not ignored.

mod pool;
mod session;

use crate::backend::{Backend, Done, Snapshot, Stats, Stored, Use};
use crate::changes::{self, Changes, Scan};
use crate::sql::{Dialect, Session, Sql};
use crate::{CatalogError, schema};
use env::Clock;
use parking_lot::Mutex;
use pool::{Leased, Pool};
use session::lost_at_commit;
use std::sync::Arc;

/// How often one commit is tried while PostgreSQL finds no place for it among others running at that moment. The reads
/// are checked again each time, so this is not the handler's business.
const TRIES: u32 = 12;

const LOCK_TIMEOUT: &str = "SET lock_timeout = '5s'";
const BEGIN_SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const BEGIN_COMMIT: &str = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE";

pub(crate) struct Postgres {
    pool: Arc<Pool>,
    sql: Arc<Sql>,
    clock: Arc<dyn Clock>,
    stats: Mutex<Stats>,
}

impl Postgres {
    /// Connects and migrates. Also returns the indexes (table, index) that must be filled.
    pub fn open(
        url: &str,
        sql: Arc<Sql>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Vec<(usize, usize)>), CatalogError> {
        let pool = Pool::new(url)?;
        // The schema lock inside makes servers that start together wait for each other, so the snapshot must be
        // younger than the lock: READ COMMITTED takes one per statement.
        let mut leased = Pool::begin(&pool, "BEGIN ISOLATION LEVEL READ COMMITTED")?;
        let migrated = schema::migrate(leased.link()?, &sql)?;
        leased.end("COMMIT")?;
        drop(leased);
        Ok((Postgres { pool, sql, clock, stats: Mutex::default() }, migrated.unbuilt))
    }

    /// `Ok(false)`: what was read has changed. `Conflict`: PostgreSQL found no place for this commit among others.
    fn commit_once(&self, changes: &Changes) -> Result<bool, CatalogError> {
        let mut leased = Pool::begin(&self.pool, BEGIN_COMMIT)?;
        let link = leased.link()?;
        if !changes::still_stands(link, &self.sql, &changes.reads)? {
            return Ok(false);
        }
        changes::apply(link, &self.sql, &changes.writes, 0)?;
        leased.end("COMMIT").map_err(lost_at_commit)?;
        Ok(true)
    }

    fn commit_until_placed(&self, changes: &Changes) -> Result<(), CatalogError> {
        for attempt in 0..TRIES {
            match self.commit_once(changes) {
                Ok(true) => return Ok(()),
                Ok(false) => break,
                Err(CatalogError::Conflict) => self.clock.sleep(env::stagger(attempt)),
                Err(error) => return Err(error),
            }
        }
        Err(CatalogError::Conflict)
    }
}

impl Backend for Postgres {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn snapshot(&self, _use: Use) -> Result<Box<dyn Snapshot>, CatalogError> {
        let leased = Pool::begin(&self.pool, BEGIN_SNAPSHOT)?;
        Ok(Box::new(PostgresSnapshot { leased, sql: self.sql.clone() }))
    }

    fn commit(&self, changes: Changes, done: Done) {
        let answer = self.commit_until_placed(&changes);
        let mut stats = self.stats.lock();
        match &answer {
            Ok(()) => {
                stats.committed += 1;
                stats.durable_commits += 1;
            }
            Err(CatalogError::Conflict) => stats.conflicts += 1,
            Err(_) => {}
        }
        drop(stats);
        done(answer);
    }

    fn commits_apart(&self) -> bool {
        false
    }

    fn settle(&self) {}

    fn checkpoint(&self) -> Result<(), CatalogError> {
        Ok(())
    }

    /// Writes the table anew, because a plain VACUUM leaves the bytes of dead rows in its pages. Everybody waits for the lock
    /// behind us, so we do not wait for it long.
    fn scrub(&self, table: usize) -> Result<(), CatalogError> {
        let doing = "removing deleted rows from the files";
        let Some(table) = self.sql.tables.get(table) else { return Ok(()) };
        let mut leased = Pool::begin(&self.pool, "BEGIN")?;
        leased.end("COMMIT")?;
        let link = leased.link()?;
        link.control(doing, LOCK_TIMEOUT)?;
        // Of its own: VACUUM cannot be part of a transaction.
        let rewritten = link.control(doing, &format!(r#"VACUUM FULL "{}""#, table.name));
        link.control(doing, "RESET lock_timeout")?;
        rewritten
    }

    /// Reads every table through; page checksums, where the cluster has them, are checked by that.
    fn integrity_check(&self) -> Result<(), CatalogError> {
        let mut leased = Pool::begin(&self.pool, BEGIN_SNAPSHOT)?;
        let link = leased.link()?;
        for table in &self.sql.tables {
            let text = format!(r#"SELECT 'rows'::text, count(key || body) FROM "{}""#, table.name);
            link.versions(&text, &[]).map_err(|e| CatalogError::Damaged { report: e.to_string() })?;
        }
        leased.end("COMMIT")
    }

    fn stats(&self) -> Stats {
        *self.stats.lock()
    }

    fn mark_built(&self, index: &str) -> Result<(), CatalogError> {
        let mut leased = Pool::begin(&self.pool, "BEGIN ISOLATION LEVEL READ COMMITTED")?;
        schema::set(leased.link()?, Dialect::Postgres, index, 1)?;
        leased.end("COMMIT")
    }
}

/// Ends when dropped: an unended transaction is rolled back as its connection returns to the pool.
struct PostgresSnapshot {
    leased: Leased,
    sql: Arc<Sql>,
}

impl Snapshot for PostgresSnapshot {
    fn get(&mut self, table: usize, key: &str) -> Result<Option<Stored>, CatalogError> {
        changes::get(self.leased.link()?, &self.sql, table, key)
    }

    fn scan(&mut self, scan: &Scan) -> Result<Vec<Stored>, CatalogError> {
        changes::scan(self.leased.link()?, &self.sql, scan)
    }
}
