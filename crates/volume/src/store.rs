//! The local store of a layer: the bytes of its units, in sparse files of 1 TiB each, opened when first touched; and, on a
//! volume with integrity, their tags in files beside them.
//!
//! ```text
//!   data.<n>   4,096 bytes per unit     unit u of the volume is unit u mod 2^28 of file number u div 2^28, so that it lies
//!   tags.<n>      16 bytes per unit     at byte 4096 (u mod 2^28), and its tag at byte 16 (u mod 2^28)
//! ```
//! No index, no fragmentation of ours, and a test can find any unit's ciphertext.

use crate::VolumeError;
use crate::dirty::Dirty;
use crate::geometry::{DATA_UNIT_BYTES, SEGMENT_BYTES, Unit, VOLUME_BYTES_MAX};
use cipher::TAG_BYTES;
use env::{File, Files};
use parking_lot::Mutex;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// One data file.
#[derive(Default)]
struct Segment {
    file: OnceLock<Arc<dyn File>>,
    dirty: Dirty,
}

/// Data files of the largest volume.
const SEGMENTS: usize = (VOLUME_BYTES_MAX / SEGMENT_BYTES) as usize;

/// What a store holds of each unit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Holds {
    Data,
    Tags,
}

impl Holds {
    pub fn unit_bytes(self) -> u64 {
        match self {
            Holds::Data => DATA_UNIT_BYTES,
            Holds::Tags => TAG_BYTES as u64,
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Holds::Data => "data.",
            Holds::Tags => "tags.",
        }
    }

    /// Name of a file.
    pub fn file_name(self, number: u64) -> String {
        format!("{}{number:04}", self.prefix())
    }

    /// The number of a file of this name.
    pub fn number(self, name: &str) -> Option<u64> {
        name.strip_prefix(self.prefix()).and_then(|number| number.parse().ok())
    }
}

pub(crate) struct Store {
    files: Arc<dyn Files>,
    dir: PathBuf,
    holds: Holds,
    /// Of the largest volume, so that growing changes nothing; 48 bytes each.
    segments: [Segment; SEGMENTS],
    /// Held while a file is made and opened.
    opening: Mutex<()>,
    /// The file system cannot punch holes; space is then given back only when the volume is removed.
    no_holes: AtomicBool,
}

impl Store {
    /// The store in the layer's directory `dir`.
    pub fn new(files: Arc<dyn Files>, dir: PathBuf, holds: Holds) -> Store {
        Store {
            files,
            dir,
            holds,
            segments: std::array::from_fn(|_| Segment::default()),
            opening: Mutex::new(()),
            no_holes: AtomicBool::new(false),
        }
    }

    /// Numbers of the files that are open.
    pub fn in_use(&self) -> Vec<u64> {
        (0..).zip(&self.segments).filter(|(_, s)| s.file.get().is_some()).map(|(number, _)| number).collect()
    }

    /// Opens these files, which are there and whose names are durable, so that the first write to them need not sync a
    /// directory.
    pub fn adopt(&self, numbers: &[u64]) -> Result<(), VolumeError> {
        for number in numbers {
            let opened = self.files.open(&self.dir.join(self.holds.file_name(*number)), false);
            let file = opened.map_err(VolumeError::io("opening a data file"))?;
            if let Some(segment) = self.segments.get(*number as usize) {
                let _ = segment.file.set(file);
            }
        }
        Ok(())
    }

    /// [`Store::read`], unless it would wait for the disk: then `false`, and `bytes` holds anything.
    pub fn read_at_once(&self, first: Unit, bytes: &mut [u8]) -> Result<bool, VolumeError> {
        let (segment, number, offset) = self.locate(first)?;
        let file = self.file(segment, number, false)?;
        let read = file.read_at_once(bytes, offset).map_err(VolumeError::io("reading data"))?;
        // What lies behind the end of the file is for `read` to tell.
        Ok(read == Some(bytes.len()))
    }

