//! A chunk: 512 KiB of a volume, as ciphertext (or plain, in an unencrypted lineage). It holds the data units that were
//! written; the others read as zeros.
//!
//! ```text
//!   0  magic      8 bytes "SVCHUNK\0"
//!   8  version    u32  1
//!  12  zeros      u32
//!  16  present    u128   bit n: unit n of the chunk is held
//!  32  units      4,096 bytes for every bit that is set, in order
//! ```
//! Integers are little-endian. There is no checksum inside: the object's name carries a hash of all its bytes, and whoever reads
//! one checks it against the name that the manifest gave.

use crate::SnapshotError;
use crate::buffer::Buffer;
use cipher::DATA_UNIT_BYTES;

/// Bytes of a volume that a chunk covers: the block size of the EBS direct API.
pub const CHUNK_BYTES: usize = 512 * 1024;
/// Data units of a chunk.
pub const UNITS_PER_CHUNK: usize = CHUNK_BYTES / DATA_UNIT_BYTES;

const MAGIC: [u8; 8] = *b"SVCHUNK\0";
const VERSION: u32 = 1;
const HEAD: usize = 32;

/// A chunk in memory.
#[derive(Clone)]
pub struct Chunk {
    /// Bit n: unit n is held.
    present: u128,
    /// From `from` on: the held units in order, without gaps. What is before is of no interest: moving half a MiB to the front would
    /// cost as much as reading it.
    buffer: Buffer,
    from: usize,
}

impl PartialEq for Chunk {
    fn eq(&self, other: &Chunk) -> bool {
        self.present == other.present && self.units() == other.units()
    }
}

impl Eq for Chunk {}

impl Chunk {
    /// A chunk of all units. `bytes` are stored as they are, so they must be ciphertext already in an encrypted lineage.
    pub fn full(bytes: Vec<u8>) -> Option<Chunk> {
        (bytes.len() == CHUNK_BYTES).then_some(Chunk { present: u128::MAX, buffer: bytes.into(), from: 0 })
    }

    /// A chunk of no units.
    pub fn empty() -> Chunk {
        Chunk { present: 0, buffer: Buffer::default(), from: 0 }
    }

    /// Adds a unit behind those held; `None` (and nothing done) if it is not after all of them or not a whole unit.
    pub fn push(&mut self, unit: usize, bytes: &[u8]) -> Option<()> {
        let after_all = unit < UNITS_PER_CHUNK && (self.present >> unit) == 0;
        if !after_all || bytes.len() != DATA_UNIT_BYTES {
            return None;
        }
        self.present |= 1 << unit;
        self.buffer.for_change().extend_from_slice(bytes);
        Some(())
    }

    pub fn is_empty(&self) -> bool {
        self.present == 0
    }

    /// Bit n: unit n is held.
    pub fn present(&self) -> u128 {
        self.present
    }

    /// A unit's bytes, if it is held.
    pub fn unit(&self, unit: usize) -> Option<&[u8]> {
        let at = self.place(unit)? * DATA_UNIT_BYTES;
        self.units().get(at..at + DATA_UNIT_BYTES)
    }

    /// The bytes of so many units from one on, if all of them are held.
    pub fn held(&self, first: usize, count: usize) -> Option<&[u8]> {
        let held = self.present.checked_shr(first as u32)?.trailing_ones() as usize;
        let at = self.place(first)? * DATA_UNIT_BYTES;
        self.units().get(at..at + count * DATA_UNIT_BYTES).filter(|_| held >= count)
    }

