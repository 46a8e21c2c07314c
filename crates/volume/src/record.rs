//! The stack record: of which layers the volume consists, and which snapshots are frozen where. One small file, replaced
//! whole and durably with every change, so that a crash leaves the stack before or after the change.
//!
//! ```text
//!  file `stack`
//!     0  magic         8 bytes "SVSTACK\0"
//!     8  version       u32   1            ┐ keep their place in every version
//!    12  CRC32C        u32                ┘ over the whole file with this field taken as zero
//!    16  next          u32   number of the next layer; numbers are never used twice
//!    20  flags         u32   bit 0: written to since it was closed      bit 1: still loading from the source
//!    24  counts        3 x u16  layers, frozen snapshots, bytes of the base's id; u16 zero
//!    32  layers        16 bytes each, bottom first:   number u32 | flags u32 (bit 0: changes lost) | epoch u64
//!     …  frozen        16 bytes each, oldest first:   layer u32 | bytes of the id u16 | zero u16 | size of the volume u64
//!     …  texts         the base's id | ids of the frozen snapshots
//! ```
//! Integers are little-endian.
//!
//! *Base*: the snapshot of this volume that was stored last (or the one it was made from). Each layer counts, in its map, the
//! chunks that changed since. *Epoch*: when a base is stored, the counts of all layers in it start anew; instead of touching
//! every map page, the layer's epoch goes up and bits of another epoch mean nothing.
//!
//! *Written to since it was closed*: a unit that is overwritten in place may reach the disk before the bit that says that its
//! chunk changed, and a crash between the two would hide the change from the next snapshot. So this flag is made durable
//! before the first such write, and taken back by an orderly close. A volume that is opened with it has *lost changes*: until
//! the next base, every chunk that any of its layers touches counts as changed. (They are compared with the base when they are
//! stored, so this costs reading, not space.)

use crate::VolumeError;
use crate::geometry::{DATA_UNIT_BYTES, VOLUME_BYTES_MAX};
use crate::superblock::ID_BYTES_MAX;

const MAGIC: [u8; 8] = *b"SVSTACK\0";
const VERSION: u32 = 1;
const HEAD: usize = 32;
const ENTRY: usize = 16;
const FLAG_UNCLEAN: u32 = 1;
const FLAG_LOADING: u32 = 2;
const FLAG_LOST: u32 = 1;
/// Layers of a volume; each costs a look per read of what it does not hold. EC2 lets a handful of snapshots of one volume be
/// pending at a time.
pub(crate) const LAYERS_MAX: usize = 256;
/// Frozen snapshots of a volume.
pub(crate) const FROZEN_MAX: usize = 1024;

/// What the file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Number of the next layer.
    pub next: u32,
    /// Written to since it was closed.
    pub unclean: bool,
    /// Still loading from the superblock's source.
    pub loading: bool,
    /// The snapshot since which changed chunks are counted.
    pub base: Option<String>,
    /// Bottom first; at least one, and the first is number 0.
    pub layers: Vec<LayerRecord>,
    /// Oldest first.
    pub frozen: Vec<FrozenRecord>,
}

/// A layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerRecord {
    pub number: u32,
    /// Changed chunks count in this epoch.
    pub epoch: u64,
    /// Changes may be missing: everything that the layer touches counts as changed.
    pub lost: bool,
}

/// A frozen snapshot: the volume as this layer and those below it say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenRecord {
    pub snapshot: String,
    /// The layer's number; never the top one.
    pub layer: u32,
    /// Of the volume at that instant.
    pub size_bytes: u64,
}

impl Record {
    /// Of a new volume; with a source, that is its base.
    pub fn new(source: Option<&snapshot::SnapshotRef>) -> Record {
        Record {
            next: 1,
            unclean: false,
            loading: source.is_some(),
            base: source.map(|at| at.snapshot.clone()),
            layers: vec![LayerRecord { number: 0, epoch: 0, lost: false }],
            frozen: Vec::new(),
        }
    }

    /// What the record means to who opens the volume now: after a crash, changes may be missing.
    pub fn settled(&self) -> Record {
        let mut settled = self.clone();
        settled.layers.iter_mut().for_each(|layer| layer.lost |= self.unclean);
        settled
    }

    /// The place of a layer in the stack.
    pub fn place(&self, number: u32) -> Option<usize> {
        self.layers.iter().position(|layer| layer.number == number)
    }

    /// Where a snapshot is frozen.
    pub fn frozen(&self, snapshot: &str) -> Option<&FrozenRecord> {
        self.frozen.iter().find(|frozen| frozen.snapshot == snapshot)
    }

