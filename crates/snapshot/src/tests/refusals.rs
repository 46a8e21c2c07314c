//! What is refused, and what of it is left: nothing.

use super::*;
use std::sync::Arc;

fn refused<T>(result: Result<T, SnapshotError>) -> bool {
    matches!(result, Err(SnapshotError::Refused(_)))
}

fn stored(model: &Model) -> (Arc<MemoryStore>, Snapshots, Arc<Reader>) {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let stored = snapshots.store(&spec("snap-1"), None, &source(SIZE, model), &Control::silent(1)).unwrap();
    let reader = snapshots.open(&stored.at).unwrap();
    (store, snapshots, reader)
}

/// A source that lists what it is told.
struct Lists(Vec<u32>);

impl ChunkSource for Lists {
    fn size_bytes(&self) -> u64 {
        SIZE
    }

    fn indices(&self, _: u32, _: usize) -> Result<Vec<u32>, SnapshotError> {
        Ok(self.0.clone())
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        Ok(Some(chunk(index, 1)))
    }
}

#[test]
fn a_base_of_another_kind_is_refused() {
    let (store, snapshots, base) = stored(&Model::from([(1, 1)]));
    let names = store.names();
    let good = spec("snap-2");
    for bad in [
        StoreSpec { region: "eu-west-1".into(), ..good.clone() },
        StoreSpec { lineage: "lineage-2".into(), ..good.clone() },
        StoreSpec { encryption: Some(encryption()), ..good.clone() },
        StoreSpec { size_bytes: SIZE - 1, ..good.clone() },
        spec("snap-1"),
    ] {
        let nothing = Chunks { size_bytes: 1, ..Chunks::default() };
        let control = Control::silent(1);
        assert!(refused(snapshots.store(&bad, Some(&base), &nothing, &control)), "{bad:?}");
        let mut none = |_, _| Ok(Vec::new());
        assert!(refused(snapshots.assemble(&bad, Some(&base), &mut none, &control)), "{bad:?}");
        assert_eq!(store.names(), names);
    }
}

#[test]
fn a_description_that_no_manifest_can_hold_is_refused() {
    let (store, snapshots, _) = stored(&Model::new());
    let names = store.names();
    let encrypted = |change: fn(&mut Encryption)| {
        let mut encryption = encryption();
        change(&mut encryption);
        StoreSpec { encryption: Some(encryption), ..spec("snap-2") }
    };
    for bad in [
        spec(""),
        spec("snap/2"),
        spec("Snap"),
        spec(&"s".repeat(65)),
        StoreSpec { region: "..".into(), ..spec("snap-2") },
        StoreSpec { size_bytes: 0, ..spec("snap-2") },
        StoreSpec { size_bytes: (64 << 40) + 1, ..spec("snap-2") },
        StoreSpec { lineage: String::new(), ..spec("snap-2") },
        StoreSpec { lineage: "l".repeat(2049), ..spec("snap-2") },
        encrypted(|e| e.kms_key_arn.clear()),
        encrypted(|e| e.context_id = "c".repeat(2049)),
        encrypted(|e| e.wrapped_key.clear()),
        encrypted(|e| e.wrapped_key = vec![0; 6145]),
    ] {
        let nothing = Chunks::default();
        assert!(refused(snapshots.store(&bad, None, &nothing, &Control::silent(1))), "{bad:?}");
        assert_eq!(store.names(), names);
    }
}

#[test]
fn a_source_that_lists_badly_is_refused() {
    let (store, snapshots, _) = stored(&Model::new());
    let names = store.names();
    for bad in [vec![3, 2], vec![3, 3], vec![2100], vec![0, u32::MAX]] {
        let result = snapshots.store(&spec("snap-2"), None, &Lists(bad.clone()), &Control::silent(2));
        assert!(refused(result), "{bad:?}");
        let mut put = |_, _| Ok(bad.iter().map(|index| (*index, ChunkHash::of(b""))).collect::<Vec<_>>());
        assert!(refused(snapshots.assemble(&spec("snap-2"), None, &mut put, &Control::silent(2))));
    }
    // One that never goes on: a full batch from the start again.
    let again = Lists((0..1024).collect());
    assert!(refused(snapshots.store(&spec("snap-2"), None, &again, &Control::silent(2))));
    let larger = Chunks { size_bytes: SIZE + 1, ..Chunks::default() };
    assert!(refused(snapshots.store(&spec("snap-2"), None, &larger, &Control::silent(2))));
    assert_eq!(store.names(), names);
}

