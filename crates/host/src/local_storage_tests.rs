//! Bytes at rest, on a real directory with real volumes and a chunk store in memory; only KMS is played.

use super::*;
use crate::testing::Told;
use crate::{HostError, KeyService, LocalHost, Storage};
use api::Caller;
use base::{AccountId, Region};
use env::Env;
use keys::DataKey;
use parking_lot::Mutex;
use snapshot::testing::MemoryStore;
use std::sync::Arc;
use volume::Encryption;

const GIB: u64 = 1 << 30;
const ONE: &str = "vol-00000000000000001";
const TWO: &str = "vol-00000000000000002";

/// Gives the key that a wrapped key starts with, or refuses.
#[derive(Default)]
struct FakeKms(Mutex<bool>);

impl KeyService for FakeKms {
    fn decrypt(&self, wanted: &KeyUse) -> Result<DataKey, HostError> {
        if *self.0.lock() {
            return Err(HostError::Refused(Refusal::new("DisabledException", "it is disabled.")));
        }
        Ok(key(wanted.wrapped_key[0]))
    }
}

struct Bench {
    host: LocalHost,
    store: Arc<MemoryStore>,
    kms: Arc<FakeKms>,
    told: Arc<Told>,
    _dir: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let (store, kms, told) = (Arc::new(MemoryStore::default()), Arc::default(), Arc::<Told>::default());
        let host = LocalHost::new(Env::real(), dir.path(), store.clone(), crate::Options::default()).unwrap();
        let kms: Arc<FakeKms> = kms;
        host.connect(kms.clone(), told.clone());
        Bench { host, store, kms, told, _dir: dir }
    }

    fn volume(&self, id: &str, wrapped: Option<u8>, source: Option<SnapshotRef>) {
        self.host
            .create(&VolumeSpec {
                volume_id: id.into(),
                size_bytes: GIB,
                encryption: wrapped.map(encryption),
                source,
            })
            .unwrap();
    }

    fn device(&self, id: &str, wrapped: Option<u8>) -> Arc<Device> {
        Device::open(self.host.inner.volume(id).unwrap(), wrapped.map(key)).unwrap()
    }

    fn write(&self, id: &str, wrapped: Option<u8>, at: u64, bytes: &[u8]) {
        let device = self.device(id, wrapped);
        device.write_at(&mut bytes.to_vec(), at, true).unwrap();
    }

    fn read(&self, id: &str, wrapped: Option<u8>, at: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.device(id, wrapped).read_at(&mut bytes, at).unwrap();
        bytes
    }

    /// Asks until it has ended.
    fn done(&self, work: Work) -> Result<Ended, HostError> {
        loop {
            let progress = self.host.work("test/work", &work)?;
            if let Some(ended) = progress.ended {
                self.host.forget("test/work");
                return Ok(ended);
            }
            std::thread::yield_now();
        }
    }

    fn snapshot(
        &self,
        volume: &str,
        snapshot: &str,
        wrapped: Option<u8>,
        base: Option<SnapshotRef>,
    ) -> Ended {
        self.host.freeze(&[(volume.into(), snapshot.into())]).unwrap();
        let work = Work::StoreSnapshot { volume: volume.into(), spec: spec(snapshot, wrapped), base };
        let ended = self.done(work).unwrap();
        self.host.thaw(volume, snapshot, true).unwrap();
        self.done(Work::Merge { volume: volume.into() }).unwrap();
        ended
    }
}

fn key(first: u8) -> DataKey {
    let mut bytes = [first; 64];
    bytes[32..].fill(!first);
    DataKey::for_tests(bytes)
}

fn encryption(wrapped: u8) -> Encryption {
    Encryption {
        kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1".into(),
        wrapped_key: vec![wrapped],
        context_id: "x".into(),
    }
}

fn spec(snapshot: &str, wrapped: Option<u8>) -> StoreSpec {
    StoreSpec {
        region: "us-east-1".into(),
        snapshot: snapshot.into(),
        size_bytes: GIB,
        lineage: wrapped.map_or("plain".into(), |key| format!("key-{key}")),
        encryption: wrapped.map(|wrapped| snapshot::Encryption {
            kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1".into(),
            wrapped_key: vec![wrapped],
            context_id: "x".into(),
        }),
    }
}