    /// Why no volume can have this stack.
    pub fn fault(&self) -> Option<&'static str> {
        if self.layers.len() > LAYERS_MAX || self.frozen.len() > FROZEN_MAX {
            return Some("it has too many layers or frozen snapshots");
        }
        let ascending = self.layers.windows(2).all(|two| two[0].number < two[1].number);
        let last = self.layers.last().map(|layer| layer.number);
        if self.layers.first().is_none_or(|bottom| bottom.number != 0)
            || !ascending
            || last >= Some(self.next)
        {
            return Some("its layers are not in order");
        }
        let id_fault = |id: &str| id.is_empty() || id.len() > ID_BYTES_MAX;
        if self.base.as_deref().is_some_and(id_fault) || self.frozen.iter().any(|f| id_fault(&f.snapshot)) {
            return Some("a snapshot id is empty or longer than 256 bytes");
        }
        let frozen_fault = |frozen: &FrozenRecord| {
            let size = frozen.size_bytes;
            Some(frozen.layer) == last
                || self.place(frozen.layer).is_none()
                || size == 0
                || size > VOLUME_BYTES_MAX
                || !size.is_multiple_of(DATA_UNIT_BYTES)
        };
        self.frozen.iter().any(frozen_fault).then_some("a snapshot is frozen where none can be")
    }

    /// The file. The record must have no [`Record::fault`].
    pub fn encode(&self) -> Vec<u8> {
        let flag = |is: bool, flag: u32| if is { flag } else { 0 };
        let base = self.base.as_deref().unwrap_or_default();
        let mut file = Vec::with_capacity(HEAD + ENTRY * (self.layers.len() + self.frozen.len()));
        file.extend(MAGIC);
        file.extend(VERSION.to_le_bytes());
        file.extend([0; 4]);
        file.extend(self.next.to_le_bytes());
        file.extend((flag(self.unclean, FLAG_UNCLEAN) | flag(self.loading, FLAG_LOADING)).to_le_bytes());
        for count in [self.layers.len(), self.frozen.len(), base.len(), 0] {
            // `fault` has checked each against a limit below 2^16.
            file.extend((count as u16).to_le_bytes());
        }
        for layer in &self.layers {
            file.extend(layer.number.to_le_bytes());
            file.extend(flag(layer.lost, FLAG_LOST).to_le_bytes());
            file.extend(layer.epoch.to_le_bytes());
        }
        for frozen in &self.frozen {
            file.extend(frozen.layer.to_le_bytes());
            file.extend((frozen.snapshot.len() as u16).to_le_bytes());
            file.extend([0; 2]);
            file.extend(frozen.size_bytes.to_le_bytes());
        }
        file.extend(base.as_bytes());
        self.frozen.iter().for_each(|frozen| file.extend(frozen.snapshot.as_bytes()));
        let crc = checksum(&file);
        file[12..16].copy_from_slice(&crc.to_le_bytes());
        file
    }

    /// Reads the file. Any bytes may come; none panic.
    pub fn decode(file: &[u8]) -> Result<Record, VolumeError> {
        let damaged = |what: &str| VolumeError::Damaged(format!("the stack record: {what}"));
        let head: &[u8; HEAD] = file.first_chunk().ok_or_else(|| damaged("it is too short"))?;
        if head[..8] != MAGIC {
            return Err(damaged("not one of ours"));
        }
        if u32_at(head, 12) != checksum(file) {
            return Err(damaged("the checksum does not match"));
        }
        match u32_at(head, 8) {
            VERSION => {}
            found if found > VERSION => {
                return Err(VolumeError::Newer { what: "the stack record", found, known: VERSION });
            }
            _ => return Err(damaged("unknown version")),
        }
        let flags = u32_at(head, 20);
        if flags & !(FLAG_UNCLEAN | FLAG_LOADING) != 0 {
            return Err(damaged("unknown flags"));
        }
        let mut rest = &file[HEAD..];
        let mut take = |len: usize| {
            let (part, tail) = rest.split_at_checked(len).ok_or_else(|| damaged("it is too short"))?;
            rest = tail;
            Ok::<_, VolumeError>(part)
        };
        let layers = take(ENTRY * u16_at(head, 24))?.chunks_exact(ENTRY).map(|layer| LayerRecord {
            number: u32_at(layer, 0),
            epoch: u64_at(layer, 8),
            lost: u32_at(layer, 4) & FLAG_LOST != 0,
        });
        let layers = layers.collect();
        let entries = take(ENTRY * u16_at(head, 26))?;
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec()).map_err(|_| damaged("a snapshot id is not UTF-8"))
        };
        let base = match take(u16_at(head, 28))? {
            [] => None,
            id => Some(text(id)?),
        };
        let mut frozen = Vec::new();
        for entry in entries.chunks_exact(ENTRY) {
            let snapshot = text(take(u16_at(entry, 4))?)?;
            frozen.push(FrozenRecord { snapshot, layer: u32_at(entry, 0), size_bytes: u64_at(entry, 8) });
        }
        if !rest.is_empty() {
            return Err(damaged("it is too long"));
        }
        let (unclean, loading) = (flags & FLAG_UNCLEAN != 0, flags & FLAG_LOADING != 0);
        let record = Record { next: u32_at(head, 16), unclean, loading, base, layers, frozen };
        match record.fault() {
            Some(reason) => Err(damaged(reason)),
            None => Ok(record),
        }
    }
}

/// CRC32C of the file with the checksum's own field taken as zero.
fn checksum(file: &[u8]) -> u32 {
    let crc = crc32c::crc32c(file.get(..12).unwrap_or_default());
    let crc = crc32c::crc32c_append(crc, &[0; 4]);
    crc32c::crc32c_append(crc, file.get(16..).unwrap_or_default())
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    bytes[at..].first_chunk().map_or(0, |b| usize::from(u16::from_le_bytes(*b)))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests;
