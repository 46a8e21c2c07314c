//! Chunks in memory: a stored snapshot as a volume's source, and what is read from a frozen one.

use super::sectors::Content;
use cipher::{DataUnit, UnitCipher};
use env::Files;
use snapshot::{CHUNK_BYTES, Chunk, ChunkSource, SnapshotError, SnapshotRef, UNITS_PER_CHUNK};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use volume::{Damage, Device, Opening, Volume, VolumeError};

/// Chunks by index, as ciphertext.
pub type Chunks = BTreeMap<u32, Chunk>;

/// A stored snapshot, of which chunks can be made unreadable.
#[derive(Default)]
pub struct Stored {
    pub size_bytes: u64,
    pub chunks: Chunks,
    pub damaged: Mutex<BTreeSet<u32>>,
    /// Nothing can be read at all.
    pub away: Mutex<bool>,
    pub fetched: AtomicU64,
}

impl Stored {
    fn here(&self) -> Result<(), SnapshotError> {
        match *self.away.lock().unwrap() {
            true => Err(SnapshotError::Store(chunks::StoreError::Unavailable("away".into()))),
            false => Ok(()),
        }
    }
}

impl ChunkSource for Stored {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        self.here()?;
        Ok(self.chunks.range(from..).take(max).map(|(index, _)| *index).collect())
    }

    fn at_once(&self) -> usize {
        8
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        self.here()?;
        if self.damaged.lock().unwrap().contains(&index) {
            return Err(SnapshotError::Damaged { object: format!("c-{index}"), what: "rotten".into() });
        }
        self.fetched.fetch_add(1, Ordering::Relaxed);
        Ok(self.chunks.get(&index).cloned())
    }
}

/// The name of what tests restore from.
pub fn origin() -> SnapshotRef {
    SnapshotRef { region: "eu-west-1".into(), snapshot: "snap-origin".into(), hash: "5a".repeat(32) }
}

/// Opens an encrypted or plain volume that may still be loading from [`origin`].
pub fn open_from(
    files: Arc<dyn Files>,
    dir: &Path,
    source: Option<Arc<Stored>>,
    encrypted: bool,
    on_damage: impl Fn(Damage) + Send + Sync + 'static,
) -> Result<Arc<Device>, VolumeError> {
    let give = |at: &SnapshotRef| -> Result<Arc<dyn ChunkSource>, VolumeError> {
        assert_eq!(*at, origin());
        Ok(source.clone().expect("asked for a source that is loaded"))
    };
    let opening = Opening { source: &give, on_damage: Arc::new(on_damage), ..Opening::loaded() };
    Device::open(Volume::open(files, dir, opening)?, super::key(encrypted))
}

/// A chunk that holds the units for which `unit` gives a byte, filled with it.
pub fn chunk(index: u32, encrypted: bool, unit: impl Fn(usize) -> Option<u8>) -> Chunk {
    let mut chunk = Chunk::empty();
    for n in 0..UNITS_PER_CHUNK {
        if let Some(byte) = unit(n) {
            chunk.push(n, &[byte; 4096]).unwrap();
        }
    }
    if let Some(key) = super::key(encrypted) {
        let mut cipher = UnitCipher::new(&key).unwrap();
        let first = u64::from(index) * UNITS_PER_CHUNK as u64;
        chunk.each_run_mut(|n, bytes| cipher.encrypt(DataUnit(first + n as u64), bytes)).unwrap();
    }
    chunk
}

/// A stored snapshot that holds two of three units of these chunks; `each` learns of every unit where it is and with what byte it
/// is filled.
pub fn striped(size_bytes: u64, indices: &[u32], encrypted: bool, mut each: impl FnMut(u64, u8)) -> Stored {
    let mut stored = Stored { size_bytes, ..Stored::default() };
    for index in indices.iter().copied() {
        let at = |n: usize| (u64::from(index) * UNITS_PER_CHUNK as u64 + n as u64) * 4096;
        let held = |n: usize| {
            let is = at(n) < size_bytes && !(n + index as usize).is_multiple_of(3);
            is.then_some(n as u8 ^ index as u8 | 1)
        };
        (0..UNITS_PER_CHUNK).for_each(|n| each(at(n), held(n).unwrap_or(0)));
        stored.chunks.insert(index, chunk(index, encrypted, held));
    }
    stored
}

/// The chunk's plaintext.
pub fn plain(index: u32, mut chunk: Chunk, encrypted: bool) -> Vec<u8> {
    if let Some(key) = super::key(encrypted) {
        let mut cipher = UnitCipher::new(&key).unwrap();
        let first = u64::from(index) * UNITS_PER_CHUNK as u64;
        chunk.each_run_mut(|n, bytes| cipher.decrypt(DataUnit(first + n as u64), bytes)).unwrap();
    }
    chunk.into_bytes()
}

/// Overlays `base` with what the source lists, as storing a snapshot does.
pub fn overlay(base: &Chunks, source: &Arc<dyn ChunkSource>) -> Result<Chunks, SnapshotError> {
    let (mut all, mut from) = (base.clone(), 0);
    loop {
        // Few at a time, so that going on is tested.
        let indices = source.indices(from, 3)?;
        let Some(last) = indices.last() else { return Ok(all) };
        assert!(indices.is_sorted() && indices[0] >= from, "{indices:?} from {from}");
        from = last + 1;
        for index in indices {
            match source.chunk(index)? {
                Some(chunk) => all.insert(index, chunk),
                None => all.remove(&index),
            };
        }
    }
}

/// Panics unless the chunks say what the windows held.
pub fn expect(chunks: &Chunks, content: &Content, size_bytes: u64, encrypted: bool, what: &str) {
    let mut plains = BTreeMap::new();
    for (sector, expected) in content.range(..size_bytes / 512) {
        let index = (sector * 512 / CHUNK_BYTES as u64) as u32;
        let bytes = plains.entry(index).or_insert_with(|| {
            chunks.get(&index).map_or_else(|| vec![0; CHUNK_BYTES], |c| plain(index, c.clone(), encrypted))
        });
        let at = (sector * 512 % CHUNK_BYTES as u64) as usize;
        assert!(
            bytes[at..at + 512] == expected[..],
            "{what}: sector {sector} is {:02x?}…, not {:02x?}…",
            &bytes[at..at + 8],
            &expected[..8]
        );
    }
}
