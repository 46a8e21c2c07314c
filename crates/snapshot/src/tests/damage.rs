//! Every object is lost or changed once: reading tells, what is whole still reads, and a scrub says what is wrong.

use super::*;
use chunks::{ChunkStore, ObjectName, StoreError};
use std::ops::Range;
use std::sync::Arc;

struct Whole {
    store: Arc<MemoryStore>,
    snapshots: Snapshots,
    first: (SnapshotRef, Model),
    second: (SnapshotRef, Model),
}

fn whole() -> Whole {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let one = Model::from([(0, 1), (1, 1), (1024, 1)]);
    let mut two = one.clone();
    two.insert(1, 2);
    let control = Control::silent(2);
    let first = snapshots.store(&spec("snap-1"), None, &source(SIZE, &one), &control).unwrap().at;
    let base = snapshots.open(&first).unwrap();
    let changes = difference(SIZE, &one, &two);
    let second = snapshots.store(&spec("snap-2"), Some(&base), &changes, &control).unwrap().at;
    Whole { store, snapshots, first: (first, one), second: (second, two) }
}

/// Everything that can happen to an object: what its bytes are afterwards.
fn damages(bytes: &[u8], other: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut all = vec![None, Some(Vec::new()), Some(other.to_vec()), Some([bytes, &[0]].concat())];
    all.push(Some(bytes[..bytes.len() - 1].to_vec()));
    for at in [0, 8, 17, bytes.len() / 2, bytes.len() - 1] {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1;
        all.push(Some(flipped));
    }
    all
}

fn findings(snapshots: &Snapshots) -> (Vec<Finding>, ScrubTotals) {
    let mut findings = Vec::new();
    let totals = snapshots.scrub(&mut |finding| findings.push(finding)).unwrap();
    (findings, totals)
}

/// What of a snapshot reads as it should, and that the rest says that this object is damaged.
fn readable(whole: &Whole, (at, model): &(SnapshotRef, Model), object: &str) -> Vec<u32> {
    let is_damage = |error: SnapshotError| match error {
        SnapshotError::Damaged { object: named, .. } => assert_eq!(named, object),
        SnapshotError::Newer { object: named, .. } => assert_eq!(named, object),
        other => panic!("{other}"),
    };
    let reader = match whole.snapshots.open(at) {
        Ok(reader) => reader,
        Err(error) => {
            is_damage(error);
            return Vec::new();
        }
    };
    let mut good = Vec::new();
    for (index, value) in model {
        match reader.chunk(*index) {
            Ok(read) => {
                assert!(read == Some(chunk(*index, *value)));
                good.push(*index);
            }
            Err(error) => is_damage(error),
        }
    }
    good
}

