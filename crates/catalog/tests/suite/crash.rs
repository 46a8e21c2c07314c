//! A child process that writes until it is killed. The child is this test binary, running the test `child` alone.

use crate::place::*;
use catalog::{Catalog, CatalogError, Row};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

const URL: &str = "SEALVOL_CRASH_CHILD";
/// How long the child's notes are beyond their text.
const BYTES: &str = "SEALVOL_CRASH_BYTES";
const WRITERS: usize = 4;

/// Does nothing in a normal run.
#[test]
fn child() {
    let Ok(url) = std::env::var(URL) else { return };
    let clock = Arc::new(env::RealClock::default());
    let catalog = Catalog::open(&url, &[Item::TABLE, Note::TABLE], clock).unwrap();
    let padding = "x".repeat(std::env::var(BYTES).map_or(0, |bytes| bytes.parse().unwrap()));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (catalog, padding) = (catalog.clone(), &padding);
            scope.spawn(move || write_for_ever(&catalog, writer, padding));
        }
    });
}

/// Writes and tells until writing fails; then tells that, and what a further try says.
fn write_for_ever(catalog: &Catalog, writer: usize, padding: &str) {
    loop {
        match write_one(catalog, writer, padding) {
            Ok(n) => println!("ack {writer} {n}"),
            Err(error) => {
                println!("failed {writer} {error}; then {:?}", write_one(catalog, writer, padding));
                return;
            }
        }
    }
}

/// Raises the writer's counter and appends a note of the same number.
fn write_one(catalog: &Catalog, writer: usize, padding: &str) -> Result<i64, CatalogError> {
    let key = format!("counter/{writer}");
    catalog.transact(|tx| {
        let mut row = tx.get::<Item>(&key)?.unwrap_or(item(&key, "", 0));
        row.n += 1;
        tx.put(&row)?;
        let mut note = note(&format!("{writer}/{:08}", row.n));
        note.text.push_str(padding);
        tx.append(&note)?;
        Ok(row.n)
    })
}

/// Runs the child (`limit` is shell text run first), hands each line of its output to `line` until that says stop,
/// then kills it with SIGKILL. Returns the highest number acknowledged to each writer, also those still in the pipe.
fn run_child(place: &Place, limit: &str, mut stop: impl FnMut(&str) -> bool) -> [i64; WRITERS] {
    let script = format!("{limit} exec \"$0\" crash::child --exact --nocapture --test-threads 1");
    let mut child = Command::new("bash")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(URL, &place.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = [0; WRITERS];
    let mut stopped = false;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The harness prints the test's name before our first line and without a line break.
        if let Some(at) = line.find("ack ") {
            let mut words = line[at + 4..].split(' ').map(|word| word.parse::<i64>().unwrap());
            let writer = words.next().unwrap() as usize;
            acknowledged[writer] = words.next().unwrap();
        }
        if !stopped && stop(&line) {
            child.kill().unwrap();
            stopped = true;
        }
    }
    child.wait().unwrap();
    acknowledged
}

/// Every acknowledged number is there, and each counter agrees with its notes: whole transactions only.
fn check(catalog: &Catalog, acknowledged: [i64; WRITERS]) {
    let mut tx = catalog.begin().unwrap();
    for (writer, told) in acknowledged.into_iter().enumerate() {
        let stored = tx.get::<Item>(&format!("counter/{writer}")).unwrap().map_or(0, |row| row.n);
        assert!(stored >= told, "writer {writer}: told {told}, stored {stored}");
        let notes = tx.scan::<Note>(&format!("{writer}/"), None, usize::MAX).unwrap();
        assert_eq!(notes.len() as i64, stored, "writer {writer}: a torn transaction");
    }
    catalog.integrity_check().unwrap();
}

pub fn every_acknowledged_commit_survives_kill_9(place: &Place) {
    kill_in_rounds(place, "", 12, 17);
}

/// As above, with a log that is long enough to be folded most of the time.
#[test]
fn every_acknowledged_commit_survives_kill_9_while_the_log_is_folded() {
    kill_in_rounds(&Place::sqlite(), &format!("export {BYTES}=60000;"), 6, 120);
}

/// Kills the child after `lines` acknowledgements, then after twice as many, and so on.
fn kill_in_rounds(place: &Place, limit: &str, rounds: usize, lines: usize) {
    let mut before = [0; WRITERS];
    for round in 1..=rounds {
        let mut heard = 0;
        let told = run_child(place, limit, |line| {
            heard += usize::from(line.contains("ack "));
            heard > round * lines
        });
        assert!(
            told.iter().zip(before).all(|(now, before)| *now == 0 || *now > before),
            "{told:?} {before:?}"
        );
        let highest: [i64; WRITERS] = std::array::from_fn(|writer| told[writer].max(before[writer]));
        check(&place.open(), highest);
        before = highest;
    }
    assert!(before.iter().sum::<i64>() > (rounds * lines) as i64);
}

/// A file-size limit stands in for a disk that fails in the middle of a commit.
#[test]
fn a_disk_that_stops_taking_writes_loses_nothing_that_was_acknowledged() {
    let place = Place::sqlite();
    let mut failures = vec![];
    let told = run_child(&place, "trap '' XFSZ; ulimit -f 2000;", |line| {
        if line.contains("failed ") {
            failures.push(line.to_owned());
        }
        false
    });
    assert_eq!(failures.len(), WRITERS, "each writer was told: {failures:?}");
    assert!(failures.iter().all(|line| line.contains("then Err(Broken")), "{failures:?}");
    assert!(told.iter().sum::<i64>() > 20, "{told:?}");
    check(&place.open(), told);
}
