//! Every operation on the store fails once, and all after it, as in a crash; then the same is asked again.

use super::*;
use chunks::StoreError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A store with two snapshots of a lineage, and what the volume holds afterwards.
struct Before {
    store: Arc<MemoryStore>,
    snapshots: Snapshots,
    live: Vec<(SnapshotRef, Model)>,
    volume: Model,
}

fn before() -> Before {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let control = Control::silent(2);
    let one: Model = [0, 1, 2, 1023, 1024, 2099].map(|index| (index, 1)).into();
    let mut two = one.clone();
    two.extend([(1, 2), (3, 2)]);
    two.remove(&2);
    let first = snapshots.store(&spec("snap-1"), None, &source(SIZE, &one), &control).unwrap().at;
    let base = snapshots.open(&first).unwrap();
    let changes = difference(SIZE, &one, &two);
    let second = snapshots.store(&spec("snap-2"), Some(&base), &changes, &control).unwrap().at;
    let mut volume = two.clone();
    volume.extend([(0, 3), (1025, 3), (2000, 3)]);
    volume.remove(&2099);
    Before { store, snapshots, live: vec![(first, one), (second, two)], volume }
}

/// Lets `work` fail at its first, second, ... operation until it succeeds, each time on a new store. After a failure the snapshots
/// that `live` keeps must read; then the store is healed and `again` looks at what the same work does now.
fn crash_everywhere<T>(
    kept: impl Fn(&Before) -> Vec<(SnapshotRef, Model)>,
    work: impl Fn(&Before, usize) -> Result<T, SnapshotError>,
    again: impl Fn(&Before, T),
) {
    for threads in [1, 3] {
        for operations in 0.. {
            let before = before();
            before.store.fail_after(operations);
            let result = work(&before, threads);
            before.store.heal();
            for (at, model) in kept(&before) {
                assert_reads(&before.snapshots.open(&at).unwrap(), &model);
            }
            let Err(error) = result else {
                assert!(operations > 5, "it was made to fail");
                break;
            };
            assert!(matches!(error, SnapshotError::Store(StoreError::Unavailable(_))), "{error}");
            again(&before, work(&before, threads).unwrap());
        }
    }
}

fn store_third(before: &Before, threads: usize) -> Result<Stored, SnapshotError> {
    let (at, model) = &before.live[1];
    let base = before.snapshots.open(at)?;
    let changes = difference(SIZE, model, &before.volume);
    before.snapshots.store(&spec("snap-3"), Some(&base), &changes, &Control::silent(threads))
}

#[test]
fn storing_breaks_off_anywhere_and_is_repeated() {
    let whole = store_third(&before(), 1).unwrap();
    let least = AtomicU64::new(u64::MAX);
    crash_everywhere(
        |before| before.live.clone(),
        store_third,
        |before, stored| {
            least.fetch_min(stored.sent_bytes, Ordering::Relaxed);
            assert_eq!(Stored { sent_bytes: whole.sent_bytes, ..stored.clone() }, whole);
            assert_reads(&before.snapshots.open(&stored.at).unwrap(), &before.volume);
            assert_exact(&before.store);
        },
    );
    assert!(least.into_inner() < whole.sent_bytes / 2, "what was there is not sent again");
}

#[test]
fn a_snapshot_given_up_leaves_nothing() {
    for operations in 0..40 {
        let before = before();
        let names = before.store.names();
        before.store.fail_after(operations);
        let result = store_third(&before, 2);
        before.store.fail_after(operations / 2);
        let _ = before.snapshots.discard(REGION, "snap-3");
        before.store.heal();
        if result.is_err() || operations == 39 {
            before.snapshots.discard(REGION, "snap-3").unwrap();
            assert_eq!(before.store.names(), names);
            assert_exact(&before.store);
        }
    }
}

