//! [`Snapshots`]: the snapshots of a chunk store. Opening one, and the chunks of one that is written block by block.

use crate::buffer::Buffers;
use crate::fetch::{MISSING, fetch, fetch_part};
use crate::manifest::Manifest;
use crate::name::{self, Kind};
use crate::{Chunk, ChunkHash, Reader, SnapshotError, SnapshotRef};
use chunks::ChunkStore;
use std::sync::Arc;

/// The snapshots of a chunk store. Cheap to clone.
#[derive(Clone)]
pub struct Snapshots {
    pub(crate) store: Arc<dyn ChunkStore>,
    /// For all who read chunks.
    pub(crate) buffers: Arc<Buffers>,
}

impl Snapshots {
    pub fn new(store: Arc<dyn ChunkStore>) -> Snapshots {
        Snapshots { store, buffers: Arc::default() }
    }

    /// How many threads at a time gain anything.
    pub fn at_once(&self) -> usize {
        self.store.at_once()
    }

    /// Opens a snapshot. [`SnapshotError::Damaged`] if its manifest is missing, does not hash to what `at` says, or is another
    /// snapshot's.
    pub fn open(&self, at: &SnapshotRef) -> Result<Arc<Reader>, SnapshotError> {
        let opened = self.open_if_there(at)?;
        opened
            .ok_or_else(|| SnapshotError::damaged(format!("{}/{}/manifest", at.region, at.snapshot), MISSING))
    }

    /// The same; `None` if there is no manifest.
    pub(crate) fn open_if_there(&self, at: &SnapshotRef) -> Result<Option<Arc<Reader>>, SnapshotError> {
        match self.open_unverified(&at.region, &at.snapshot)? {
            Some(reader) if reader.at().hash != at.hash => {
                let name = name::object(&at.region, &at.snapshot, Kind::Manifest)?;
                Err(SnapshotError::damaged(name, "it is not the manifest that was stored"))
            }
            opened => Ok(opened),
        }
    }

    /// Opens a snapshot whose hash nobody told: only the seal inside was checked. For scrubbing.
    pub(crate) fn open_unverified(
        &self,
        region: &str,
        snapshot: &str,
    ) -> Result<Option<Arc<Reader>>, SnapshotError> {
        let name = name::object(region, snapshot, Kind::Manifest)?;
        let Some(bytes) = fetch(&*self.store, &name)? else { return Ok(None) };
        let manifest = Manifest::decode(name.as_str(), &bytes)?;
        let head = manifest.head();
        if head.region != region || head.snapshot != snapshot {
            return Err(SnapshotError::damaged(name, "it is another snapshot's manifest"));
        }
        let hash = ChunkHash::of(&bytes).to_string();
        let at = SnapshotRef { region: region.to_owned(), snapshot: snapshot.to_owned(), hash };
        Ok(Some(Arc::new(Reader::new(self, at, manifest))))
    }

    /// Stores one chunk of a snapshot that is written block by block; durable on return. The hash is what
    /// [`Snapshots::assemble`] needs. Refuses a chunk that holds nothing.
    pub fn put_chunk(
        &self,
        region: &str,
        snapshot: &str,
        index: u32,
        chunk: &Chunk,
    ) -> Result<ChunkHash, SnapshotError> {
        if chunk.is_empty() {
            return Err(SnapshotError::refused("a chunk that holds nothing is not stored"));
        }
        let object = chunk.encode();
        let hash = ChunkHash::of(&object);
        self.store.put(&name::object(region, snapshot, Kind::Chunk { index, hash })?, &object)?;
        Ok(hash)
    }

    /// Reads such a chunk back, verified.
    pub fn get_chunk(
        &self,
        region: &str,
        snapshot: &str,
        index: u32,
        hash: ChunkHash,
    ) -> Result<Chunk, SnapshotError> {
        let (name, bytes) = fetch_part(&*self.store, region, snapshot, Kind::Chunk { index, hash })?;
        Chunk::decode(name.as_str(), bytes)
    }
}
