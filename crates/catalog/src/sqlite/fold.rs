//! Folding the log into the catalog's file (SQLite's "checkpoint") beside the writer, so that no commit waits for it.
//!
//! ```text
//!  writer    commit ─ commit ─ commit ───────────── commit ─ commit ─ the last pages ─ commit: the log begins anew
//!               └ the log is long                                          ↑ little is left
//!  folder        └─ its pages to the file, sync ─ those that came meanwhile, sync ─┘
//! ```
//! SQLite begins the log anew only when all of it is in the file, and beside a writer that never rests the folder is always some pages
//! behind: so the writer folds the last ones itself, between two commits. SQLite syncs the file only at the end of the log, too, which
//! would leave that sync of everything to the writer: so the folder syncs on its own.

use super::{BUSY, connect, prepare_writer};
use crate::CatalogError;
use env::File;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Pages that the log grows by before it is folded: 16 MiB, four times SQLite's default, because a page that is written often is then
/// folded once.
const LONG: usize = 4000;
/// From here on, 64 MiB, the writer waits for readers if they keep the log from beginning anew, but not longer than this.
const TOO_LONG: usize = 16_000;
const FOR_READERS: Duration = Duration::from_millis(100);
/// So few pages are left to the writer, unless the folder has been behind too often.
const LITTLE: usize = 256;
const ROUNDS: usize = 4;

/// `Err`: pages may be lost that the log no longer holds for sure; nothing must be written any more.
pub(super) type Folded = Result<(), String>;

/// The writer's side. Dropping it ends the folder.
pub(super) struct Fold {
    /// Pages in the log after the latest commit.
    log: Arc<AtomicUsize>,
    /// Of these, what an earlier fold could not take away because readers were in the way.
    stuck: usize,
    running: bool,
    /// Taken out only by `drop`.
    wanted: Option<Sender<()>>,
    ended: Receiver<Folded>,
    thread: Option<JoinHandle<()>>,
}

impl Fold {
    /// Takes folding away from the writer's connection, and begins to count its log. `file` is the catalog's; the caller keeps it
    /// open for longer than any connection: closing it drops the process's locks on the file.
    pub fn start(path: &Path, writer: &mut Connection, file: Arc<dyn File>) -> Result<Self, CatalogError> {
        let doing = |e: rusqlite::Error| CatalogError::backend("preparing to fold the log", e);
        let folder = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        prepare_writer(&folder).map_err(doing)?;
        let log = Arc::new(AtomicUsize::new(0));
        let count = log.clone();
        let hook = move |_: &mut rusqlite::hooks::Wal, pages: std::ffi::c_int| {
            count.store(usize::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        };
        // In the place of SQLite's own, which folds inside the commit.
        writer.wal_hook(Some(hook)).map_err(doing)?;
        let (wanted, asked) = channel();
        let (tell, ended) = channel();
        let grown = log.clone();
        let work = move || {
            // Nobody hears the end only if the writer is gone.
            while asked.recv().is_ok() && tell.send(fold(&folder, &*file, &grown)).is_ok() {}
        };
        let thread = env::spawn("catalog-folder", work)
            .map_err(|e| CatalogError::backend("starting the folder thread", e))?;
        Ok(Fold { log, stuck: 0, running: false, wanted: Some(wanted), ended, thread: Some(thread) })
    }

    /// Called between two commits: has the log folded when it is long, and does the folder's last part.
    pub fn tend(&mut self, writer: &Connection) -> Folded {
        let log = self.log.load(Ordering::Relaxed);
        if log < self.stuck {
            self.stuck = 0;
        }
        if self.running {
            return match self.ended.try_recv() {
                Err(TryRecvError::Empty) => Ok(()),
                told => self.hear(told.ok()).and_then(|()| self.finish(writer)),
            };
        }
        if log >= self.stuck + LONG {
            self.running = self.wanted.as_ref().is_some_and(|wanted| wanted.send(()).is_ok());
        }
        Ok(())
    }

    fn finish(&mut self, writer: &Connection) -> Folded {
        self.stuck = self.log.load(Ordering::Relaxed);
        if self.stuck < TOO_LONG {
            return checkpoint(writer, "PASSIVE").map(|_| ());
        }
        // Until the readers of older states are gone the log would only grow.
        let patience = |time| writer.busy_timeout(time).map_err(|e| e.to_string());
        patience(FOR_READERS)?;
        checkpoint(writer, "RESTART")?;
        patience(BUSY)
    }

    /// Waits until nothing is being folded: SQLite lets one fold at a time, and refuses others at once.
    pub fn rest(&mut self) -> Folded {
        if !self.running {
            return Ok(());
        }
        let told = self.ended.recv().ok();
        self.hear(told)
    }

    fn hear(&mut self, told: Option<Folded>) -> Folded {
        self.running = false;
        told.unwrap_or_else(|| Err("the folder thread has ended".to_owned()))
    }
}

impl Drop for Fold {
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has nothing more to say.
            let _ = thread.join();
        }
    }
}

/// What the folder does: the log as it is now, then what came meanwhile, until that is little.
fn fold(folder: &Connection, file: &dyn File, log: &AtomicUsize) -> Folded {
    for _ in 0..ROUNDS {
        let folded = checkpoint(folder, "PASSIVE")?;
        file.sync_data().map_err(|e| format!("syncing what was folded: {e}"))?;
        if log.load(Ordering::Relaxed).saturating_sub(folded) <= LITTLE {
            break;
        }
    }
    Ok(())
}

/// Returns how many pages of the log are in the file now. Those that readers, or a checkpoint of somebody else's, keep from it stay in
/// the log for the next time, and so do all of them when the disk is full.
fn checkpoint(connection: &Connection, mode: &str) -> Result<usize, String> {
    let folded = connection
        .prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))
        .and_then(|mut fold| fold.query_row([], |row| row.get::<_, i64>(2)));
    match folded {
        Ok(pages) => Ok(usize::try_from(pages).unwrap_or(0)),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
            tracing::warn!(%error, "the catalog's log could not be folded");
            Ok(0)
        }
        Err(error) => Err(format!("folding the log: {error}")),
    }
}

/// Moves all of the log into the file and empties it. Waits for readers.
pub(super) fn empty(writer: &Connection) -> Result<(), CatalogError> {
    let busy: i64 = writer
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(|e| CatalogError::backend("emptying the log", e))?;
    if busy == 0 { Ok(()) } else { Err(CatalogError::Busy { seconds: BUSY.as_secs() }) }
}

#[cfg(test)]
mod tests;