#[test]
fn a_snapshot_half_discarded_is_whole_or_has_no_manifest() {
    for operations in 0..16 {
        let before = before();
        let stored = store_third(&before, 2).unwrap();
        before.store.fail_after(operations);
        let discarded = before.snapshots.discard(REGION, "snap-3");
        before.store.heal();
        // Looking and removing the manifest, listing, two pages, three chunks.
        assert_eq!(discarded.is_ok(), operations >= 8);
        if before.store.bytes("us-east-1/snap-3/manifest").is_some() {
            assert_reads(&before.snapshots.open(&stored.at).unwrap(), &before.volume);
        }
    }
}

#[test]
fn assembling_breaks_off_anywhere_and_is_repeated() {
    let work = |before: &Before, threads| {
        let base = before.snapshots.open(&before.live[1].0)?;
        let snapshots = &before.snapshots;
        let put = |index, value| snapshots.put_chunk(REGION, "snap-3", index, &chunk(index, value));
        // One is put twice: the first must not stay.
        put(5, 8)?;
        let chunks = [(5, put(5, 9)?), (1030, put(1030, 9)?), (1031, put(1031, 9)?)];
        let mut list = |from, _| Ok(chunks.into_iter().filter(|(index, _)| *index >= from).collect());
        snapshots.assemble(&spec("snap-3"), Some(&base), &mut list, &Control::silent(threads))
    };
    crash_everywhere(
        |before| before.live.clone(),
        work,
        |before, stored| {
            let mut expected = before.live[1].1.clone();
            expected.extend([(5, 9), (1030, 9), (1031, 9)]);
            assert_reads(&before.snapshots.open(&stored.at).unwrap(), &expected);
            assert_exact(&before.store);
        },
    );
}

#[test]
fn collecting_breaks_off_anywhere_and_is_repeated() {
    for deleted in [0, 1] {
        let kept = move |before: &Before| vec![before.live[1 - deleted].clone()];
        let work = |before: &Before, threads| {
            let (deleted, live) = (&before.live[deleted].0, [before.live[1 - deleted].0.clone()]);
            before.snapshots.collect(deleted, &live, &Control::silent(threads))
        };
        crash_everywhere(kept, work, |before, collected| {
            assert_eq!(collected.unknown_pages, 0, "what is gone already is not unknown");
            let manifests = before.store.names().iter().filter(|name| name.ends_with("manifest")).count();
            assert_eq!(manifests, 1);
            assert_exact(&before.store);
        });
    }
}

#[test]
fn work_stops_soon_after_it_is_told() {
    let before = before();
    let all: Model = (0..2100).map(|index| (index, 4)).collect();
    let (stop, seen) = (AtomicBool::new(false), AtomicU64::new(0));
    let progress = |done, total| {
        assert_eq!(total, 2100);
        seen.fetch_max(done, Ordering::Relaxed);
        if done == 100 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let control = Control { progress: &progress, stop: &stop, threads: 3 };
    let source = source(SIZE, &all);
    let stopped = before.snapshots.store(&spec("snap-3"), None, &source, &control);
    assert!(matches!(stopped, Err(SnapshotError::Stopped)));
    assert!((100..104).contains(&seen.load(Ordering::Relaxed)));
    let (deleted, live) = (&before.live[0].0, [before.live[1].0.clone()]);
    let mut none = |_, _| Ok(Vec::new());
    for stopped in [
        before.snapshots.collect(deleted, &live, &control).map(|_| ()),
        before.snapshots.assemble(&spec("snap-3"), None, &mut none, &control).map(|_| ()),
    ] {
        assert!(matches!(stopped, Err(SnapshotError::Stopped)));
    }
    for (at, model) in &before.live {
        assert_reads(&before.snapshots.open(at).unwrap(), model);
    }
    stop.store(false, Ordering::Relaxed);
    seen.store(0, Ordering::Relaxed);
    let progress = |done, _| {
        seen.fetch_max(done, Ordering::Relaxed);
    };
    let control = Control { progress: &progress, ..control };
    before.snapshots.store(&spec("snap-3"), None, &source, &control).unwrap();
    assert_eq!(seen.into_inner(), 2100);
}
