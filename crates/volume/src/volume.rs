//! A volume in use: bytes in, bytes out. Reads and writes are here; zeroing in `zero.rs`, durability in `flush.rs`.
//!
//! A request is cut into parts of units (first and last, if unaligned) and runs of whole units within one region. Each
//! piece takes its region's stripe lock, so requests of any size and alignment may run side by side; a byte range written
//! by two requests at once holds one or the other per data unit.

use crate::flush::Flusher;
use crate::geometry::{DATA_UNIT_BYTES, REGION_BYTES, UNIT, Unit, UnitRange};
use crate::lanes::{Lane, Lanes};
use crate::lifecycle::{MAP_FILE, map_bytes, read_superblock};
use crate::map::{Map, Page, UnitState};
use crate::store::Store;
use crate::stripes::Stripes;
use crate::{Superblock, VolumeError};
use env::Files;
use keys::DataKey;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// An open volume. All methods may be called from any number of threads. One process must open a directory at most once
/// at a time; the host sees to that.
pub struct Volume {
    superblock: Superblock,
    pub(crate) map: Map,
    pub(crate) store: Store,
    pub(crate) stripes: Stripes,
    pub(crate) flusher: Flusher,
    lanes: Lanes,
    /// Set once a sync has failed.
    failed: OnceLock<String>,
}

impl Volume {
    /// Opens the volume in `dir`; takes the same time for any size. `key` is required if and only if the volume is
    /// encrypted, and is kept in locked memory until the volume is dropped. A wrong key is not noticed here (KMS
    /// gives the right one or none): it would read as noise.
    pub fn open(files: Arc<dyn Files>, dir: &Path, key: Option<DataKey>) -> Result<Arc<Volume>, VolumeError> {
        let superblock = read_superblock(&files, dir)?;
        match (&superblock.encryption, &key) {
            (Some(_), None) => {
                return Err(VolumeError::Key("the volume is encrypted: it needs its data key"));
            }
            (None, Some(_)) => {
                return Err(VolumeError::Key("the volume is not encrypted: it takes no data key"));
            }
            _ => {}
        }
        let map = match files.open(&dir.join(MAP_FILE), false) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(VolumeError::Damaged("the map is missing".into()));
            }
            Err(e) => return Err(VolumeError::io("opening the map")(e)),
        };
        let (found, expected) =
            (map.len().map_err(VolumeError::io("measuring the map"))?, map_bytes(superblock.size_bytes));
        if found != expected {
            return Err(VolumeError::Damaged(format!("the map has {found} bytes instead of {expected}")));
        }
        Ok(Arc::new(Volume {
            map: Map::new(map, superblock.size_bytes),
            store: Store::new(files, dir.to_path_buf(), superblock.size_bytes),
            stripes: Stripes::new(),
            flusher: Flusher::default(),
            lanes: Lanes::new(key)?,
            failed: OnceLock::new(),
            superblock,
        }))
    }

    pub fn size_bytes(&self) -> u64 {
        self.superblock.size_bytes
    }

    pub fn volume_id(&self) -> &str {
        &self.superblock.volume_id
    }

    pub fn is_encrypted(&self) -> bool {
        self.superblock.encryption.is_some()
    }

    /// Fills `buf` with the bytes from `offset`. Of bytes written meanwhile, each data unit is as before or after.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<(), VolumeError> {
        self.check_range(offset, buf.len() as u64)?;
        self.lanes.with(|lane| {
            for_each_piece(buf, offset, |bytes, offset, piece| match piece {
                Piece::Units(range) => self.read_units(lane, range, bytes),
                Piece::Part(unit) => {
                    let mut scratch = lane.scratch;
                    self.read_units(lane, UnitRange { start: unit, count: 1 }, &mut scratch)?;
                    let at = (offset - unit.offset()) as usize;
                    bytes.copy_from_slice(&scratch[at..at + bytes.len()]);
                    Ok(())
                }
            })
        })
    }

    /// Writes `buf` at `offset`. On return the bytes are visible to every reader, and durable if `fua` (or after the next
    /// flush). `buf` is used as working space and holds ciphertext afterwards. On an error any part of the range may be
    /// written.
    pub fn write_at(&self, buf: &mut [u8], offset: u64, fua: bool) -> Result<(), VolumeError> {
        self.check_range(offset, buf.len() as u64)?;
        self.check_writable()?;
        let mut flush = fua;
        self.lanes.with(|lane| {
            for_each_piece(buf, offset, |bytes, offset, piece| {
                flush |= match piece {
                    Piece::Units(range) => self.write_units(lane, range, bytes)?,
                    Piece::Part(unit) => self.write_part(lane, unit, offset, Change::To(bytes))?,
                };
                Ok(())
            })
        })?;
        if flush { self.flush() } else { Ok(()) }
    }

    /// Flushes, for an orderly end. The plaintext data key goes when the last `Arc` of the volume does.
    pub fn close(&self) -> Result<(), VolumeError> {
        self.flush()
    }

    /// Whole units, all in one region.
    fn read_units(&self, lane: &mut Lane, range: UnitRange, bytes: &mut [u8]) -> Result<(), VolumeError> {
        let _shared = self.stripes.read(range.start);
        let Some(page) = self.map.page(range.start.page())? else {
            bytes.fill(0);
            return Ok(());
        };
        let (mut rest, mut unit) = (bytes, range.start);
        while !rest.is_empty() {
            let (state, count) = page.run(unit.in_page(), rest.len() / UNIT);
            let Some((run, tail)) = rest.split_at_mut_checked(count * UNIT) else { break };
            match state {
                UnitState::Unwritten | UnitState::Zero => run.fill(0),
                UnitState::Written => {
                    self.store.read(unit, run)?;
                    if let Some(cipher) = &mut lane.cipher {
                        cipher.decrypt(unit.data_unit(), run)?;
                    }
                }
            }
            (rest, unit) = (tail, unit.plus(count as u64));
        }
        Ok(())
    }

    /// Whole units, all in one region. Returns whether a flush is due.
    fn write_units(&self, lane: &mut Lane, range: UnitRange, bytes: &mut [u8]) -> Result<bool, VolumeError> {
        // Before the lock: it is the caller's buffer.
        if let Some(cipher) = &mut lane.cipher {
            cipher.encrypt(range.start.data_unit(), bytes)?;
        }
        let _exclusive = self.stripes.write(range.start);
        let page = self.map.page_to_change(range.start.page())?;
        self.store.write(range.start, bytes)?;
        Ok(self.map.mark_written(range.start.page(), &page, range))
    }

    /// A part of one unit: reads, changes and writes the whole unit. The bytes around the part come out as the same
    /// ciphertext again (same key, same tweak), so not even a torn write touches them. Returns whether a flush is due.
    pub(crate) fn write_part(
        &self,
        lane: &mut Lane,
        unit: Unit,
        offset: u64,
        change: Change<'_>,
    ) -> Result<bool, VolumeError> {
        let _exclusive = self.stripes.write(unit);
        let page = self.map.page_to_change(unit.page())?;
        let Lane { cipher, scratch } = lane;
        let written = self.load_unit(&page, unit, scratch, cipher)?;
        let at = (offset - unit.offset()) as usize;
        match change {
            Change::To(bytes) => scratch[at..at + bytes.len()].copy_from_slice(bytes),
            // Zeros into a unit that reads as zeros: nothing to write.
            Change::Zeros(_) if !written => return Ok(false),
            Change::Zeros(len) => scratch[at..at + len].fill(0),
        }
        if let Some(cipher) = cipher {
            cipher.encrypt(unit.data_unit(), scratch)?;
        }
        self.store.write(unit, scratch)?;
        Ok(self.map.mark_written(unit.page(), &page, UnitRange { start: unit, count: 1 }))
    }

    /// One unit's plaintext; returns whether it is written. Call with its stripe held.
    fn load_unit(
        &self,
        page: &Page,
        unit: Unit,
        into: &mut [u8; UNIT],
        cipher: &mut Option<cipher::UnitCipher>,
    ) -> Result<bool, VolumeError> {
        if page.run(unit.in_page(), 1).0 != UnitState::Written {
            into.fill(0);
            return Ok(false);
        }
        self.store.read(unit, into)?;
        if let Some(cipher) = cipher {
            cipher.decrypt(unit.data_unit(), into)?;
        }
        Ok(true)
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(crate) fn check_range(&self, offset: u64, len: u64) -> Result<(), VolumeError> {
        let size = self.size_bytes();
        match offset.checked_add(len) {
            Some(end) if end <= size => Ok(()),
            _ => Err(VolumeError::OutOfRange { offset, len, size }),
        }
    }

    pub(crate) fn check_writable(&self) -> Result<(), VolumeError> {
        match self.failed.get() {
            Some(why) => Err(VolumeError::ReadOnly(why.clone())),
            None => Ok(()),
        }
    }

    /// After a failed sync: no more writes. The kernel reports such a failure once and may have dropped the bytes, so a
    /// later sync that succeeds would mean nothing.
    pub(crate) fn fail(&self, doing: &str, error: &std::io::Error) -> VolumeError {
        let why = self.failed.get_or_init(|| format!("{doing} failed: {error}"));
        VolumeError::ReadOnly(why.clone())
    }
}

