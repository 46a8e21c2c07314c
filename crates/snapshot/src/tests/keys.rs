//! Re-encryption and blocks: the places with a key.

use super::*;
use ::keys::DataKey;
use cipher::{DataUnit, UnitCipher};
use std::sync::Arc;

fn key(n: u8) -> DataKey {
    DataKey::for_tests(std::array::from_fn(|at| at as u8 ^ n))
}

fn model() -> Model {
    [0, 1, 5, 1024, 2099].map(|index| (index, index as u8 + 1)).into()
}

/// The chunk as it must lie in the store under a key, made unit by unit.
fn sealed(key: &DataKey, index: u32, value: u8) -> Chunk {
    let (plain, mut cipher) = (chunk(index, value), UnitCipher::new(key).unwrap());
    let mut sealed = Chunk::empty();
    for unit in 0..UNITS_PER_CHUNK {
        if let Some(bytes) = plain.unit(unit) {
            let mut bytes = bytes.to_vec();
            cipher.encrypt(DataUnit(u64::from(index) * 128 + unit as u64), &mut bytes).unwrap();
            sealed.push(unit, &bytes).unwrap();
        }
    }
    sealed
}

#[test]
fn re_encryption_gives_what_the_new_key_gives() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let mut source: Arc<dyn ChunkSource> = Arc::new(source(SIZE, &model()));
    let mut from = None;
    // Plain to key 1, then from key to key, each time through the store.
    for n in 1..4 {
        let recoded = Recoded::new(source, from.map(key), Some(key(n))).unwrap();
        let spec = StoreSpec {
            lineage: format!("lineage-{n}"),
            encryption: Some(encryption()),
            ..spec(&format!("snap-{n}"))
        };
        let stored = snapshots.store(&spec, None, &recoded, &Control::silent(3)).unwrap();
        let reader = snapshots.open(&stored.at).unwrap();
        assert_eq!(reader.head().encryption, Some(encryption()));
        assert_eq!(reader.indices(0, 9).unwrap(), model().into_keys().collect::<Vec<_>>());
        for (index, value) in model() {
            let read = reader.chunk(index).unwrap().unwrap();
            assert!(read == sealed(&key(n), index, value), "chunk {index} under key {n}");
            let block = open_block(Some(&key(n)), index, read).unwrap();
            assert!(block == chunk(index, value).bytes());
        }
        (source, from) = (reader, Some(n));
    }
    assert_exact(&store);
}

#[test]
fn changes_are_re_encrypted_too_and_what_went_stays_away() {
    let store = MemoryStore::new();
    let snapshots = Snapshots::new(store.clone());
    let mut new = model();
    new.remove(&1);
    new.insert(7, 7);
    let sources = [source(SIZE, &model()), difference(SIZE, &model(), &new)];
    let mut base: Option<Arc<Reader>> = None;
    for (n, source) in sources.into_iter().enumerate() {
        let spec = StoreSpec { encryption: Some(encryption()), ..spec(&format!("snap-{n}")) };
        let recoded = Recoded::new(Arc::new(source), None, Some(key(1))).unwrap();
        let stored = snapshots.store(&spec, base.as_deref(), &recoded, &Control::silent(2)).unwrap();
        base = Some(snapshots.open(&stored.at).unwrap());
    }
    let reader = base.unwrap();
    assert_eq!(reader.indices(0, 9).unwrap(), new.keys().copied().collect::<Vec<_>>());
    assert!(new.iter().all(|(i, value)| reader.chunk(*i).unwrap() == Some(sealed(&key(1), *i, *value))));
}

#[test]
fn ciphertext_cannot_be_made_plaintext() {
    let source: Arc<dyn ChunkSource> = Arc::new(source(SIZE, &model()));
    let refused = Recoded::new(source.clone(), Some(key(1)), None);
    assert!(matches!(refused, Err(SnapshotError::Refused(_))));
    assert!(Recoded::new(source, None, None).is_ok());
}

#[test]
fn another_key_opens_nothing() {
    let chunk = seal_block(Some(&key(1)), 3, vec![5; CHUNK_BYTES]).unwrap();
    assert!(open_block(Some(&key(2)), 3, chunk.clone()).unwrap() != vec![5; CHUNK_BYTES]);
    assert!(open_block(Some(&key(1)), 4, chunk.clone()).unwrap() != vec![5; CHUNK_BYTES], "another place");
    assert!(chunk.bytes() != vec![5; CHUNK_BYTES]);
    assert!(open_block(Some(&key(1)), 3, chunk).unwrap() == vec![5; CHUNK_BYTES]);
}

#[test]
fn a_block_is_whole_and_comes_back() {
    for key in [None, Some(&key(1))] {
        for length in [0, CHUNK_BYTES - 1, CHUNK_BYTES + 1, 4096] {
            assert!(matches!(seal_block(key, 0, vec![0; length]), Err(SnapshotError::Refused(_))));
        }
        let plain: Vec<u8> = (0..CHUNK_BYTES).map(|n| (n / 4096) as u8).collect();
        let last = (64_u64 << 40) / CHUNK_BYTES as u64 - 1;
        let chunk = seal_block(key, last as u32, plain.clone()).unwrap();
        assert_eq!(chunk.present(), u128::MAX);
        assert!(open_block(key, last as u32, chunk).unwrap() == plain);
        // What a chunk does not hold reads as zeros, under a key too.
        assert!(open_block(key, 0, Chunk::empty()).unwrap() == vec![0; CHUNK_BYTES]);
    }
}

#[test]
fn nothing_plain_is_in_the_memory_that_comes_round_again() {
    let snapshots = Snapshots::new(MemoryStore::new());
    let plain: Arc<dyn ChunkSource> = Arc::new(source(SIZE, &model()));
    let recoded = Recoded::new(plain, None, Some(key(1))).unwrap();
    let spec = StoreSpec { encryption: Some(encryption()), ..spec("snap-1") };
    let stored = snapshots.store(&spec, None, &recoded, &Control::silent(3)).unwrap();
    let reader = snapshots.open(&stored.at).unwrap();
    // Each is read twice, and the first of the two decrypted.
    for (index, value) in model() {
        let block = open_block(Some(&key(1)), index, reader.chunk(index).unwrap().unwrap()).unwrap();
        assert!(block == chunk(index, value).bytes());
        assert!(reader.chunk(index).unwrap().unwrap() == sealed(&key(1), index, value));
        let idle = snapshots.buffers.idle();
        assert_eq!(idle.len(), 1, "only what nobody changed comes back");
        let plain = chunk(index, value);
        let (_, run) = plain.runs().next().unwrap();
        let shown = |bytes: &Vec<u8>| bytes.windows(64).any(|window| window == &run[8..72]);
        assert!(!idle.iter().any(shown), "chunk {index}");
    }
}
