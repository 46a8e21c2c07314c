//! Batches on local files: power losses, failing disks, objects found and kept, a batch given up.

use super::tests::{EIO, ENOSPC, chunk, left_over, name, names, open};
use super::*;
use env::{Crash, SimFault, SimFiles, SimOp};

/// More than are synced together, in two groups, the last one begun; and an object of no group.
fn all() -> Vec<(ObjectName, Vec<u8>)> {
    let indices = (0..30).chain(4096..4126);
    let mut all: Vec<_> =
        indices.map(|index: u32| (chunk(index), vec![index as u8; 700 + index as usize % 90])).collect();
    all.push((name("us-east-1/snap-01/p-0000"), vec![9; 600]));
    all
}

fn put_all(store: &FileStore) -> Result<(), StoreError> {
    let batch = store.batch();
    all().iter().try_for_each(|(name, bytes)| batch.put(name, bytes))?;
    batch.settle()
}

#[test]
fn what_was_settled_survives_and_what_was_not_is_whole_or_absent() {
    let (mut cut_in, mut settled_in) = (0, 0);
    for cut in (1..330).step_by(3) {
        for how in [Crash::Lost, Crash::Kept, Crash::Mixed] {
            let files = SimFiles::new(cut);
            files.cut_power_after(cut);
            let settled = open(&files).and_then(|store| put_all(&store)).is_ok();
            (cut_in, settled_in) = (cut_in + u32::from(!settled), settled_in + u32::from(settled));
            files.crash(how);
            let store = open(&files).unwrap();
            assert_eq!(left_over(&files), 0);
            for (name, bytes) in all() {
                match store.get(&name) {
                    Ok(found) => assert_eq!(found, bytes, "torn: {name}, cut {cut} {how:?}"),
                    Err(e) => assert!(!settled && matches!(e, StoreError::NotFound(_)), "{e}: {cut} {how:?}"),
                }
            }
        }
    }
    assert!(cut_in > 200 && settled_in > 9, "{cut_in} {settled_in}");
}

#[test]
fn nothing_is_seen_under_its_name_before_its_bytes_are_durable() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    let batch = store.batch();
    batch.put(&chunk(1), &[1; 700]).unwrap();
    assert!(names(&store).is_empty() && left_over(&files) == 1);
    batch.settle().unwrap();
    files.crash(Crash::Lost);
    assert_eq!(open(&files).unwrap().get(&chunk(1)).unwrap(), [1; 700]);
}

#[test]
fn a_disk_that_fails_anywhere_is_said_by_the_time_of_settling() {
    for (op, path) in [
        (SimOp::Open, NEW),
        (SimOp::Write, NEW),
        (SimOp::Sync, NEW),
        (SimOp::Rename, NEW),
        (SimOp::SyncDir, "c-00001_"),
        (SimOp::SyncDir, "snap-01"),
    ] {
        for (errno, skip) in [(EIO, 0), (ENOSPC, 0), (EIO, 1)] {
            let files = SimFiles::new(1);
            let store = open(&files).unwrap();
            files.inject(SimFault { op, path, skip, times: 1, errno });
            let found = put_all(&store);
            let fits = match errno {
                ENOSPC => matches!(found, Err(StoreError::NoSpace)),
                _ => matches!(found, Err(StoreError::Unavailable(_))),
            };
            assert!(fits, "{op:?} {path} {skip}: {found:?}");
            assert_eq!(left_over(&files), 0, "{op:?} {path} {skip}");
            put_all(&store).unwrap();
            files.crash(Crash::Lost);
            let store = open(&files).unwrap();
            all().iter().for_each(|(name, bytes)| assert_eq!(&store.get(name).unwrap(), bytes, "{op:?}"));
        }
    }
}

#[test]
fn what_an_earlier_process_had_named_is_durable_once_it_is_kept() {
    for keep in [true, false] {
        let files = SimFiles::new(1);
        let store = open(&files).unwrap();
        store.put(&chunk(0), &[1; 600]).unwrap();
        files.inject(SimFault { op: SimOp::SyncDir, path: "c-00000_", skip: 0, times: 1, errno: EIO });
        let batch = store.batch();
        batch.put(&chunk(2), &[2; 700]).unwrap();
        assert!(batch.settle().is_err());
        drop(batch);
        drop(store);
        // The process is another one, the machine went on: the object is seen.
        let store = open(&files).unwrap();
        assert!(store.get(&chunk(2)).is_ok());
        let batch = store.batch();
        if keep {
            batch.keep(&chunk(2)).unwrap();
        }
        batch.settle().unwrap();
        files.crash(Crash::Lost);
        assert_eq!(open(&files).unwrap().get(&chunk(2)).is_ok(), keep);
    }
}

#[test]
fn a_batch_given_up_leaves_nothing() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    let batch = store.batch();
    (0..5).for_each(|index| batch.put(&chunk(index), b"x").unwrap());
    assert_eq!(left_over(&files), 5);
    drop(batch);
    assert_eq!((left_over(&files), names(&store).len()), (0, 0));
}

#[test]
fn a_directory_that_went_meanwhile_is_made_again_and_a_temporary_is_not() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    store.put(&chunk(1), b"old").unwrap();
    let batch = store.batch();
    batch.put(&chunk(2), b"new").unwrap();
    // Empty, so the group goes, and the snapshot's directory with it.
    store.delete(&chunk(1)).unwrap();
    batch.settle().unwrap();
    files.crash(Crash::Lost);
    let store = open(&files).unwrap();
    assert_eq!(store.get(&chunk(2)).unwrap(), b"new");
    let batch = store.batch();
    batch.put(&chunk(3), b"lost").unwrap();
    // Another server opens the store, which it must not.
    open(&files).unwrap();
    assert!(matches!(batch.settle(), Err(StoreError::Unavailable(_))));
}

#[test]
fn threads_share_a_batch() {
    let files = SimFiles::new(1);
    let store = open(&files).unwrap();
    let batch = store.batch();
    let next = AtomicU64::new(0);
    env::together("batch", 4, &|| {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed) as u32;
            if index >= 300 {
                return;
            }
            batch.put(&chunk(index), &index.to_le_bytes()).unwrap();
        }
    });
    batch.settle().unwrap();
    files.crash(Crash::Lost);
    let store = open(&files).unwrap();
    (0..300).for_each(|index| assert_eq!(store.get(&chunk(index)).unwrap(), index.to_le_bytes()));
}
