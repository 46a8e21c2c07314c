//! A failed sync fails the operation, and the operation done again is durable: on local files, at every sync there is.

use super::*;
use chunks::FileStore;
use env::{Crash, SimFault, SimFiles, SimOp};
use std::path::Path;
use std::sync::Arc;

fn open(files: &SimFiles) -> Result<Snapshots, SnapshotError> {
    let store = FileStore::open(Arc::new(files.clone()), Path::new("/chunks").into())?;
    Ok(Snapshots::new(Arc::new(store)))
}

fn models() -> (Model, Model) {
    let one = Model::from([(0, 1), (1024, 1)]);
    let mut two = one.clone();
    two.extend([(1, 2), (1024, 2)]);
    (one, two)
}

/// A snapshot, and one that counts from it, by one thread so that every run has the same syncs.
fn store(files: &SimFiles) -> Result<[SnapshotRef; 2], SnapshotError> {
    let (one, two) = models();
    let (snapshots, control) = (open(files)?, Control::silent(1));
    let first = snapshots.store(&spec("snap-1"), None, &source(SIZE, &one), &control)?.at;
    let base = snapshots.open(&first)?;
    let second = snapshots.store(&spec("snap-2"), Some(&base), &difference(SIZE, &one, &two), &control)?.at;
    Ok([first, second])
}

fn assert_stored(files: &SimFiles, at: &[SnapshotRef; 2]) {
    let (one, two) = models();
    let snapshots = open(files).unwrap();
    assert_reads(&snapshots.open(&at[0]).unwrap(), &one);
    assert_reads(&snapshots.open(&at[1]).unwrap(), &two);
    snapshots.scrub(&mut |finding| panic!("{finding:?}")).unwrap();
}

#[test]
fn a_sync_that_fails_anywhere_fails_the_storing_and_storing_again_is_durable() {
    for op in [SimOp::Sync, SimOp::SyncDir] {
        for skip in 0.. {
            let files = SimFiles::new(u64::from(skip));
            files.inject(SimFault { op, path: "", skip, times: 1, errno: 5 });
            let stored = store(&files);
            let hits = files.hits();
            if hits.is_empty() {
                assert!(stored.is_ok() && skip > 5, "{op:?}: {skip} syncs");
                files.crash(Crash::Lost);
                assert_stored(&files, &stored.unwrap());
                break;
            }
            let error = stored.expect_err("a failed sync was swallowed");
            assert!(matches!(error, SnapshotError::Store(_)), "{hits:?}: {error}");
            // By the same process or by the next one: what is seen may not be durable.
            let at = store(&files).unwrap();
            files.crash(Crash::Lost);
            assert_stored(&files, &at);
        }
    }
}

#[test]
fn a_sync_that_fails_while_a_snapshot_is_collected_loses_nothing_of_the_others() {
    for skip in 0..12 {
        let files = SimFiles::new(1);
        let at = store(&files).unwrap();
        files.inject(SimFault { op: SimOp::SyncDir, path: "", skip, times: 9, errno: 5 });
        let snapshots = open(&files);
        if let Ok(snapshots) = &snapshots {
            let _ = snapshots.collect(&at[0], &at[1..], &Control::silent(1));
        }
        files.crash(Crash::Mixed);
        assert_reads(&open(&files).unwrap().open(&at[1]).unwrap(), &models().1);
    }
}
