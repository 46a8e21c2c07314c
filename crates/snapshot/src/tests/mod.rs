//! Tests of snapshots as a whole, on a store in memory. Chunks of these tests hold few units, so that many fit.

mod crash;
mod damage;
mod formats;
mod kept;
mod keys;
mod model;
mod refusals;
mod syncs;

use crate::testing::{Chunks, MemoryStore};
use crate::*;
use std::collections::{BTreeMap, BTreeSet};

const REGION: &str = "us-east-1";
/// A bit more than two pages, the last chunk cut short.
const SIZE: u64 = 2100 * CHUNK_BYTES as u64 - 4096;

/// What a volume holds: a value for every chunk that was written.
type Model = BTreeMap<u32, u8>;

/// A chunk that differs with index and value, in which units it holds too: two neighbours and one apart.
fn chunk(index: u32, value: u8) -> Chunk {
    let mut chunk = Chunk::empty();
    let first = usize::from(value) % 60;
    for unit in [first, first + 1, 64 + index as usize % 64] {
        let mut bytes = [value; cipher::DATA_UNIT_BYTES];
        bytes[..4].copy_from_slice(&index.to_le_bytes());
        bytes[4] = unit as u8;
        chunk.push(unit, &bytes).unwrap();
    }
    chunk
}

fn source(size_bytes: u64, model: &Model) -> Chunks {
    let chunks = model.iter().map(|(index, value)| (*index, chunk(*index, *value))).collect();
    Chunks { size_bytes, chunks }
}

/// A source of what differs, with an empty chunk for what `new` no longer holds.
fn difference(size_bytes: u64, old: &Model, new: &Model) -> Chunks {
    let indices: BTreeSet<u32> = old.keys().chain(new.keys()).copied().collect();
    let changed = indices.into_iter().filter(|index| old.get(index) != new.get(index));
    let chunk = |index| new.get(&index).map_or(Chunk::empty(), |value| chunk(index, *value));
    Chunks { size_bytes, chunks: changed.map(|index| (index, chunk(index))).collect() }
}

fn spec(snapshot: &str) -> StoreSpec {
    StoreSpec {
        region: REGION.into(),
        snapshot: snapshot.into(),
        size_bytes: SIZE,
        lineage: "lineage-1".into(),
        encryption: None,
    }
}

fn encryption() -> Encryption {
    Encryption {
        kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
        wrapped_key: vec![7; 20],
        context_id: "vol-0123456789abcdef0".into(),
    }
}

/// What a reader reads, chunk by chunk, must be the model's.
fn assert_reads(reader: &Reader, model: &Model) {
    let held: Vec<u32> = model.keys().copied().collect();
    assert_eq!(reader.indices(0, usize::MAX).unwrap(), held);
    assert_eq!(reader.head().chunks, held.len() as u64);
    for (index, value) in model {
        assert!(reader.chunk(*index).unwrap() == Some(chunk(*index, *value)), "chunk {index}");
    }
}

/// Names of the objects that manifests name, read from the raw objects, and of the manifests.
fn named(store: &MemoryStore) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for manifest in store.names().into_iter().filter(|name| name.ends_with("/manifest")) {
        let read = readers::Manifest::decode("", &store.bytes(&manifest).unwrap()).unwrap();
        let region = &read.head().region;
        for page in read.pages() {
            let name = format!("{region}/{}/p-{:08x}-{}", page.writer, page.number, page.hash);
            let page = readers::Page::decode("", &store.bytes(&name).unwrap(), page.number).unwrap();
            named.insert(name);
            for (index, entry) in page.entries() {
                named.insert(format!("{region}/{}/c-{index:08x}-{}", entry.writer, entry.hash));
            }
        }
        named.insert(manifest);
    }
    named
}

/// The store has exactly what its manifests name, and all of it is whole.
fn assert_exact(store: &std::sync::Arc<MemoryStore>) {
    let there: BTreeSet<String> = store.names().into_iter().collect();
    let named = named(store);
    assert!(
        there == named,
        "left over {:?}, missing {:?}",
        there.difference(&named),
        named.difference(&there)
    );
    let totals = Snapshots::new(store.clone()).scrub(&mut |finding| panic!("{finding:?}")).unwrap();
    assert_eq!((totals.pages + totals.chunks + totals.snapshots) as usize, named.len());
}