fn use_of(wrapped: u8) -> KeyUse {
    let account = AccountId::parse("111122223333").unwrap();
    KeyUse {
        caller: Caller::ebs(account),
        region: Region::parse("us-east-1").unwrap(),
        request_id: "r".into(),
        key_arn: None,
        wrapped_key: vec![wrapped],
        context_id: "x".into(),
        grant_token: None,
    }
}

#[test]
fn a_snapshot_holds_its_instant_and_the_next_one_what_changed() {
    let bench = Bench::new();
    bench.volume(ONE, Some(1), None);
    bench.write(ONE, Some(1), 0, &[7; 8192]);
    let first = bench.snapshot(ONE, "snap-00000000000000001", Some(1), None);
    assert_eq!((first.chunks, first.written_chunks, first.incremental), (1, 1, false));
    bench.write(ONE, Some(1), 3 << 20, &[8; 4096]);
    let second = bench.snapshot(ONE, "snap-00000000000000002", Some(1), first.at.clone());
    assert_eq!((second.chunks, second.written_chunks, second.incremental), (2, 1, true));
    bench.volume(TWO, Some(1), second.at);
    assert_eq!(bench.read(TWO, Some(1), 0, 8192), [7; 8192]);
    assert_eq!(bench.read(TWO, Some(1), 3 << 20, 4096), [8; 4096]);
    bench.done(Work::Load { volume: TWO.into() }).unwrap();
    assert!(bench.host.inner.volume(TWO).unwrap().source().is_none());
}

#[test]
fn a_snapshot_has_the_size_of_its_instant() {
    let bench = Bench::new();
    bench.volume(ONE, None, None);
    bench.host.grow(ONE, 2 * GIB).unwrap();
    // Asked for before the volume grew, frozen afterwards.
    let grown = bench.snapshot(ONE, "snap-00000000000000001", None, None);
    assert_eq!(grown.size_bytes, 2 * GIB);
    let reader = bench.host.inner.reader(&grown.at.unwrap()).unwrap();
    assert_eq!(reader.size_bytes(), 2 * GIB);
}

#[test]
fn a_base_that_the_volume_does_not_know_gives_everything() {
    let bench = Bench::new();
    bench.volume(ONE, None, None);
    bench.write(ONE, None, 0, &[7; 4096]);
    let first = bench.snapshot(ONE, "snap-00000000000000001", None, None).at.unwrap();
    bench.snapshot(ONE, "snap-00000000000000002", None, Some(first.clone()));
    let third = bench.snapshot(ONE, "snap-00000000000000003", None, Some(first));
    assert_eq!((third.written_chunks, third.incremental), (1, false));
}

#[test]
fn another_key_means_other_bytes_and_never_fewer_secrets() {
    let bench = Bench::new();
    bench.volume(ONE, Some(1), None);
    bench.write(ONE, Some(1), 4096, &[9; 4096]);
    let at = bench.snapshot(ONE, "snap-00000000000000001", Some(1), None).at.unwrap();
    bench.volume(TWO, Some(2), None);
    let fill = |source_key, key| Work::Fill { volume: TWO.into(), source: at.clone(), source_key, key };
    bench.done(fill(Some(use_of(1)), Some(use_of(2)))).unwrap();
    assert_eq!(bench.read(TWO, Some(2), 4096, 4096), [9; 4096]);
    let keys = Some((Some(use_of(1)), use_of(3)));
    let copy = |keys, spec| Work::Copy { source: at.clone(), spec, keys, base: None, since: None };
    let copied = bench.done(copy(keys, spec("snap-00000000000000004", Some(3)))).unwrap();
    let block = bench.host.get_block(&copied.at.unwrap(), 0, Some(&use_of(3))).unwrap().unwrap();
    assert_eq!(block.bytes[4096..8192], [9; 4096]);
    // The same bytes in the same Region are not copied at all.
    let same = bench.done(copy(None, spec("snap-00000000000000005", Some(1)))).unwrap();
    assert_eq!((same.chunks, same.written_chunks), (1, 0));
    // An unencrypted volume takes nothing of an encrypted snapshot.
    bench.volume("vol-00000000000000003", None, None);
    let wrong = Work::Fill {
        volume: "vol-00000000000000003".into(),
        source: at.clone(),
        source_key: Some(use_of(1)),
        key: None,
    };
    assert!(bench.done(wrong).is_err());
    *bench.kms.0.lock() = true;
    assert!(matches!(bench.done(fill(Some(use_of(1)), Some(use_of(2)))), Err(HostError::Refused(_))));
    assert!(
        bench.host.get_block(&at, 0, Some(&use_of(1))).is_err() && bench.host.may_use(&use_of(1)).is_err()
    );
}