#[test]
fn a_stored_snapshot_is_never_rewritten() {
    let (store, snapshots, reader) = stored(&Model::from([(1, 1)]));
    let manifest = store.bytes("us-east-1/snap-1/manifest");
    let other = source(SIZE, &Model::from([(1, 2)]));
    assert!(refused(snapshots.store(&spec("snap-1"), None, &other, &Control::silent(1))));
    assert_eq!(store.bytes("us-east-1/snap-1/manifest"), manifest);
    assert_reads(&reader, &Model::from([(1, 1)]));
    // The same again is fine, sends nothing, and removes what the other try left.
    let same = source(SIZE, &Model::from([(1, 1)]));
    let again = snapshots.store(&spec("snap-1"), None, &same, &Control::silent(1)).unwrap();
    assert_eq!((&again.at, again.sent_bytes), (reader.at(), 0));
    assert_exact(&store);
}

#[test]
fn an_empty_chunk_is_not_put() {
    let (_, snapshots, _) = stored(&Model::new());
    assert!(refused(snapshots.put_chunk(REGION, "snap-2", 0, &Chunk::empty())));
    assert!(refused(snapshots.put_chunk(REGION, "snap/2", 0, &chunk(0, 1))));
    let missing = snapshots.get_chunk(REGION, "snap-2", 0, ChunkHash::of(b""));
    assert!(matches!(missing, Err(SnapshotError::Damaged { .. })));
}

#[test]
fn a_manifest_under_another_name_or_hash_is_not_opened() {
    let (store, snapshots, reader) = stored(&Model::from([(1, 1)]));
    let manifest = store.bytes("us-east-1/snap-1/manifest");
    store.set("us-east-1/snap-2/manifest", manifest.clone());
    store.set("eu-west-1/snap-1/manifest", manifest);
    let good = reader.at().clone();
    for bad in [
        SnapshotRef { snapshot: "snap-2".into(), ..good.clone() },
        SnapshotRef { region: "eu-west-1".into(), ..good.clone() },
        SnapshotRef { hash: ChunkHash::of(b"").to_string(), ..good.clone() },
        SnapshotRef { hash: String::new(), ..good.clone() },
        SnapshotRef { snapshot: "snap-3".into(), ..good.clone() },
    ] {
        assert!(matches!(snapshots.open(&bad), Err(SnapshotError::Damaged { .. })), "{bad:?}");
        if bad.snapshot != "snap-3" {
            let collected = snapshots.collect(&bad, &[], &Control::silent(1));
            assert!(matches!(collected, Err(SnapshotError::Damaged { .. })), "{bad:?}");
        }
    }
    assert!(snapshots.open(&good).is_ok());
}

#[test]
fn collecting_without_knowing_what_is_needed_is_refused() {
    let (store, snapshots, first) = stored(&Model::from([(1, 1)]));
    let changes = source(SIZE, &Model::from([(2, 1)]));
    let second = snapshots.store(&spec("snap-2"), Some(&first), &changes, &Control::silent(1)).unwrap().at;
    let names = store.names();
    let abroad = SnapshotRef { region: "eu-west-1".into(), ..second.clone() };
    for live in [vec![first.at().clone()], vec![second.clone(), first.at().clone()], vec![abroad]] {
        assert!(refused(snapshots.collect(first.at(), &live, &Control::silent(1))));
    }
    let gone = SnapshotRef { snapshot: "snap-3".into(), ..second.clone() };
    let changed = SnapshotRef { hash: "0".repeat(64), ..second.clone() };
    for live in [gone, changed] {
        let collected = snapshots.collect(first.at(), &[second.clone(), live], &Control::silent(1));
        assert!(matches!(collected, Err(SnapshotError::Damaged { .. })));
    }
    assert_eq!(store.names(), names);
}

#[test]
fn snapshots_of_different_keys_differ_everywhere() {
    let (_, snapshots, plain) = stored(&Model::from([(1, 1), (2, 1)]));
    // The same bytes as "ciphertext": who writes the plain volume could arrange that.
    let encrypted = |id: &str, lineage: &str| {
        let spec = StoreSpec { lineage: lineage.into(), encryption: Some(encryption()), ..spec(id) };
        let source = source(SIZE, &Model::from([(1, 1), (2, 1)]));
        let stored = snapshots.store(&spec, None, &source, &Control::silent(1)).unwrap();
        snapshots.open(&stored.at).unwrap()
    };
    let (a, b) = (encrypted("snap-a", "lineage-a"), encrypted("snap-b", "lineage-b"));
    let same = encrypted("snap-c", "lineage-a");
    let all = |one: &Reader, two: &Reader| changed(Some(one), two, 0, 9).unwrap().len();
    assert_eq!([all(&plain, &a), all(&a, &plain), all(&a, &b), all(&a, &same)], [2, 2, 2, 0]);
    assert_eq!(changed(Some(&a), &b, 2, 9).unwrap(), [Changed { index: 2, first: true, second: true }]);
    assert_eq!(changed(None, &a, 2, 9).unwrap(), [Changed { index: 2, first: false, second: true }]);
}