/// What to do to a part of a unit.
pub(crate) enum Change<'a> {
    To(&'a [u8]),
    Zeros(usize),
}

/// One step of a request.
enum Piece {
    /// Whole units of one region.
    Units(UnitRange),
    /// Less than this unit.
    Part(Unit),
}

/// Cuts a request into pieces, in order; gives each piece's bytes and their offset in the volume.
fn for_each_piece(
    buf: &mut [u8],
    offset: u64,
    mut step: impl FnMut(&mut [u8], u64, Piece) -> Result<(), VolumeError>,
) -> Result<(), VolumeError> {
    let (mut rest, mut offset) = (buf, offset);
    while !rest.is_empty() {
        let (unit, in_unit) = (Unit::at(offset), (offset % DATA_UNIT_BYTES) as usize);
        let whole = (REGION_BYTES - offset % REGION_BYTES).min(rest.len() as u64) / DATA_UNIT_BYTES;
        let (len, piece) = if in_unit != 0 || whole == 0 {
            ((UNIT - in_unit).min(rest.len()), Piece::Part(unit))
        } else {
            (whole as usize * UNIT, Piece::Units(UnitRange { start: unit, count: whole }))
        };
        let Some((bytes, tail)) = rest.split_at_mut_checked(len) else { break };
        step(bytes, offset, piece)?;
        (rest, offset) = (tail, offset + len as u64);
    }
    Ok(())
}