/// The chunks of both snapshots that an object's loss takes away.
fn lost_with(object: &str) -> (Vec<u32>, Vec<u32>) {
    let (snapshot, last) = object.trim_start_matches("us-east-1/").split_once('/').unwrap();
    match (snapshot, last.get(..10).unwrap_or(last)) {
        ("snap-1", "manifest") => (vec![0, 1, 1024], vec![]),
        ("snap-2", "manifest") => (vec![], vec![0, 1, 1024]),
        ("snap-1", "p-00000000") => (vec![0, 1], vec![]),
        ("snap-2", "p-00000000") => (vec![], vec![0, 1]),
        ("snap-1", "p-00000001" | "c-00000400") => (vec![1024], vec![1024]),
        ("snap-1", "c-00000000") => (vec![0], vec![0]),
        ("snap-1", "c-00000001") => (vec![1], vec![]),
        ("snap-2", "c-00000001") => (vec![], vec![1]),
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_of_any_object_is_found_by_reading_and_by_a_scrub() {
    let names = whole().store.names();
    assert_eq!(names.len(), 9);
    for name in &names {
        let good = whole().store.bytes(name).unwrap();
        let other = names.iter().find(|other| *other != name && other[18..20] == name[18..20]);
        let other = whole().store.bytes(other.unwrap_or(&names[0])).unwrap();
        for damage in damages(&good, &other) {
            let whole = whole();
            if damage.as_ref() == Some(&good) {
                continue;
            }
            let missing_manifest = damage.is_none() && name.ends_with("manifest");
            whole.store.set(name, damage);
            let lost = lost_with(name);
            for (snapshot, lost) in [(&whole.first, lost.0), (&whole.second, lost.1)] {
                let good: Vec<u32> = snapshot.1.keys().copied().filter(|i| !lost.contains(i)).collect();
                assert_eq!(readable(&whole, snapshot, name), good, "{name}");
            }
            let (findings, totals) = findings(&whole.snapshots);
            if missing_manifest {
                // Nothing tells a scrub that there was a snapshot, but what only that one named is named by nobody.
                assert!(totals.unnamed > 0 && totals.damaged == 0);
                assert!(findings.iter().all(|f| matches!(f, Finding::Unnamed { pending: true, .. })));
            } else {
                assert_eq!((findings.len(), totals.damaged, totals.unnamed), (1, 1, 0), "{findings:?}");
                assert_finding(&findings[0], name);
            }
        }
    }
}

fn assert_finding(finding: &Finding, name: &str) {
    let both = || vec!["snap-1".to_owned(), "snap-2".to_owned()];
    let expect = |users: &[String], object: &str, bytes: &Range<u64>, first: u64, chunks: u64| {
        let lost = lost_with(name);
        let affected = both().into_iter().zip([lost.0, lost.1]).filter(|(_, lost)| !lost.is_empty());
        assert_eq!(users, affected.map(|(id, _)| id).collect::<Vec<_>>());
        assert_eq!((object, bytes), (name, &(first * 524_288..(first + chunks) * 524_288)));
    };
    match finding {
        Finding::Manifest { region, snapshot, .. } => {
            assert_eq!(format!("{region}/{snapshot}/manifest"), name)
        }
        Finding::Page { snapshots, object, bytes, .. } => {
            let number = u64::from(object.contains("p-00000001"));
            expect(snapshots, object, bytes, number * 1024, 1024);
        }
        Finding::Chunk { snapshots, object, index, bytes, .. } => {
            assert!(object.contains(&format!("c-{index:08x}")));
            expect(snapshots, object, bytes, u64::from(*index), 1);
        }
        Finding::Unnamed { .. } => panic!("{finding:?}"),
    }
}

#[test]
fn a_page_that_contradicts_its_manifest_is_damage() {
    // A right page under a right name, in a manifest that counts its chunks otherwise.
    let whole = whole();
    let name = "us-east-1/snap-1/manifest";
    let read = readers::Manifest::decode("", &whole.store.bytes(name).unwrap()).unwrap();
    for (size_bytes, held, ok) in [(SIZE, 2, true), (SIZE, 3, false), (SIZE, 1, false), (524_288, 1, false)] {
        let pages = read.pages().take(1).map(|page| readers::PageRef { held, ..page });
        let head = Head { size_bytes, ..read.head().clone() };
        let bytes = readers::Manifest::new(head, pages).unwrap().encode();
        whole.store.set(name, Some(bytes.clone()));
        let at = SnapshotRef { hash: ChunkHash::of(&bytes).to_string(), ..whole.first.0.clone() };
        let reader = whole.snapshots.open(&at).unwrap();
        match reader.chunk(0) {
            Ok(_) => assert!(ok),
            Err(SnapshotError::Damaged { object, .. }) => assert!(!ok && object.contains("p-00000000")),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn objects_that_nobody_names_are_told() {
    let whole = whole();
    let loose = whole.snapshots.put_chunk(REGION, "snap-1", 7, &chunk(7, 7)).unwrap();
    let pending = whole.snapshots.put_chunk(REGION, "snap-9", 7, &chunk(7, 7)).unwrap();
    whole.store.set("lost-and-found", Some(vec![1]));
    let (mut findings, totals) = findings(&whole.snapshots);
    findings.sort_by_key(|finding| format!("{finding:?}"));
    let unnamed = |object: &str, pending| Finding::Unnamed { object: object.to_owned(), pending };
    assert_eq!(
        findings,
        [
            unnamed("lost-and-found", false),
            unnamed(&format!("us-east-1/snap-1/c-00000007-{loose}"), false),
            unnamed(&format!("us-east-1/snap-9/c-00000007-{pending}"), true),
        ]
    );
    assert_eq!((totals.damaged, totals.unnamed, totals.snapshots, totals.chunks), (0, 3, 2, 4));
}

#[test]
fn a_failing_store_is_no_damage() {
    for operations in 0..20 {
        let whole = whole();
        whole.store.fail_after(operations);
        let result = whole.snapshots.scrub(&mut |finding| panic!("{finding:?}"));
        assert!(result.is_ok() || matches!(result, Err(SnapshotError::Store(_))));
        assert!(operations > 10 || result.is_err());
    }
}

/// A store from which a snapshot is deleted as soon as its first page or chunk is asked for.
struct Deleting(Arc<MemoryStore>);

impl ChunkStore for Deleting {
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), StoreError> {
        self.0.put(name, bytes)
    }

    fn get(&self, name: &ObjectName) -> Result<Vec<u8>, StoreError> {
        if name.as_str().contains("snap-2/") && !name.as_str().ends_with("manifest") {
            Snapshots::new(self.0.clone()).discard(REGION, "snap-2").unwrap();
        }
        self.0.get(name)
    }

    fn delete(&self, name: &ObjectName) -> Result<(), StoreError> {
        self.0.delete(name)
    }

    fn list(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(ObjectName) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.0.list(prefix, each)
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

#[test]
fn a_snapshot_deleted_during_a_scrub_is_not_damaged() {
    let store = whole().store;
    let snapshots = Snapshots::new(Arc::new(Deleting(store.clone())));
    let (findings, totals) = findings(&snapshots);
    assert_eq!((findings, totals.chunks), (vec![], 3));
    assert!(!store.names().iter().any(|name| name.contains("snap-2")));
}

#[test]
fn collecting_keeps_what_a_damaged_page_may_need() {
    // The deleted snapshot's page, and the one that the other has in its place.
    for damaged in ["snap-1/p-00000000", "snap-2/p-00000000"] {
        let Whole { store, snapshots, first, second } = whole();
        let name = store.names().into_iter().find(|name| name.contains(damaged)).unwrap();
        let good = store.bytes(&name).unwrap();
        store.flip(&name, 40);
        let collected =
            snapshots.collect(&first.0, std::slice::from_ref(&second.0), &Control::silent(1)).unwrap();
        assert_eq!(collected, Collected { chunks: 0, pages: 0, manifests: 1, unknown_pages: 1 });
        store.set(&name, Some(good));
        assert_reads(&snapshots.open(&second.0).unwrap(), &second.1);
    }
}
