//! The only places of this crate that hold a data key: re-encryption of a whole source, and single blocks of the EBS direct API.
//!
//! ```text
//!  source ── chunk ──▶ each held unit in place: decrypt (old data key) ▶ encrypt (new data key) ──▶ store
//! ```
//! A unit is plaintext for as long as it lies between the two calls, in the CPU's cache, and nowhere else.

use crate::{CHUNK_BYTES, Chunk, ChunkSource, SnapshotError, UNITS_PER_CHUNK};
use cipher::{DATA_UNIT_BYTES, DataUnit, UnitCipher};
use keys::DataKey;
use parking_lot::Mutex;
use std::sync::Arc;

/// A source under another data key. The keys are wiped when it is dropped.
pub struct Recoded {
    source: Arc<dyn ChunkSource>,
    from: Option<DataKey>,
    to: Option<DataKey>,
    /// Expanded keys at rest; as many as threads ever worked at once.
    pool: Mutex<Vec<Pair>>,
}

struct Pair {
    from: Option<UnitCipher>,
    to: Option<UnitCipher>,
}

impl Recoded {
    /// `from`: the source's data key, `None` if it is unencrypted. `to`: the new one. Refuses to make plaintext of ciphertext: no
    /// API of AWS does, and so no code of ours can.
    pub fn new(
        source: Arc<dyn ChunkSource>,
        from: Option<DataKey>,
        to: Option<DataKey>,
    ) -> Result<Recoded, SnapshotError> {
        if from.is_some() && to.is_none() {
            return Err(SnapshotError::refused("an encrypted snapshot cannot become unencrypted"));
        }
        Ok(Recoded { source, from, to, pool: Mutex::new(Vec::new()) })
    }

    fn pair(&self) -> Result<Pair, SnapshotError> {
        if let Some(pair) = self.pool.lock().pop() {
            return Ok(pair);
        }
        let cipher = |key: &Option<DataKey>| key.as_ref().map(UnitCipher::new).transpose();
        Ok(Pair { from: cipher(&self.from)?, to: cipher(&self.to)? })
    }
}

impl ChunkSource for Recoded {
    fn size_bytes(&self) -> u64 {
        self.source.size_bytes()
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        self.source.indices(from, max)
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        let Some(mut chunk) = self.source.chunk(index)? else { return Ok(None) };
        let mut pair = self.pair()?;
        chunk.each_run_mut(|first, run| pair.recode(unit_of(index, first), run))?;
        self.pool.lock().push(pair);
        Ok(Some(chunk))
    }
}

impl Pair {
    /// Unit by unit, so that the second call finds the unit in the cache.
    fn recode(&mut self, first: DataUnit, run: &mut [u8]) -> Result<(), SnapshotError> {
        for (n, unit) in (0..).zip(run.chunks_mut(DATA_UNIT_BYTES)) {
            if let Some(from) = &mut self.from {
                from.decrypt(first.plus(n), unit)?;
            }
            if let Some(to) = &mut self.to {
                to.encrypt(first.plus(n), unit)?;
            }
        }
        Ok(())
    }
}

/// The place in the volume of a unit of a chunk.
fn unit_of(index: u32, unit: usize) -> DataUnit {
    DataUnit(u64::from(index) * UNITS_PER_CHUNK as u64).plus(unit as u64)
}

/// A block of the EBS direct API as a chunk: all 512 KiB are held, encrypted under `key` (`None`: an unencrypted snapshot).
/// Refuses any other length.
pub fn seal_block(key: Option<&DataKey>, index: u32, mut plain: Vec<u8>) -> Result<Chunk, SnapshotError> {
    if plain.len() != CHUNK_BYTES {
        return Err(SnapshotError::refused("a block has 524,288 bytes"));
    }
    if let Some(key) = key {
        UnitCipher::new(key)?.encrypt(unit_of(index, 0), &mut plain)?;
    }
    Chunk::full(plain).ok_or_else(|| SnapshotError::refused("a block has 524,288 bytes"))
}

/// The 512 KiB of a block: held units decrypted under `key`, zeros where the chunk holds none.
pub fn open_block(key: Option<&DataKey>, index: u32, mut chunk: Chunk) -> Result<Vec<u8>, SnapshotError> {
    if let Some(key) = key {
        let mut cipher = UnitCipher::new(key)?;
        chunk.each_run_mut(|first, run| cipher.decrypt(unit_of(index, first), run))?;
    }
    Ok(chunk.into_bytes())
}
