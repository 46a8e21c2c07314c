//! What a host does with bytes at rest, as jobs and the EBS direct API see it: freezing volumes, storing snapshots, restoring,
//! loading, copying, collecting, single blocks. A boundary like [`crate::Hosts`]: a host may be another machine.
//!
//! Long work is started and then asked for: `work` starts it under a name (or finds it running) and tells how far it is, so a job's
//! step never waits. A host that was restarted has forgotten its work; asking again starts it again, and every kind of work is safe
//! to repeat.

use crate::HostError;
use api::Caller;
use base::Region;
use snapshot::SnapshotRef;
use volume::VolumeSpec;

pub use snapshot::{Changed, StoreSpec};

/// A data key that the host may ask KMS to decrypt, and in whose name it asks.
#[derive(Clone, Debug)]
pub struct KeyUse {
    pub caller: Caller,
    pub region: Region,
    /// The request that asked; the Decrypt is recorded under it.
    pub request_id: String,
    /// Named in the request if given.
    pub key_arn: Option<String>,
    pub wrapped_key: Vec<u8>,
    /// The value of `aws:ebs:id` in the encryption context.
    pub context_id: String,
    /// Makes a grant usable at once.
    pub grant_token: Option<String>,
}

/// Long work. Each kind is safe to repeat.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // one per work, for a moment
pub enum Work {
    /// Stores a frozen snapshot of a volume: incremental over `base` if the volume still knows what changed since then,
    /// else everything that the volume holds.
    StoreSnapshot { volume: String, spec: StoreSpec, base: Option<SnapshotRef> },
    /// Puts the volume's layers together again; nothing to do is fine.
    Merge { volume: String },
    /// Reads everything from the snapshot that the volume was restored from.
    Load { volume: String },
    /// Fills a new volume from a snapshot of another data key (or of none). `key` is the volume's.
    Fill { volume: String, source: SnapshotRef, source_key: Option<KeyUse>, key: Option<KeyUse> },
    /// Copies a snapshot. `keys`: (source's, copy's) when it is re-encrypted; `None` moves the bytes as they are. With `base` (an
    /// earlier copy) and `since` (what that was copied from) only what changed is copied.
    Copy {
        source: SnapshotRef,
        spec: StoreSpec,
        keys: Option<(Option<KeyUse>, KeyUse)>,
        base: Option<SnapshotRef>,
        since: Option<SnapshotRef>,
    },
    /// Makes the manifest of a snapshot written block by block, over its parent.
    Assemble { spec: StoreSpec, parent: Option<SnapshotRef>, blocks: Blocks },
    /// Removes the objects that only this snapshot needs.
    Collect { deleted: SnapshotRef, live: Vec<SnapshotRef> },
    /// Removes what a snapshot wrote that was never completed.
    Discard { region: String, snapshot: String },
    /// Reads and verifies every chunk, so that a restore finds them near.
    Preload { snapshot: SnapshotRef },
}

/// Where the list of written blocks comes from, ascending by index: a function of (from, at most).
#[derive(Clone)]
pub struct Blocks(pub std::sync::Arc<BlocksFn>);

/// Pages of (index, hash of the stored chunk).
pub type BlocksFn = dyn Fn(u32, usize) -> Result<Vec<(u32, snapshot::ChunkHash)>, base::Fault> + Send + Sync;

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocks")
    }
}

/// How far work is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Units of work (chunks) done and to do; both 0 while not known.
    pub done: u64,
    pub total: u64,
    /// Set when it has ended well. Work that ended badly is an error of `work`, once; asked again it starts again.
    pub ended: Option<Ended>,
}

impl Progress {
    /// 0 to 99 while it goes on, 100 at the end.
    pub fn percent(&self) -> u8 {
        match (&self.ended, self.total) {
            (Some(_), _) => 100,
            (None, 0) => 0,
            (None, total) => u8::try_from(self.done.saturating_mul(100) / total).unwrap_or(99).min(99),
        }
    }
}

/// What work has brought.
#[derive(Clone, Debug, Default)]
pub struct Ended {
    /// The snapshot that was stored, for work that stores one.
    pub at: Option<SnapshotRef>,
    /// Chunks that the snapshot holds.
    pub chunks: u64,
    /// Chunks, and their bytes, that were stored for it.
    pub written_chunks: u64,
    pub written_bytes: u64,
    /// The snapshot was stored over its base.
    pub incremental: bool,
    /// Size of the volume at the instant of a snapshot; 0 for work that stores none of a volume.
    pub size_bytes: u64,
}

/// A block as the EBS direct API gives it.
pub struct Block {
    /// 524,288 bytes of plaintext.
    pub bytes: Vec<u8>,
}

/// Bytes at rest, as jobs and data actions see them.
pub trait Storage: Send + Sync + 'static {
    /// Makes the volume's store from a snapshot (or empty), durably.
    fn create(&self, spec: &VolumeSpec) -> Result<(), HostError>;
    /// One instant for all: (volume, snapshot). Durable on return; safe to repeat.
    fn freeze(&self, set: &[(String, String)]) -> Result<(), HostError>;
    /// The volume need not keep this snapshot's instant any more; `stored` if it was stored. Fine if it does not or is gone.
    fn thaw(&self, volume: &str, snapshot: &str, stored: bool) -> Result<(), HostError>;
    /// Starts work under a name, or tells how it goes.
    fn work(&self, name: &str, work: &Work) -> Result<Progress, HostError>;
    /// Forgets ended work and stops running work of this name.
    fn forget(&self, name: &str);
    /// Makes the volume larger, also while it is attached. Durable.
    fn grow(&self, volume: &str, bytes: u64) -> Result<(), HostError>;
    /// Encrypts and stores one block of a snapshot being written; durable on return. Gives the chunk's hash and, if there is a key,
    /// the digest concealed under it.
    fn put_block(
        &self,
        region: &str,
        snapshot: &str,
        index: u32,
        bytes: &[u8],
        digest: [u8; 32],
        key: Option<&KeyUse>,
    ) -> Result<(snapshot::ChunkHash, [u8; 32]), HostError>;
    /// The digests that `put_block` concealed, in the clear, in the same order.
    fn reveal_digests(
        &self,
        digests: Vec<(u32, [u8; 32])>,
        key: Option<&KeyUse>,
    ) -> Result<Vec<[u8; 32]>, HostError>;
    /// One block of a stored snapshot, decrypted. `None` if the snapshot does not hold it.
    fn get_block(
        &self,
        at: &SnapshotRef,
        index: u32,
        key: Option<&KeyUse>,
    ) -> Result<Option<Block>, HostError>;
    /// Blocks that differ between two snapshots (or that the second holds), ascending from `from`, at most `max`.
    fn changed(
        &self,
        first: Option<&SnapshotRef>,
        second: &SnapshotRef,
        from: u32,
        max: usize,
    ) -> Result<Vec<Changed>, HostError>;
    /// Asks KMS whether this use is allowed, without keeping the key.
    fn may_use(&self, key: &KeyUse) -> Result<(), HostError>;
}

/// How services reach it.
pub struct StorageHandle(pub std::sync::Arc<dyn Storage>);
