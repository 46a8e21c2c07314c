//! What storing a snapshot is told, and what it answers.

use crate::SnapshotRef;
use std::sync::atomic::AtomicBool;

/// How the data key of an encrypted lineage is wrapped for one snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    pub kms_key_arn: String,
    /// KMS ciphertext blob of the data key, up to 6,144 bytes.
    pub wrapped_key: Vec<u8>,
    /// Value of `aws:ebs:id` in the encryption context that the wrapped key is bound to.
    pub context_id: String,
}

/// What a snapshot is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSpec {
    pub region: String,
    /// `snap-…`
    pub snapshot: String,
    /// Size of the volume, up to 64 TiB.
    pub size_bytes: u64,
    /// Equal for all that share one data key (or, unencrypted, for what descends from one volume).
    pub lineage: String,
    pub encryption: Option<Encryption>,
}

/// What a stored snapshot is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub region: String,
    pub snapshot: String,
    pub size_bytes: u64,
    pub lineage: String,
    pub encryption: Option<Encryption>,
    /// Chunks that it holds; all others read as zeros.
    pub chunks: u64,
}

/// How long work is watched and stopped.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Told how much is done, of how much; from several threads, so that a smaller number may follow a larger one.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Once true, the work ends soon with [`crate::SnapshotError::Stopped`].
    pub stop: &'a AtomicBool,
    /// Threads that read, encrypt and send at once; each needs about 1 MiB.
    pub threads: usize,
}

impl Control<'static> {
    /// Nobody watches, nobody stops.
    pub fn silent(threads: usize) -> Control<'static> {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Control { progress: &|_, _| {}, stop: &NEVER, threads }
    }
}

/// A snapshot that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub at: SnapshotRef,
    /// Chunks that the snapshot holds, its own and those of earlier ones.
    pub chunks: u64,
    /// Chunks of these that it wrote itself.
    pub written_chunks: u64,
    /// Bytes of the objects of `written_chunks`. After `assemble`, which does not see them, those of full chunks.
    pub written_bytes: u64,
    /// Bytes sent to the store by this run: less than written when an earlier run had sent some.
    pub sent_bytes: u64,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub chunks: u64,
    pub pages: u64,
    pub manifests: u64,
    /// Pages left as they are, with their chunks, because a page was damaged and it cannot be known what is still needed.
    pub unknown_pages: u64,
}
