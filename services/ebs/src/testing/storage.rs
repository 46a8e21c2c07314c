//! A storage in memory. It "encrypts" by the data key's first byte, asks KMS for that key as the real host does, and fails when told
//! to. What it compares and how follows the real one.

use api::{Caller, Door, Failure, Request};
use base::Fault;
use ec2::rows::Encryption;
use host::{Block, Changed, Ended, HostError, KeyUse, Progress, Storage, Work};
use snapshot::{ChunkHash, SnapshotRef};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use volume::VolumeSpec;
use wire::Blob;
use wire::generated::kms::DecryptInput;

type Chunks = BTreeMap<u32, (ChunkHash, Vec<u8>)>;

#[derive(Clone)]
pub struct Manifest {
    pub lineage: String,
    pub encrypted: bool,
    pub chunks: Chunks,
}

#[derive(Default)]
pub struct FakeStorage {
    door: OnceLock<Weak<Door>>,
    /// (snapshot, index, hash) of every chunk that was put.
    pub objects: Mutex<BTreeMap<(String, u32, ChunkHash), Vec<u8>>>,
    pub manifests: Mutex<BTreeMap<String, Manifest>>,
    /// Looks at work until it ends.
    pub looks: Mutex<u32>,
    asked: Mutex<BTreeMap<String, u32>>,
    /// Names of work that was forgotten.
    pub forgotten: Mutex<BTreeSet<String>>,
    /// The next calls fail with these.
    pub trouble: Mutex<Vec<HostError>>,
    /// What the next put meets after its bytes are stored.
    #[allow(clippy::type_complexity)]
    pub after_put: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl FakeStorage {
    pub fn connect(&self, door: &Arc<Door>) {
        self.door.set(Arc::downgrade(door)).unwrap();
    }

    fn meet(&self) -> Result<(), HostError> {
        self.trouble.lock().unwrap().pop().map_or(Ok(()), Err)
    }

    /// The first 32 bytes of the data key, as KMS gives it to the caller.
    fn key(&self, wanted: &KeyUse) -> Result<[u8; 32], HostError> {
        let door = self.door.get().and_then(Weak::upgrade).unwrap();
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
            ..Default::default()
        });
        match output {
            Ok(output) => Ok(output.plaintext.unwrap().expose()[..32].try_into().unwrap()),
            Err(Failure::Refused(refusal)) => Err(HostError::Refused(refusal)),
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn key_of(&self, _door: &Door, caller: &Caller, encryption: &Encryption) -> [u8; 32] {
        let wanted = KeyUse {
            caller: caller.forwarded_by_ebs(&base::Region::parse("us-east-1").unwrap()),
            region: base::Region::parse("us-east-1").unwrap(),
            request_id: "test".into(),
            key_arn: None,
            wrapped_key: encryption.wrapped_key.clone().unwrap(),
            context_id: encryption.context_id.clone(),
            grant_token: None,
        };
        self.key(&wanted).unwrap()
    }

    /// Stores a snapshot at once.
    pub fn store(&self, id: &str, lineage: &str, key: Option<[u8; 32]>, blocks: &[(u32, u8)]) -> SnapshotRef {
        let chunk = |seed: u8| {
            let bytes = turned(&super::block(seed), key);
            (ChunkHash::of(&bytes), bytes)
        };
        let chunks = blocks.iter().map(|(index, seed)| (*index, chunk(*seed))).collect();
        let manifest = Manifest { lineage: lineage.to_owned(), encrypted: key.is_some(), chunks };
        self.manifests.lock().unwrap().insert(id.to_owned(), manifest);
        reference(id)
    }

    fn manifest(&self, at: &SnapshotRef) -> Manifest {
        assert_eq!(*at, reference(&at.snapshot));
        self.manifests.lock().unwrap().get(&at.snapshot).cloned().unwrap_or_else(|| panic!("no {at:?}"))
    }

    fn assemble(&self, work: &Work) -> Ended {
        let Work::Assemble { spec, parent, blocks } = work else { panic!("{work:?}") };
        let mut chunks = parent.as_ref().map(|at| self.manifest(at).chunks).unwrap_or_default();
        let (mut from, mut written) = (0, 0);
        loop {
            let page = (blocks.0)(from, 2).unwrap();
            let Some((last, _)) = page.last() else { break };
            from = last + 1;
            for (index, hash) in page {
                let objects = self.objects.lock().unwrap();
                let bytes = objects.get(&(spec.snapshot.clone(), index, hash)).unwrap().clone();
                chunks.insert(index, (hash, bytes));
                written += 1;
            }
        }
        let held = chunks.len() as u64;
        let manifest =
            Manifest { lineage: spec.lineage.clone(), encrypted: spec.encryption.is_some(), chunks };
        self.manifests.lock().unwrap().insert(spec.snapshot.clone(), manifest);
        Ended {
            at: Some(reference(&spec.snapshot)),
            chunks: held,
            written_chunks: written,
            written_bytes: written * super::bench::BLOCK as u64,
            incremental: parent.is_some(),
            size_bytes: 0,
        }
    }
}

fn reference(id: &str) -> SnapshotRef {
    let hash = ChunkHash::of(id.as_bytes()).to_string();
    SnapshotRef { region: "us-east-1".into(), snapshot: id.to_owned(), hash }
}

fn turned(bytes: &[u8], key: Option<[u8; 32]>) -> Vec<u8> {
    match key {
        None => bytes.to_vec(),
        Some(key) => bytes.iter().map(|byte| byte ^ (key[0] | 1)).collect(),
    }
}

fn concealed(mut digest: [u8; 32], key: Option<[u8; 32]>) -> [u8; 32] {
    digest.iter_mut().zip(key.unwrap_or_default()).for_each(|(d, k)| *d ^= k);
    digest
}

impl Storage for FakeStorage {
    fn create(&self, _: &VolumeSpec) -> Result<(), HostError> {
        panic!("not for EBS")
    }
    fn freeze(&self, _: &[(String, String)]) -> Result<(), HostError> {
        panic!("not for EBS")
    }
    fn thaw(&self, _: &str, _: &str, _: bool) -> Result<(), HostError> {
        panic!("not for EBS")
    }
    fn grow(&self, _: &str, _: u64) -> Result<(), HostError> {
        panic!("not for EBS")
    }

