//! The writer thread with group commit. SQLite has one writer at a time and each commit costs a sync of the log, so
//! everything that waits is committed together:
//!
//! ```text
//!  BEGIN IMMEDIATE
//!    transaction 1: recheck its reads, SAVEPOINT, its writes, RELEASE      (or ROLLBACK TO: only this one fails)
//!    transaction 2: ... sees the writes of 1
//!  COMMIT            one sync
//!  answer everyone
//! ```

use super::BUSY;
use super::fold::{self, Fold, Folded};
use super::memory::Memory;
use super::session::SqliteSession;
use crate::CatalogError;
use crate::backend::{Done, Stats};
use crate::changes::{self, Changes};
use crate::sql::Sql;
use env::File;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

/// Most transactions in one commit. Bounds how long the first of them waits for the last; past some dozens the sync is
/// no longer what costs.
const GROUP: usize = 256;

/// Versions of one opening: 2^40 is a year and a half at 20,000 transactions per second, and leaves room for 2^23
/// openings. Should it run over, versions only have to differ from those that running transactions have seen.
const VERSIONS_PER_EPOCH: i64 = 1 << 40;

type Answer = Result<(), CatalogError>;
type Work = Box<dyn FnOnce(&mut State) -> Answer + Send>;

enum Request {
    Commit(Changes, Done),
    Run(Work, Sender<Answer>),
}

/// The handle that callers hold. Dropping it ends the thread and closes its connection.
pub(super) struct Writer {
    /// Taken out only by `drop`.
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    stats: Arc<Mutex<Stats>>,
}

impl Writer {
    /// `file` is the catalog's at `path`, as [`Fold::start`] wants it.
    pub fn start(
        path: &Path,
        file: Arc<dyn File>,
        mut connection: Connection,
        sql: Arc<Sql>,
        memory: Arc<Memory>,
        epoch: i64,
    ) -> Result<Self, CatalogError> {
        let (requests, queue) = channel();
        let fold = Fold::start(path, &mut connection, file.clone())?;
        let stats = Arc::new(Mutex::new(Stats::default()));
        let version = epoch.wrapping_mul(VERSIONS_PER_EPOCH);
        let broken = None;
        let state =
            State { fold, connection, _file: file, sql, memory, version, broken, stats: stats.clone() };
        let thread = env::spawn("catalog-writer", move || state.serve(&queue))
            .map_err(|e| CatalogError::backend("starting the writer thread", e))?;
        Ok(Writer { requests: Some(requests), thread: Some(thread), stats })
    }

    /// `done` hears once the changes are durable, or refused.
    pub fn commit(&self, changes: Changes, done: Done) {
        let request = Request::Commit(changes, done);
        let unsent = match &self.requests {
            Some(requests) => requests.send(request).err().map(|unsent| unsent.0),
            None => Some(request),
        };
        if let Some(Request::Commit(_, done)) = unsent {
            done(Err(gone()));
        }
    }

    /// Runs work on the writer's connection, between commits.
    pub fn run(&self, work: impl FnOnce(&Connection) -> Answer + Send + 'static) -> Answer {
        self.ask(|state| work(&state.connection))
    }

    /// Moves all of the log into the catalog's file and empties it.
    pub fn empty_log(&self) -> Answer {
        self.ask(State::empty_log)
    }

    fn ask(&self, work: impl FnOnce(&mut State) -> Answer + Send + 'static) -> Answer {
        let (reply, answer) = channel();
        let requests = self.requests.as_ref().ok_or_else(gone)?;
        requests.send(Request::Run(Box::new(work), reply)).map_err(|_| gone())?;
        // The thread answers every request that it takes; if it died over this one, nobody knows how far it came.
        answer.recv().unwrap_or_else(|e| Err(CatalogError::OutcomeUnknown { source: e.into() }))
    }

    pub fn stats(&self) -> Stats {
        *self.stats.lock()
    }
}

fn gone() -> CatalogError {
    CatalogError::Broken { cause: "the writer thread has ended".to_owned() }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        // The last to let go may be a commit's `done`, on the thread itself, which then ends by itself.
        let other = |thread: &JoinHandle<()>| thread.thread().id() != std::thread::current().id();
        if let Some(thread) = self.thread.take().filter(other) {
            // A thread that panicked has already failed its callers.
            let _ = thread.join();
        }
    }
}

/// The tables that a group writes to.
fn written(group: &[Changes]) -> Vec<usize> {
    let mut tables: Vec<usize> =
        group.iter().flat_map(|changes| &changes.writes).map(|write| write.table).collect();
    tables.sort_unstable();
    tables.dedup();
    tables
}

struct State {
    // Dropped in this order: the folder's connection goes before the writer's, and the file after both.
    fold: Fold,
    connection: Connection,
    _file: Arc<dyn File>,
    sql: Arc<Sql>,
    /// Told of what commits change.
    memory: Arc<Memory>,
    version: i64,
    /// Why no more is written.
    broken: Option<String>,
    stats: Arc<Mutex<Stats>>,
}