#[test]
fn a_damaged_chunk_fails_its_own_units_and_is_told_once() {
    let bench = Bench::new();
    bench.volume(ONE, None, None);
    bench.write(ONE, None, 0, &[1; 4096]);
    bench.write(ONE, None, 1 << 20, &[2; 4096]);
    let at = bench.snapshot(ONE, "snap-00000000000000001", None, None).at.unwrap();
    let chunk = bench.store.names().into_iter().find(|name| name.to_string().contains("c-00000002")).unwrap();
    bench.store.flip(&chunk.to_string(), 100);
    bench.volume(TWO, None, Some(at.clone()));
    assert_eq!(bench.read(TWO, None, 0, 4096), [1; 4096]);
    for _ in 0..2 {
        assert!(bench.device(TWO, None).read_at(&mut [0; 512], 1 << 20).is_err());
    }
    assert_eq!(bench.told.0.lock().len(), 1);
    assert!(bench.done(Work::Load { volume: TWO.into() }).is_err());
    assert!(matches!(bench.done(Work::Preload { snapshot: at }), Err(HostError::Refused(_))));
}

#[test]
fn blocks_come_back_and_their_digests_are_concealed() {
    let bench = Bench::new();
    let digest = [5; 32];
    let block = vec![3; snapshot::CHUNK_BYTES];
    let put = |key: Option<&KeyUse>| {
        bench.host.put_block("us-east-1", "snap-00000000000000001", 4, &block, digest, key)
    };
    let one = use_of(1);
    let (hash, concealed) = put(Some(&one)).unwrap();
    assert_ne!(concealed, digest);
    assert_eq!(bench.host.reveal_digests(vec![(4, concealed)], Some(&use_of(1))).unwrap(), [digest]);
    assert_eq!(put(None).unwrap().1, digest, "an unencrypted snapshot has nothing to conceal");
    let blocks = Blocks(Arc::new(move |from, _| Ok(if from <= 4 { vec![(4, hash)] } else { vec![] })));
    let work = Work::Assemble { spec: spec("snap-00000000000000001", Some(1)), parent: None, blocks };
    let at = bench.done(work).unwrap().at.unwrap();
    assert_eq!(bench.host.get_block(&at, 4, Some(&use_of(1))).unwrap().unwrap().bytes, block);
    assert!(bench.host.get_block(&at, 5, Some(&use_of(1))).unwrap().is_none());
    assert_eq!(bench.host.changed(None, &at, 0, 10).unwrap().len(), 1);
    bench.done(Work::Collect { deleted: at, live: vec![] }).unwrap();
    assert!(bench.host.put_block("us-east-1", "snap-1", 0, &[0; 5], digest, None).is_err(), "not a block");
}

#[test]
fn a_volume_that_is_gone_needs_no_thawing_merging_or_loading() {
    let bench = Bench::new();
    bench.host.thaw(ONE, "snap-00000000000000001", true).unwrap();
    bench.done(Work::Merge { volume: ONE.into() }).unwrap();
    bench.done(Work::Load { volume: ONE.into() }).unwrap();
    assert!(bench.host.freeze(&[(ONE.into(), "snap-00000000000000001".into())]).is_err());
    assert!(bench.host.grow(ONE, 2 * GIB).is_err());
}
