//! The storage side of the played host: everything works at once, unless the test says that snapshots cannot be stored, or that
//! nothing ends.

use base::Refusal;
use host::storage::{Block, Changed, Ended};
use host::{HostError, KeyUse, Progress, Storage, Work};
use snapshot::{ChunkHash, SnapshotRef};
use std::sync::Mutex;
use volume::VolumeSpec;

/// How storing a snapshot ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Storing {
    #[default]
    Works,
    /// It goes on for ever.
    GoesOn,
    Refused(String),
}

#[derive(Default)]
pub struct PlayedStorage {
    pub storing: Mutex<Storing>,
}

impl Storage for PlayedStorage {
    fn create(&self, _: &VolumeSpec) -> Result<(), HostError> {
        Ok(())
    }

    fn freeze(&self, _: &[(String, String)]) -> Result<(), HostError> {
        Ok(())
    }

    fn thaw(&self, _: &str, _: &str, _: bool) -> Result<(), HostError> {
        Ok(())
    }

    fn work(&self, _: &str, work: &Work) -> Result<Progress, HostError> {
        let ended = |ended| Ok(Progress { done: 4, total: 4, ended });
        let Work::StoreSnapshot { spec, base, .. } = work else { return ended(Some(Ended::default())) };
        match &*self.storing.lock().unwrap() {
            Storing::Works => {}
            Storing::GoesOn => return Ok(Progress { done: 1, total: 4, ended: None }),
            Storing::Refused(why) => {
                return Err(HostError::Refused(Refusal::new("IncorrectState", why.clone())));
            }
        }
        let at = SnapshotRef {
            region: spec.region.clone(),
            snapshot: spec.snapshot.clone(),
            hash: "0".repeat(64),
        };
        let written = if base.is_some() { 1 } else { 4 };
        ended(Some(Ended {
            at: Some(at),
            chunks: 4,
            written_chunks: written,
            written_bytes: written << 19,
            incremental: base.is_some(),
            size_bytes: 0,
        }))
    }

    fn forget(&self, _: &str) {}

    fn grow(&self, _: &str, _: u64) -> Result<(), HostError> {
        Ok(())
    }

    fn put_block(
        &self,
        _: &str,
        _: &str,
        _: u32,
        _: &[u8],
        _: [u8; 32],
        _: Option<&KeyUse>,
    ) -> Result<(ChunkHash, [u8; 32]), HostError> {
        panic!("no blocks are moved here")
    }

    fn reveal_digests(
        &self,
        _: Vec<(u32, [u8; 32])>,
        _: Option<&KeyUse>,
    ) -> Result<Vec<[u8; 32]>, HostError> {
        panic!("no blocks are moved here")
    }

    fn get_block(&self, _: &SnapshotRef, _: u32, _: Option<&KeyUse>) -> Result<Option<Block>, HostError> {
        panic!("no blocks are moved here")
    }

    fn changed(
        &self,
        _: Option<&SnapshotRef>,
        _: &SnapshotRef,
        _: u32,
        _: usize,
    ) -> Result<Vec<Changed>, HostError> {
        panic!("no blocks are moved here")
    }

    fn may_use(&self, _: &KeyUse) -> Result<(), HostError> {
        Ok(())
    }
}
