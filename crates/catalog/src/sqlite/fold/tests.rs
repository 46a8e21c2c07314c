//! Folding step by step, where the whole catalog would make it a matter of luck who comes first.
// The disk's slowness is real time, as the folder's is.
#![allow(clippy::disallowed_methods)]

use super::super::memory::Memory;
use super::super::writer::Writer;
use super::super::{Sqlite, migrate, with_suffix};
use super::*;
use crate::backend::{Backend, Use};
use crate::changes::{Action, Changes, Image, Write};
use crate::row::Table;
use crate::sql::{Dialect, Sql};
use env::{Files, RealFiles};
use std::io;
use std::path::PathBuf;

/// The catalog's file, whose syncs take a while or fail.
struct Slow {
    file: Arc<dyn File>,
    syncs: AtomicUsize,
    lost: bool,
}

impl File for Slow {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }
    fn write_all_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(buf, offset)
    }
    fn sync_data(&self) -> io::Result<()> {
        std::thread::sleep(Duration::from_millis(30));
        self.syncs.fetch_add(1, Ordering::SeqCst);
        if self.lost { Err(io::Error::other("lost")) } else { self.file.sync_data() }
    }
    fn punch_hole(&self, offset: u64, len: u64) -> io::Result<()> {
        self.file.punch_hole(offset, len)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

fn slow(path: &Path, lost: bool) -> Arc<Slow> {
    let file = RealFiles.open(path, true).unwrap();
    Arc::new(Slow { file, syncs: AtomicUsize::new(0), lost })
}

/// A database with one table, its writer, and what folds its log.
struct Bench {
    fold: Fold,
    writer: Connection,
    file: Arc<Slow>,
    path: PathBuf,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.sqlite");
        let file = slow(&path, false);
        let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
        prepare_writer(&writer).unwrap();
        writer.execute_batch("CREATE TABLE t (body BLOB)").unwrap();
        let fold = Fold::start(&path, &mut writer, file.clone()).unwrap();
        Bench { fold, writer, file, path, _dir: dir }
    }

    /// Commits something that takes so many pages, and tends the log.
    fn write(&mut self, pages: usize) {
        self.writer.execute("INSERT INTO t VALUES (zeroblob(?1))", [pages as i64 * 4096]).unwrap();
        self.fold.tend(&self.writer).unwrap();
    }

    fn log(&self) -> usize {
        self.fold.log.load(Ordering::Relaxed)
    }

    /// Looks now and then, as the writer does, until the fold has ended.
    fn tend_to_the_end(&mut self) {
        assert!(self.fold.running);
        while self.fold.running {
            std::thread::sleep(Duration::from_millis(5));
            self.fold.tend(&self.writer).unwrap();
        }
    }

    /// A reader of the state as it is now.
    fn reader(&self) -> Connection {
        let reader = connect(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM t").unwrap();
        reader
    }
}

#[test]
fn a_long_log_begins_anew_and_a_short_one_is_left_alone() {
    let mut bench = Bench::new();
    bench.write(LONG / 2);
    assert!(!bench.fold.running);
    bench.write(LONG);
    bench.tend_to_the_end();
    bench.write(1);
    assert!(bench.log() < 50, "{} pages", bench.log());
}

#[test]
fn what_the_folder_has_to_leave_the_writer_folds() {
    let mut bench = Bench::new();
    bench.write(LONG / 2);
    let reader = bench.reader();
    bench.write(LONG);
    while bench.file.syncs.load(Ordering::SeqCst) < ROUNDS {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(reader);
    bench.tend_to_the_end();
    bench.write(1);
    assert!(bench.log() < 50, "{} pages", bench.log());
}

#[test]
fn a_log_that_readers_hold_is_not_folded_again_and_again() {
    let mut bench = Bench::new();
    let reader = bench.reader();
    bench.write(LONG);
    bench.tend_to_the_end();
    bench.write(LONG - 50);
    assert!(bench.log() > LONG && !bench.fold.running, "it has not grown by as much again");
    bench.write(100);
    assert!(bench.fold.running);
    drop(reader);
}

#[test]
fn the_writer_waits_for_readers_when_the_log_is_too_long_but_not_for_ever() {
    let mut bench = Bench::new();
    let reader = bench.reader();
    bench.write(TOO_LONG);
    bench.tend_to_the_end();
    bench.write(LONG);
    assert!(bench.log() > TOO_LONG + LONG, "{} pages", bench.log());
    while bench.file.syncs.load(Ordering::SeqCst) < 2 * ROUNDS {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(FOR_READERS / 2);
            drop(reader);
        });
        bench.tend_to_the_end();
    });
    bench.write(1);
    assert!(bench.log() < 50, "{} pages", bench.log());
}

#[test]
fn rest_waits_for_the_folder() {
    let mut bench = Bench::new();
    bench.write(LONG);
    assert!(bench.fold.running);
    bench.fold.rest().unwrap();
    assert!(bench.file.syncs.load(Ordering::SeqCst) > 0 && !bench.fold.running);
    empty(&bench.writer).unwrap();
    bench.write(1);
    assert!(bench.log() < 50, "{} pages", bench.log());
}

/// One row that is longer than the log may get.
fn long_row(key: &str) -> Changes {
    let image = Image { body: "x".repeat((LONG + 100) * 4096), indexes: vec![] };
    let write = Write { table: 0, key: key.to_owned(), action: Action::Put(image) };
    Changes { reads: vec![], writes: vec![write] }
}

#[test]
fn nothing_is_written_after_a_failed_sync_and_the_log_stays_for_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.sqlite");
    let sql = Arc::new(Sql::new(Dialect::Sqlite, &[Table { name: "t", indexes: &[] }]).unwrap());
    drop(Sqlite::open(&path, sql.clone()).unwrap());
    let file = slow(&path, true);
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    prepare_writer(&connection).unwrap();
    let epoch = migrate(&mut connection, &sql).unwrap().epoch;
    let memory = Arc::new(Memory::new(1));
    let writer = Writer::start(&path, file, connection, sql.clone(), memory, epoch).unwrap();
    let commit = |key: &str| {
        let (tell, told) = channel();
        writer.commit(long_row(key), Box::new(move |answer| tell.send(answer).unwrap()));
        told.recv().unwrap()
    };
    commit("a").unwrap();
    // The first commit begins a fold, a later one hears of its end.
    let refused = (0..100).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        commit("b").err()
    });
    assert!(
        matches!(&refused, Some(CatalogError::Broken { cause }) if cause.contains("lost")),
        "{refused:?}"
    );
    assert!(matches!(writer.empty_log(), Err(CatalogError::Broken { .. })));
    drop(writer);
    let log = RealFiles.open(&with_suffix(&path, "-wal"), false).unwrap();
    assert!(log.len().unwrap() > LONG as u64 * 4096);
    let (opened, _) = Sqlite::open(&path, sql).unwrap();
    let mut snapshot = opened.snapshot(Use::Once).unwrap();
    assert!(snapshot.get(0, "a").unwrap().is_some() && snapshot.get(0, "b").unwrap().is_some());
}
