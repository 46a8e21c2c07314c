//! The storage side of the played host: it remembers what is frozen and stored, asks KMS for keys as the real one does, and meets
//! the same troubles as the rest of the host. Work ends after as many looks as the test says.

use super::host::FakeHost;
use api::{Door, Failure, Request};
use base::{Fault, Refusal};
use host::storage::{Block, Changed, Ended, StoreSpec};
use host::{HostError, KeyUse, Progress, Storage, Work};
use snapshot::{ChunkHash, SnapshotRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;
use volume::VolumeSpec;
use wire::Blob;
use wire::generated::kms::DecryptInput;

/// Chunks that every volume of the played host holds, and how many of them change between two snapshots.
const CHUNKS: u64 = 4;
const CHANGED: u64 = 1;
const CHUNK_BYTES: u64 = snapshot::CHUNK_BYTES as u64;

/// What the storage holds.
#[derive(Default)]
pub struct Kept {
    /// Frozen and not thawed: (volume, snapshot).
    pub frozen: BTreeSet<(String, String)>,
    /// The sets that were frozen at one instant, in the order in which they were.
    pub instants: Vec<Vec<(String, String)>>,
    /// Thawed so far: (volume, snapshot, stored).
    pub thawed: Vec<(String, String, bool)>,
    /// Stored snapshots by `region/snap-…`: how, and over which.
    pub stored: BTreeMap<String, (StoreSpec, Option<SnapshotRef>)>,
    /// Snapshots that wrote objects, completed or not, as `region/snap-…`.
    pub written: BTreeSet<String>,
    /// Snapshots whose objects were removed, or that a test has damaged.
    pub gone: BTreeSet<String>,
    /// Looks at work until it ends; 0: it has ended at the first look.
    pub looks: u32,
    /// Work that goes on: how often it was looked at.
    pub running: BTreeMap<String, u32>,
    /// Work that ended and was not forgotten.
    pub ended: BTreeMap<String, Ended>,
    /// Work that does not end, by the start of its name.
    pub held: BTreeSet<String>,
    /// Work whose end is refused so, by the start of its name.
    pub refusals: BTreeMap<String, Refusal>,
}

/// The reference of a snapshot as the played host stores it.
pub fn reference(region: &str, id: &str) -> SnapshotRef {
    let hash: String = id.bytes().cycle().take(32).map(|b| format!("{b:02x}")).collect();
    SnapshotRef { region: region.to_owned(), snapshot: id.to_owned(), hash }
}

fn place(at: &SnapshotRef) -> String {
    format!("{}/{}", at.region, at.snapshot)
}

fn missing(at: &SnapshotRef) -> HostError {
    let what = format!("the manifest of {} is missing", at.snapshot);
    HostError::Refused(Refusal::new("IncorrectState", what.clone()).because(what))
}

impl FakeHost {
    /// Work takes so many looks from now on.
    pub fn work_takes(&self, looks: u32) {
        self.kept.lock().unwrap().looks = looks;
    }

    /// Work whose name starts so is refused from now on, until `heal`.
    pub fn refuse_work(&self, name: &str, refusal: Refusal) {
        self.kept.lock().unwrap().refusals.insert(name.to_owned(), refusal);
    }

    /// Work whose name starts so does not end from now on, until `heal`.
    pub fn hold_work(&self, name: &str) {
        self.kept.lock().unwrap().held.insert(name.to_owned());
    }

    pub fn heal(&self) {
        let mut kept = self.kept.lock().unwrap();
        kept.refusals.clear();
        kept.held.clear();
    }

    /// Asks KMS through the door for the data key, as the real host does for storage work.
    pub(super) fn use_key(&self, wanted: &KeyUse) -> Result<(), HostError> {
        let door = self.door.get().and_then(Weak::<Door>::upgrade).unwrap();
        let request = Request {
            id: wanted.request_id.clone(),
            region: wanted.region.clone(),
            received: door.env.clock.now(),
            host: String::new(),
        };
        let context = BTreeMap::from([("aws:ebs:id".to_owned(), wanted.context_id.clone())]);
        let output = door.call::<kms::actions::Decrypt>(&wanted.caller, &request, || DecryptInput {
            ciphertext_blob: Some(Blob(wanted.wrapped_key.clone())),
            key_id: wanted.key_arn.clone(),
            encryption_context: Some(context.clone()),
            encryption_algorithm: Some("SYMMETRIC_DEFAULT".into()),
            grant_tokens: wanted.grant_token.clone().map(|t| vec![t]),
            ..Default::default()
        });
        match output {
            Ok(output) => {
                assert_eq!(output.plaintext.unwrap().expose().len(), 64, "an AES-256-XTS key");
                Ok(())
            }
            Err(Failure::Refused(refusal)) => Err(HostError::Refused(refusal)),
            Err(other) => panic!("{other:?}"),
        }
    }

    /// The keys of work are asked for when it starts.
    fn start(&self, work: &Work) -> Result<(), HostError> {
        let keys: Vec<&KeyUse> = match work {
            Work::Fill { source_key, key, .. } => source_key.iter().chain(key).collect(),
            Work::Copy { keys: Some((source, copy)), .. } => source.iter().chain([copy]).collect(),
            _ => vec![],
        };
        keys.into_iter().try_for_each(|key| self.use_key(key))
    }

    fn needs(&self, at: &SnapshotRef) -> Result<(), HostError> {
        let gone = self.kept.lock().unwrap().gone.contains(&place(at));
        if gone { Err(missing(at)) } else { Ok(()) }
    }

    fn remove(&self, place: &str) {
        let mut kept = self.kept.lock().unwrap();
        kept.stored.remove(place);
        kept.written.remove(place);
        kept.gone.insert(place.to_owned());
    }

    /// May be repeated; a snapshot that is there with other content is refused.
    fn stored(&self, spec: &StoreSpec, base: Option<&SnapshotRef>) -> Result<Ended, HostError> {
        let at = reference(&spec.region, &spec.snapshot);
        let mut kept = self.kept.lock().unwrap();
        // A base that the volume does not know any more, or of another data key: stored in full.
        let base =
            base.filter(|b| kept.stored.get(&place(b)).is_some_and(|(s, _)| s.lineage == spec.lineage));
        let written = if base.is_some() { CHANGED } else { CHUNKS };
        let incremental = base.is_some();
        let now = (spec.clone(), base.cloned());
        if kept.stored.get(&place(&at)).is_some_and(|there| *there != now) {
            let what = format!("{} is there already, with other content", place(&at));
            return Err(HostError::Refused(Refusal::new("IncorrectState", what.clone()).because(what)));
        }
        kept.gone.remove(&place(&at));
        kept.stored.insert(place(&at), now);
        Ok(Ended {
            at: Some(at),
            chunks: CHUNKS,
            written_chunks: written,
            written_bytes: written * CHUNK_BYTES,
            incremental,
            size_bytes: 0,
        })
    }

    /// The end of work.
    fn end(&self, work: &Work) -> Result<Ended, HostError> {
        match work {
            Work::StoreSnapshot { volume, spec, base } => {
                let instant = (volume.clone(), spec.snapshot.clone());
                assert!(self.kept.lock().unwrap().frozen.contains(&instant), "stored without being frozen");
                assert!(self.stores.lock().unwrap().contains_key(volume), "the volume is gone");
                self.stored(spec, base.as_ref())
            }
            Work::Copy { source, spec, base, .. } => {
                self.needs(source)?;
                self.stored(spec, base.as_ref())
            }
            Work::Assemble { spec, parent, .. } => self.stored(spec, parent.as_ref()),
            Work::Merge { volume } => {
                assert!(self.stores.lock().unwrap().contains_key(volume), "the volume is gone");
                Ok(Ended::default())
            }
            Work::Load { volume } => {
                let source = self.stores.lock().unwrap().get(volume).and_then(|s| s.source.clone());
                source.map_or(Ok(()), |at| self.needs(&at))?;
                Ok(Ended::default())
            }
            Work::Fill { source, .. } | Work::Preload { snapshot: source } => {
                self.needs(source)?;
                Ok(Ended::default())
            }
            Work::Collect { deleted, live } => {
                assert!(!live.contains(deleted), "collected although it is live");
                self.remove(&place(deleted));
                Ok(Ended::default())
            }
            Work::Discard { region, snapshot } => {
                self.remove(&format!("{region}/{snapshot}"));
                Ok(Ended::default())
            }
        }
    }

    fn writes(work: &Work) -> Option<String> {
        match work {
            Work::StoreSnapshot { spec, .. } | Work::Copy { spec, .. } | Work::Assemble { spec, .. } => {
                Some(format!("{}/{}", spec.region, spec.snapshot))
            }
            _ => None,
        }
    }

    fn look(&self, name: &str, work: &Work) -> Result<Progress, HostError> {
        let (looked, looks) = {
            let mut kept = self.kept.lock().unwrap();
            if let Some(ended) = kept.ended.get(name) {
                return Ok(Progress { done: CHUNKS, total: CHUNKS, ended: Some(ended.clone()) });
            }
            let refusal =
                kept.refusals.iter().find(|(start, _)| name.starts_with(*start)).map(|r| r.1.clone());
            if let Some(refusal) = refusal {
                kept.running.remove(name);
                return Err(HostError::Refused(refusal));
            }
            let is_held = kept.held.iter().any(|start| name.starts_with(start));
            let looks = if is_held { u32::MAX } else { kept.looks };
            let seen = kept.running.entry(name.to_owned()).or_insert(0);
            *seen += 1;
            (*seen - 1, looks)
        };
        let go_on = || -> Result<Option<Ended>, HostError> {
            if looked == 0 {
                self.start(work)?;
                self.kept.lock().unwrap().written.extend(Self::writes(work));
            }
            if looked < looks { Ok(None) } else { self.end(work).map(Some) }
        };
        let ended = go_on().inspect_err(|_| {
            self.kept.lock().unwrap().running.remove(name);
        })?;
        if let Some(ended) = &ended {
            let mut kept = self.kept.lock().unwrap();
            kept.running.remove(name);
            kept.ended.insert(name.to_owned(), ended.clone());
        }
        Ok(Progress { done: u64::from(looked), total: u64::from(looks), ended })
    }
}

/// What the list of calls says of work: its first word is the kind.
fn title(name: &str, work: &Work) -> String {
    let kind = match work {
        Work::StoreSnapshot { base: Some(base), .. } => format!("store over {}", base.snapshot),
        Work::StoreSnapshot { base: None, .. } => "store".into(),
        Work::Merge { .. } => "merge".into(),
        Work::Load { .. } => "load".into(),
        Work::Fill { .. } => "fill".into(),
        Work::Copy { .. } => "copy".into(),
        Work::Assemble { .. } => "assemble".into(),
        Work::Collect { live, .. } => format!("collect beside {}", live.len()),
        Work::Discard { .. } => "discard".into(),
        Work::Preload { .. } => "preload".into(),
    };
    format!("{kind} {name}")
}

impl Storage for FakeHost {
    fn create(&self, spec: &VolumeSpec) -> Result<(), HostError> {
        host::Hosts::create_volume(self, spec)
    }

    fn freeze(&self, set: &[(String, String)]) -> Result<(), HostError> {
        let names: Vec<&str> = set.iter().map(|(volume, _)| volume.as_str()).collect();
        self.meet(format!("freeze {}", names.join(" ")), || {
            let stores = self.stores.lock().unwrap();
            if let Some((volume, _)) = set.iter().find(|(volume, _)| !stores.contains_key(volume)) {
                return Err(HostError::Fault(Fault::new(format!("there is no {volume}"))));
            }
            let mut kept = self.kept.lock().unwrap();
            kept.frozen.extend(set.iter().cloned());
            kept.instants.push(set.to_vec());
            Ok(())
        })
    }

    fn thaw(&self, volume: &str, snapshot: &str, stored: bool) -> Result<(), HostError> {
        self.meet(format!("thaw {volume}"), || {
            let mut kept = self.kept.lock().unwrap();
            if kept.frozen.remove(&(volume.to_owned(), snapshot.to_owned())) {
                kept.thawed.push((volume.to_owned(), snapshot.to_owned(), stored));
            }
            Ok(())
        })
    }

    /// Listed among the calls when it starts; every look may meet trouble.
    fn work(&self, name: &str, work: &Work) -> Result<Progress, HostError> {
        let known = {
            let kept = self.kept.lock().unwrap();
            kept.running.contains_key(name) || kept.ended.contains_key(name)
        };
        if known {
            return self.meet_quietly(|| self.look(name, work));
        }
        self.meet(title(name, work), || self.look(name, work))
    }

    fn forget(&self, name: &str) {
        let mut kept = self.kept.lock().unwrap();
        kept.running.remove(name);
        kept.ended.remove(name);
    }

    fn grow(&self, volume: &str, bytes: u64) -> Result<(), HostError> {
        self.meet(format!("grow {volume}"), || {
            let mut stores = self.stores.lock().unwrap();
            let store = stores.get_mut(volume).unwrap();
            assert!(store.size_bytes <= bytes, "a volume never gets smaller");
            store.size_bytes = bytes;
            Ok(())
        })
    }

    fn put_block(
        &self,
        _region: &str,
        _snapshot: &str,
        _index: u32,
        _bytes: &[u8],
        _digest: [u8; 32],
        _key: Option<&KeyUse>,
    ) -> Result<(ChunkHash, [u8; 32]), HostError> {
        panic!("EC2 moves no blocks")
    }

    fn reveal_digests(
        &self,
        _digests: Vec<(u32, [u8; 32])>,
        _key: Option<&KeyUse>,
    ) -> Result<Vec<[u8; 32]>, HostError> {
        panic!("EC2 moves no blocks")
    }

    fn get_block(
        &self,
        _at: &SnapshotRef,
        _index: u32,
        _key: Option<&KeyUse>,
    ) -> Result<Option<Block>, HostError> {
        panic!("EC2 moves no blocks")
    }

    fn changed(
        &self,
        _first: Option<&SnapshotRef>,
        _second: &SnapshotRef,
        _from: u32,
        _max: usize,
    ) -> Result<Vec<Changed>, HostError> {
        panic!("EC2 moves no blocks")
    }

    fn may_use(&self, key: &KeyUse) -> Result<(), HostError> {
        self.meet("may use".into(), || self.use_key(key))
    }
}