    /// The runs of held units: first unit of the run, and its bytes.
    pub fn runs(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let rest = self.present.checked_shr(from as u32).unwrap_or(0);
            if rest == 0 {
                return None;
            }
            let first = from + rest.trailing_zeros() as usize;
            let count = (self.present >> first).trailing_ones() as usize;
            from = first + count;
            let at = self.place(first)? * DATA_UNIT_BYTES;
            Some((first, self.units().get(at..at + count * DATA_UNIT_BYTES)?))
        })
    }

    /// The same for changing the bytes in place (encrypting, decrypting).
    pub fn each_run_mut<E>(
        &mut self,
        mut work: impl FnMut(usize, &mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let runs: Vec<(usize, usize)> =
            self.runs().map(|(first, bytes)| (first, bytes.len() / DATA_UNIT_BYTES)).collect();
        let mut rest = self.buffer.for_change().get_mut(self.from..).unwrap_or_default();
        for (first, count) in runs {
            let Some((run, tail)) = rest.split_at_mut_checked(count * DATA_UNIT_BYTES) else { break };
            work(first, run)?;
            rest = tail;
        }
        Ok(())
    }

    /// All bytes of the chunk, zeros where no unit is held.
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = vec![0; CHUNK_BYTES];
        for (first, bytes) in self.runs() {
            let at = first * DATA_UNIT_BYTES;
            all[at..at + bytes.len()].copy_from_slice(bytes);
        }
        all
    }

    /// The same without another buffer where all units are held.
    pub fn into_bytes(self) -> Vec<u8> {
        if self.present != u128::MAX {
            return self.bytes();
        }
        let mut bytes = self.buffer.into_vec();
        bytes.drain(..self.from);
        bytes
    }

    /// Bytes of the object to store.
    pub fn encoded_len(&self) -> usize {
        HEAD + self.units().len()
    }

    /// The object to store.
    pub fn encode(&self) -> Vec<u8> {
        let mut object = Vec::with_capacity(HEAD + self.units().len());
        object.extend_from_slice(&MAGIC);
        object.extend_from_slice(&VERSION.to_le_bytes());
        object.extend_from_slice(&[0; 4]);
        object.extend_from_slice(&self.present.to_le_bytes());
        object.extend_from_slice(self.units());
        object
    }

    /// Reads an object, whose hash was checked. Any bytes may come; none panic. `object` names it in errors.
    pub fn decode(object: &str, bytes: Vec<u8>) -> Result<Chunk, SnapshotError> {
        Chunk::decode_buffer(object, bytes.into())
    }

    pub(crate) fn decode_buffer(object: &str, bytes: Buffer) -> Result<Chunk, SnapshotError> {
        let damaged =
            |what: &str| SnapshotError::Damaged { object: object.to_owned(), what: what.to_owned() };
        let head: &[u8; HEAD] = bytes.first_chunk().ok_or_else(|| damaged("it is too short"))?;
        let (magic, rest) = head.split_at(8);
        if magic != MAGIC {
            return Err(damaged("it is no chunk"));
        }
        let version = rest.first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
        if version > VERSION {
            return Err(SnapshotError::Newer { object: object.to_owned(), found: version, known: VERSION });
        }
        let present = rest.last_chunk().map_or(0, |b| u128::from_le_bytes(*b));
        if version != VERSION || bytes.len() != HEAD + present.count_ones() as usize * DATA_UNIT_BYTES {
            return Err(damaged("its head does not fit its length"));
        }
        Ok(Chunk { present, buffer: bytes, from: HEAD })
    }

    fn units(&self) -> &[u8] {
        self.buffer.get(self.from..).unwrap_or_default()
    }

    /// How many held units come before this one; `None` if it is not held.
    fn place(&self, unit: usize) -> Option<usize> {
        let held = unit < UNITS_PER_CHUNK && self.present >> unit & 1 == 1;
        held.then(|| (self.present & ((1 << unit) - 1)).count_ones() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_a_chunk_is_refused() {
        let good = Chunk::full(vec![7; CHUNK_BYTES]).unwrap().encode();
        assert!(Chunk::decode("x", good.clone()).is_ok());
        let mut newer = good.clone();
        newer[8] = 2;
        assert!(matches!(Chunk::decode("x", newer), Err(SnapshotError::Newer { found: 2, .. })));
        let mut fewer = good.clone();
        fewer[16] = 0xfe;
        for bad in [vec![], vec![0; 31], vec![0; 32], good[..good.len() - 1].to_vec(), fewer] {
            assert!(matches!(Chunk::decode("x", bad), Err(SnapshotError::Damaged { .. })));
        }
        assert!(Chunk::full(vec![0; 4096]).is_none());
    }

    #[test]
    fn units_come_in_order_and_whole() {
        let mut chunk = Chunk::empty();
        assert!(chunk.push(5, &[1; 4096]).is_some());
        for (unit, len) in [(5, 4096), (4, 4096), (6, 4095), (128, 4096)] {
            assert!(chunk.push(unit, &vec![2; len]).is_none(), "{unit} {len}");
        }
        assert!(chunk.push(127, &[3; 4096]).is_some());
        assert_eq!((chunk.unit(5).unwrap()[0], chunk.unit(127).unwrap()[0], chunk.unit(6)), (1, 3, None));
    }

    proptest! {
        #[test]
        fn a_chunk_behaves_like_its_bytes(present in any::<u128>()) {
            let mut chunk = Chunk::empty();
            let mut plain = vec![0u8; CHUNK_BYTES];
            for unit in (0..UNITS_PER_CHUNK).filter(|n| present >> n & 1 == 1) {
                let bytes = [unit as u8 | 1; DATA_UNIT_BYTES];
                chunk.push(unit, &bytes).unwrap();
                plain[unit * DATA_UNIT_BYTES..][..DATA_UNIT_BYTES].copy_from_slice(&bytes);
            }
            prop_assert!(chunk.bytes() == plain);
            let back = Chunk::decode("x", chunk.encode()).unwrap();
            prop_assert!(back == chunk && back.clone().into_bytes() == plain && back.encode() == chunk.encode());
            let mut changed = chunk.clone();
            changed.each_run_mut(|_, run| { run.fill(9); Ok::<_, ()>(()) }).unwrap();
            prop_assert_eq!(changed.present(), present);
            for first in 0..UNITS_PER_CHUNK {
                let run = (present >> first).trailing_ones() as usize;
                for count in 1..=run {
                    let bytes = &plain[first * DATA_UNIT_BYTES..][..count * DATA_UNIT_BYTES];
                    prop_assert_eq!(chunk.held(first, count), Some(bytes));
                }
                prop_assert!(chunk.held(first, run + 1).is_none());
            }
            prop_assert!((0..UNITS_PER_CHUNK).all(|n| changed.unit(n).is_none_or(|u| u[0] == 9)));
        }
    }
}
