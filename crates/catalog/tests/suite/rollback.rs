//! Savepoints, what survives them, and work that waits for the commit.

use crate::place::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub fn a_rollback_undoes_writes_and_keeps_what_must_stay(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("old", "", 1), item("gone", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    tx.put(&item("before", "", 1)).unwrap();
    tx.put(&item("old", "ann", 2)).unwrap();
    let savepoint = tx.savepoint();
    tx.put(&item("before", "", 99)).unwrap();
    tx.put(&item("old", "bob", 99)).unwrap();
    tx.delete::<Item>("gone").unwrap();
    tx.append(&item("appended", "", 99)).unwrap();
    tx.append_kept(&note("trail/1")).unwrap();
    tx.put(&item("later", "", 99)).unwrap();
    tx.rollback_to(savepoint);
    assert_eq!(tx.get::<Item>("before").unwrap().unwrap().n, 1);
    assert_eq!(ids(&tx.scan_index::<Item>("owner", "ann", None, 9).unwrap()), ["old"]);
    assert!(tx.scan_index::<Item>("owner", "bob", None, 9).unwrap().is_empty());
    assert_eq!(tx.get::<Note>("trail/1").unwrap(), Some(note("trail/1")));
    tx.append(&item("appended", "", 5)).unwrap();
    tx.commit().unwrap();
    let mut tx = catalog.begin().unwrap();
    let rows = tx.scan::<Item>("", None, 9).unwrap();
    assert_eq!(
        rows,
        [item("appended", "", 5), item("before", "", 1), item("gone", "", 1), item("old", "ann", 2)]
    );
    assert_eq!(tx.get::<Note>("trail/1").unwrap(), Some(note("trail/1")));
}

pub fn savepoints_nest(place: &Place) {
    let catalog = place.open();
    let mut tx = catalog.begin().unwrap();
    let outer = tx.savepoint();
    tx.put(&item("a", "", 1)).unwrap();
    let inner = tx.savepoint();
    tx.append_kept(&note("inner")).unwrap();
    tx.put(&item("b", "", 1)).unwrap();
    tx.rollback_to(inner);
    tx.put(&item("c", "", 1)).unwrap();
    assert_eq!(ids(&tx.scan::<Item>("", None, 9).unwrap()), ["a", "c"]);
    tx.rollback_to(outer);
    assert!(tx.scan::<Item>("", None, 9).unwrap().is_empty());
    // A savepoint whose part of the log is gone undoes nothing more and breaks nothing.
    tx.rollback_to(inner);
    tx.put(&item("d", "", 1)).unwrap();
    tx.commit().unwrap();
    assert_eq!(ids(&catalog.begin().unwrap().scan::<Item>("", None, 9).unwrap()), ["d"]);
    assert_eq!(catalog.begin().unwrap().scan::<Note>("", None, 9).unwrap(), [note("inner")]);
}

pub fn after_a_rollback_only_appends_are_left_and_nothing_conflicts(place: &Place) {
    let catalog = place.open();
    put_all(&catalog, &[item("a", "", 1)]);
    let mut tx = catalog.begin().unwrap();
    let savepoint = tx.savepoint();
    tx.get::<Item>("a").unwrap();
    tx.put(&item("a", "", 2)).unwrap();
    tx.append_kept(&note("trail/1")).unwrap();
    tx.rollback_to(savepoint);
    put_all(&catalog, &[item("a", "", 3)]);
    tx.commit().unwrap();
    assert_eq!(committed(&catalog, "a").unwrap().n, 3);
    assert!(catalog.begin().unwrap().get::<Note>("trail/1").unwrap().is_some());
}

pub fn a_dropped_transaction_leaves_nothing(place: &Place) {
    let catalog = place.open();
    let mut tx = catalog.begin().unwrap();
    tx.get::<Item>("a").unwrap();
    tx.append_kept(&item("a", "", 1)).unwrap();
    drop(tx);
    assert_eq!(committed(&catalog, "a"), None);
    assert_eq!(catalog.stats().committed, 0);
}

pub fn work_on_commit_runs_once_and_only_after_success(place: &Place) {
    let catalog = place.open();
    let ran = Arc::new(AtomicU32::new(0));
    let count = |by: u32| {
        let (ran, catalog) = (ran.clone(), catalog.clone());
        move || {
            assert!(committed(&catalog, "a").is_some(), "the commit is visible to the work");
            ran.fetch_add(by, Ordering::Relaxed);
        }
    };
    write(&catalog, |tx| {
        tx.put(&item("a", "", 1)).unwrap();
        tx.on_commit(count(1));
        let savepoint = tx.savepoint();
        tx.on_commit(count(10));
        tx.rollback_to(savepoint);
    });
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    let mut dropped = catalog.begin().unwrap();
    dropped.on_commit(count(100));
    drop(dropped);
    let mut late = catalog.begin().unwrap();
    late.get::<Item>("a").unwrap();
    late.put(&item("a", "", 2)).unwrap();
    late.on_commit(count(1000));
    put_all(&catalog, &[item("a", "", 3)]);
    assert!(is_conflict(late.commit()));
    assert_eq!(ran.load(Ordering::Relaxed), 1);
    write(&catalog, |tx| tx.on_commit(count(10_000)));
    assert_eq!(ran.load(Ordering::Relaxed), 10_001, "also without writes");
}