impl State {
    fn serve(mut self, queue: &Receiver<Request>) {
        while let Ok(first) = queue.recv() {
            let mut group = vec![];
            let mut work = vec![];
            for request in std::iter::once(first).chain(queue.try_iter().take(GROUP - 1)) {
                match request {
                    Request::Commit(changes, done) => group.push((changes, done)),
                    Request::Run(task, reply) => work.push((task, reply)),
                }
            }
            if !group.is_empty() {
                self.commit_group(group);
                self.tend_log();
            }
            for (task, reply) in work {
                let answer = self.refuse_if_broken().and_then(|()| task(&mut self));
                // A caller that is gone needs no answer.
                let _ = reply.send(answer);
            }
        }
    }

    fn refuse_if_broken(&self) -> Answer {
        match &self.broken {
            Some(cause) => Err(CatalogError::Broken { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    fn commit_group(&mut self, group: Vec<(Changes, Done)>) {
        let (changes, waiting): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        let answers = self.answers(&changes);
        {
            let mut stats = self.stats.lock();
            let committed = answers.iter().filter(|answer| answer.is_ok()).count();
            stats.committed += committed as u64;
            stats.durable_commits += u64::from(committed > 0);
            stats.conflicts +=
                answers.iter().filter(|answer| matches!(answer, Err(CatalogError::Conflict))).count() as u64;
        }
        for (done, answer) in waiting.into_iter().zip(answers) {
            done(answer);
        }
    }

    /// One answer per transaction, each final: what is `Ok` is on the disk.
    fn answers(&mut self, group: &[Changes]) -> Vec<Answer> {
        let all = |fail: &dyn Fn() -> CatalogError| group.iter().map(|_| Err(fail())).collect();
        if let Some(cause) = self.broken.clone() {
            return all(&|| CatalogError::Broken { cause: cause.clone() });
        }
        if let Err(error) = self.statement("BEGIN IMMEDIATE") {
            return all(&|| match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseBusy) => CatalogError::Busy { seconds: BUSY.as_secs() },
                _ => CatalogError::backend("beginning to write", error.to_string()),
            });
        }
        let mut answers: Vec<Answer> = Vec::with_capacity(group.len());
        for changes in group {
            let answer = self.one(changes);
            if self.connection.is_autocommit() {
                // SQLite ends the whole transaction over a full disk or an I/O error, so all of the group failed.
                let cause = answer.err().map(|e| e.to_string()).unwrap_or_default();
                return all(&|| CatalogError::backend("writing; the whole group was undone", cause.clone()));
            }
            answers.push(answer);
        }
        if answers.iter().all(Result::is_err) {
            self.abandon();
            return answers;
        }
        let tables = written(group);
        self.memory.end(&tables);
        if let Err(error) = self.statement("COMMIT") {
            self.commit_failed(&error, &mut answers);
        }
        self.memory.begin(&tables);
        answers
    }

    fn one(&mut self, changes: &Changes) -> Answer {
        let mut session = SqliteSession(&self.connection);
        if !changes::still_stands(&mut session, &self.sql, &changes.reads)? {
            return Err(CatalogError::Conflict);
        }
        self.version = self.version.wrapping_add(1);
        if changes.writes.len() == 1 {
            // A statement that fails has done nothing.
            return changes::apply(&mut session, &self.sql, &changes.writes, self.version);
        }
        let fail = |e: rusqlite::Error| CatalogError::backend("writing", e);
        self.statement("SAVEPOINT one").map_err(fail)?;
        let applied = changes::apply(&mut session, &self.sql, &changes.writes, self.version);
        if self.connection.is_autocommit() {
            return applied;
        }
        let undo = if applied.is_err() { self.statement("ROLLBACK TO one") } else { Ok(()) };
        if let Err(error) = undo.and_then(|()| self.statement("RELEASE one")) {
            // Some of these writes may still be in the group's transaction: it must not commit.
            self.abandon();
            return Err(fail(error));
        }
        applied
    }

    /// After everybody has heard, because the end of a fold takes a moment.
    fn tend_log(&mut self) {
        if self.broken.is_none() {
            let folded = self.fold.tend(&self.connection);
            self.heed(folded);
        }
    }

    fn empty_log(&mut self) -> Answer {
        let folded = self.fold.rest();
        self.heed(folded);
        self.refuse_if_broken()?;
        fold::empty(&self.connection)
    }

    fn heed(&mut self, folded: Folded) {
        let Err(mut cause) = folded else { return };
        tracing::error!(cause, "the catalog's log could not be folded");
        // What was to be folded may be in the log alone. The next opening folds all of it again, if this close leaves it there.
        let keep = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        if let Err(error) = keep {
            cause = format!("{cause}; and the log may not stay: {error}");
        }
        self.broken = Some(cause);
    }

    /// A failed sync may have lost pages that the kernel now believes to be clean, so a later sync would succeed and
    /// prove nothing (the "fsyncgate" of 2018). After an I/O error nothing more is written; a restart reads what
    /// the disk really has.
    fn commit_failed(&mut self, error: &rusqlite::Error, answers: &mut [Answer]) {
        tracing::error!(%error, "the catalog could not commit");
        if error.sqlite_error_code() != Some(ErrorCode::DiskFull) {
            self.broken = Some(error.to_string());
        }
        self.abandon();
        for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
            *answer = Err(CatalogError::OutcomeUnknown { source: error.to_string().into() });
        }
    }

    /// Undoes what is open; if even that fails, nothing can be written any more.
    fn abandon(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.statement("ROLLBACK")
        {
            self.broken = Some(error.to_string());
        }
    }

    fn statement(&self, text: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(text)?.execute([]).map(|_| ())
    }
}