    fn work(&self, name: &str, work: &Work) -> Result<Progress, HostError> {
        self.meet()?;
        let looks = *self.looks.lock().unwrap();
        let mut asked = self.asked.lock().unwrap();
        let count = asked.entry(name.to_owned()).or_default();
        if *count < looks {
            *count += 1;
            return Ok(Progress { done: u64::from(*count), total: u64::from(looks) + 1, ended: None });
        }
        let ended = match work {
            Work::Assemble { .. } => self.assemble(work),
            Work::Discard { snapshot, .. } => {
                self.objects.lock().unwrap().retain(|(id, _, _), _| id != snapshot);
                Ended::default()
            }
            other => panic!("{other:?}"),
        };
        Ok(Progress { done: 1, total: 1, ended: Some(ended) })
    }

    fn forget(&self, name: &str) {
        self.asked.lock().unwrap().remove(name);
        self.forgotten.lock().unwrap().insert(name.to_owned());
    }

    fn put_block(
        &self,
        region: &str,
        snapshot: &str,
        index: u32,
        bytes: &[u8],
        digest: [u8; 32],
        key: Option<&KeyUse>,
    ) -> Result<(ChunkHash, [u8; 32]), HostError> {
        assert_eq!(region, "us-east-1");
        self.meet()?;
        let key = key.map(|wanted| self.key(wanted)).transpose()?;
        let stored = turned(bytes, key);
        let hash = ChunkHash::of(&stored);
        self.objects.lock().unwrap().insert((snapshot.to_owned(), index, hash), stored);
        if let Some(then) = self.after_put.lock().unwrap().take() {
            then();
        }
        Ok((hash, concealed(digest, key)))
    }

    fn reveal_digests(
        &self,
        digests: Vec<(u32, [u8; 32])>,
        key: Option<&KeyUse>,
    ) -> Result<Vec<[u8; 32]>, HostError> {
        self.meet()?;
        let key = key.map(|wanted| self.key(wanted)).transpose()?;
        Ok(digests.into_iter().map(|(_, digest)| concealed(digest, key)).collect())
    }

    fn get_block(
        &self,
        at: &SnapshotRef,
        index: u32,
        key: Option<&KeyUse>,
    ) -> Result<Option<Block>, HostError> {
        self.meet()?;
        let key = key.map(|wanted| self.key(wanted)).transpose()?;
        let manifest = self.manifest(at);
        assert_eq!(manifest.encrypted, key.is_some());
        Ok(manifest.chunks.get(&index).map(|(_, bytes)| Block { bytes: turned(bytes, key) }))
    }

    fn changed(
        &self,
        first: Option<&SnapshotRef>,
        second: &SnapshotRef,
        from: u32,
        max: usize,
    ) -> Result<Vec<Changed>, HostError> {
        self.meet()?;
        let second = self.manifest(second);
        let first = first.map(|at| self.manifest(at));
        let comparable =
            first.as_ref().is_some_and(|f| f.lineage == second.lineage || !(f.encrypted || second.encrypted));
        let of_first = first.map(|f| f.chunks).unwrap_or_default();
        let all: BTreeSet<u32> = of_first.keys().chain(second.chunks.keys()).copied().collect();
        let hash = |chunks: &Chunks, index| chunks.get(&index).map(|chunk| chunk.0);
        let differs = |index: &u32| {
            let (one, two) = (hash(&of_first, *index), hash(&second.chunks, *index));
            !(comparable && one == two)
        };
        let told = |index| Changed {
            index,
            first: of_first.contains_key(&index),
            second: second.chunks.contains_key(&index),
        };
        Ok(all.into_iter().filter(|i| *i >= from).filter(differs).map(told).take(max).collect())
    }

    fn may_use(&self, key: &KeyUse) -> Result<(), HostError> {
        self.meet()?;
        self.key(key).map(drop)
    }
}

/// A fault of the storage.
pub fn fault() -> HostError {
    HostError::Fault(Fault::new("the disk is full"))
}