    /// Lets the disk begin to read units. A hint: what fails is told when they are read.
    pub fn will_need(&self, first: Unit, count: u64) {
        let Ok((segment, number, offset)) = self.locate(first) else { return };
        if let Ok(file) = self.file(segment, number, false) {
            file.will_need(offset, count * self.holds.unit_bytes());
        }
    }

    /// Reads what is held of units that the map says are written. All of one request's units lie in one segment (regions do).
    pub fn read(&self, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
        let (segment, number, mut offset) = self.locate(first)?;
        let file = self.file(segment, number, false)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            match file.read_at(rest, offset).map_err(VolumeError::io("reading data"))? {
                // Written units cannot lie behind the end of the file: it was cut.
                0 => {
                    let name = self.holds.file_name(number);
                    return Err(VolumeError::Damaged(format!(
                        "{name} ends at byte {offset}, before units the map names"
                    )));
                }
                n => {
                    offset += n as u64;
                    rest = rest.get_mut(n..).unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    /// Writes what is held of units; the kernel has it on return, the disk after [`Store::sync`].
    pub fn write(&self, first: Unit, bytes: &[u8]) -> Result<(), VolumeError> {
        let (segment, number, offset) = self.locate(first)?;
        let file = self.file(segment, number, true)?;
        let result = file.write_all_at(bytes, offset).map_err(VolumeError::io("writing data"));
        // After the write and even if it failed half-way: a sync that begins later must cover what was accepted.
        segment.dirty.wrote(offset, bytes.len() as u64);
        result
    }

    /// Makes everything written before this call durable.
    pub fn sync(&self) -> io::Result<()> {
        for segment in &self.segments {
            if let Some(file) = segment.file.get() {
                segment.dirty.sync(&**file)?;
            }
        }
        Ok(())
    }

    /// Whether something was written since the last sync began.
    pub fn is_dirty(&self) -> bool {
        self.segments.iter().any(|segment| segment.dirty.is_any())
    }

    /// Gives the units' space back. A failure costs space, not data: the map already says that they are zero.
    pub fn punch(&self, first: Unit, count: u64) {
        if self.no_holes.load(Ordering::Relaxed) {
            return;
        }
        let Ok((segment, number, offset)) = self.locate(first) else { return };
        let Ok(file) = self.file(segment, number, false) else { return };
        let bytes = count * crate::DATA_UNIT_BYTES;
        // A merge gives back whole regions, of most of which a sparse layer may have nothing. A look is cheaper than a hole.
        if matches!(file.next_data(offset), Ok(next) if next.is_none_or(|next| next >= offset + bytes)) {
            return;
        }
        if let Err(e) = file.punch_hole(offset, bytes)
            && e.kind() == io::ErrorKind::Unsupported
        {
            self.no_holes.store(true, Ordering::Relaxed);
        }
    }

    fn locate(&self, unit: Unit) -> Result<(&Segment, u64, u64), VolumeError> {
        let number = unit.offset() / SEGMENT_BYTES;
        let offset = unit.offset() % SEGMENT_BYTES / DATA_UNIT_BYTES * self.holds.unit_bytes();
        match self.segments.get(number as usize) {
            Some(segment) => Ok((segment, number, offset)),
            None => Err(VolumeError::Damaged("a unit lies behind the end of the largest volume".into())),
        }
    }

    fn file<'a>(
        &self,
        segment: &'a Segment,
        number: u64,
        create: bool,
    ) -> Result<&'a Arc<dyn File>, VolumeError> {
        if let Some(file) = segment.file.get() {
            return Ok(file);
        }
        let _one_at_a_time = self.opening.lock();
        if let Some(file) = segment.file.get() {
            return Ok(file);
        }
        let name = self.holds.file_name(number);
        let path = self.dir.join(&name);
        let file = match self.files.open(&path, create) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(VolumeError::Damaged(format!("{name} is missing")));
            }
            other => other.map_err(VolumeError::io("opening a data file"))?,
        };
        if create {
            // The name must be durable before the map names a unit in the file. Once per TiB, so done right here.
            self.files.sync_dir(&self.dir).map_err(VolumeError::io("syncing the directory"))?;
        }
        Ok(segment.file.get_or_init(|| file))
    }
}
