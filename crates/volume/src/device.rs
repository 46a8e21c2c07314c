//! A volume in use: a volume with its key. Bytes in, bytes out. Reads and writes are here; zeroing in `zero.rs`, what a range
//! consists of in `extents.rs`.
//!
//! A request is cut into parts of units (first and last, if unaligned) and runs of whole units within one region. Each
//! piece holds the volume's gate and its region's stripe lock, so requests of any size and alignment may run side by side; a
//! byte range written by two requests at once holds one or the other per data unit. A piece that needs a chunk of the source
//! lets go of both, has the chunk loaded, and begins again.

use crate::coder::{Coder, Wait};
use crate::geometry::{DATA_UNIT_BYTES, REGION_BYTES, UNIT, UNITS_PER_CHUNK, Unit, UnitRange};
use crate::lanes::{Lane, Lanes};
use crate::load::Loaded;
use crate::map::{Count, UnitState};
use crate::stack::{Found, Stack};
use crate::{Volume, VolumeError};
use keys::DataKey;
use snapshot::Chunk;
use std::sync::Arc;

/// A volume with its data key. All methods may be called from any number of threads.
pub struct Device {
    volume: Arc<Volume>,
    lanes: Lanes,
}

/// Whether a piece of a request is done.
pub(crate) enum Step<T> {
    Done(T),
    /// Not before this chunk is loaded from the source.
    Fetch(u32),
}

impl Device {
    /// Adds the key, which is required if and only if the volume is encrypted, and is kept in locked memory until the device
    /// is dropped. A wrong key is not noticed here (KMS gives the right one or none): it would read as noise, or,
    /// with integrity, as damage.
    pub fn open(volume: Arc<Volume>, key: Option<DataKey>) -> Result<Arc<Device>, VolumeError> {
        match (volume.is_encrypted(), &key) {
            (true, None) => return Err(VolumeError::Key("the volume is encrypted: it needs its data key")),
            (false, Some(_)) => {
                return Err(VolumeError::Key("the volume is not encrypted: it takes no data key"));
            }
            _ => {}
        }
        let tagger = volume.integrity.as_ref().map(|integrity| integrity.begin(key.as_ref())).transpose()?;
        Ok(Arc::new(Device { volume, lanes: Lanes::new(key, tagger)? }))
    }

    /// The volume without the key.
    pub fn volume(&self) -> &Arc<Volume> {
        &self.volume
    }

    pub fn size_bytes(&self) -> u64 {
        self.volume.size_bytes()
    }

    pub fn volume_id(&self) -> &str {
        self.volume.volume_id()
    }

    pub fn is_encrypted(&self) -> bool {
        self.volume.is_encrypted()
    }

    /// Fills `buf` with the bytes from `offset`. Of bytes written meanwhile, each data unit is as before or after.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> Result<(), VolumeError> {
        self.read(buf, offset, Wait::Yes).map(drop)
    }

    /// [`Device::read_at`], if the data are in the machine's memory; else `false`, and `buf` holds anything.
    pub fn read_at_once(&self, buf: &mut [u8], offset: u64) -> Result<bool, VolumeError> {
        self.read(buf, offset, Wait::No)
    }

    fn read(&self, buf: &mut [u8], offset: u64, wait: Wait) -> Result<bool, VolumeError> {
        self.volume.check_range(offset, buf.len() as u64)?;
        let mut all = true;
        self.with_lane(|lane| {
            for_each_piece(buf, offset, |bytes, offset, piece| {
                let Lane { coder, scratch } = &mut *lane;
                all = all
                    && match piece {
                        Piece::Units(range) => self.read_units(coder, range, bytes, wait)?,
                        Piece::Part(unit) => {
                            let range = UnitRange { start: unit, count: 1 };
                            let read = self.read_units(coder, range, scratch, wait)?;
                            let at = (offset - unit.offset()) as usize;
                            bytes.copy_from_slice(&scratch[at..at + bytes.len()]);
                            read
                        }
                    };
                Ok(())
            })
        })?;
        Ok(all)
    }

    /// Lets the disk begin to read (at most 1 MiB), for a read that comes soon. A hint: what fails is told by that read.
    pub fn will_need(&self, offset: u64, len: u64) {
        let end = offset.saturating_add(len.min(REGION_BYTES)).min(self.size_bytes());
        let stack = self.volume.gate.read();
        let (mut unit, end) = (Unit::at(offset), Unit::at(end.next_multiple_of(DATA_UNIT_BYTES)));
        while unit < end {
            let max = (end.0 - unit.0).min(unit.left_in_page()) as usize;
            let Ok((found, count)) = stack.find(stack.top(), unit, max) else { return };
            if let Found::Data(layer) = found {
                layer.will_need(unit, count as u64);
            }
            unit = unit.plus(count.max(1) as u64);
        }
    }

    /// Writes `buf` at `offset`. On return the bytes are visible to every reader, and durable if `fua` (or after the next
    /// flush). `buf` is used as working space and holds ciphertext afterwards. On an error any part of the range may be
    /// written.
    pub fn write_at(&self, buf: &mut [u8], offset: u64, fua: bool) -> Result<(), VolumeError> {
        self.volume.check_range(offset, buf.len() as u64)?;
        self.volume.check_writable()?;
        let mut flush = fua;
        self.with_lane(|lane| {
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

    /// Makes everything written, trimmed or zeroed before this call durable. See [`Volume::flush`].
    pub fn flush(&self) -> Result<(), VolumeError> {
        self.volume.flush()
    }

    /// Flushes, for an orderly end. The plaintext data key goes when the last `Arc` of the device does.
    pub fn close(&self) -> Result<(), VolumeError> {
        self.volume.close()
    }

    /// Whole units, all in one region. `false`: it would wait, and must not.
    fn read_units(
        &self,
        coder: &mut Coder,
        range: UnitRange,
        bytes: &mut [u8],
        wait: Wait,
    ) -> Result<bool, VolumeError> {
        // Chunks that were fetched and are not in the layer yet: a region has two at most.
        let mut aside: Vec<(u32, Arc<Chunk>)> = Vec::new();
        loop {
            match self.try_read(coder, range, bytes, &aside, wait)? {
                Step::Done(read) => return Ok(read),
                Step::Fetch(_) if wait == Wait::No => return Ok(false),
                Step::Fetch(chunk) => match self.volume.load_chunk_to_read(chunk)? {
                    Loaded::Here => {}
                    Loaded::Aside(fetched) => aside.push((chunk, fetched)),
                },
            }
        }
    }

    fn try_read(
        &self,
        coder: &mut Coder,
        range: UnitRange,
        bytes: &mut [u8],
        aside: &[(u32, Arc<Chunk>)],
        wait: Wait,
    ) -> Result<Step<bool>, VolumeError> {
        let stack = self.volume.gate.read();
        let _shared = self.volume.stripes.read(range.start);
        if stack.plain().is_some() {
            return read_plain(&self.volume, &stack, coder, range, bytes, wait).map(Step::Done);
        }
        let (mut rest, mut unit) = (bytes, range.start);
        while !rest.is_empty() {
            let (found, count) = stack.find(stack.top(), unit, rest.len() / UNIT)?;
            let Some((run, tail)) = rest.split_at_mut_checked(count * UNIT) else { break };
            match found {
                Found::Data(layer) => {
                    if !coder.read(&self.volume, layer, unit, run, wait)? {
                        return Ok(Step::Done(false));
                    }
                }
                Found::Zero | Found::Nothing => run.fill(0),
                Found::Source { chunk, .. } => {
                    let Some((_, fetched)) = aside.iter().find(|(at, _)| *at == chunk) else {
                        return Ok(Step::Fetch(chunk));
                    };
                    read_aside(fetched, coder, unit, run)?;
                }
            }
            (rest, unit) = (tail, unit.plus(count as u64));
        }
        Ok(Step::Done(true))
    }

    /// Whole units, all in one region. Returns whether a flush is due.
    fn write_units(&self, lane: &mut Lane, range: UnitRange, bytes: &mut [u8]) -> Result<bool, VolumeError> {
        // Before the locks: it is the caller's buffer.
        lane.coder.encode(range.start, bytes)?;
        let stack = self.volume.stack_to_overwrite(range.start.page())?;
        let _exclusive = self.volume.stripes.write(range.start);
        put(&self.volume, &stack, range, bytes, lane.coder.tags(range.count))
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
        loop {
            match self.try_write_part(lane, unit, offset, &change)? {
                Step::Done(flush) => return Ok(flush),
                Step::Fetch(chunk) => self.volume.load_chunk(chunk)?,
            }
        }
    }

    fn try_write_part(
        &self,
        lane: &mut Lane,
        unit: Unit,
        offset: u64,
        change: &Change<'_>,
    ) -> Result<Step<bool>, VolumeError> {
        let stack = self.volume.stack_to_overwrite(unit.page())?;
        let _exclusive = self.volume.stripes.write(unit);
        let Lane { coder, scratch } = lane;
        let written = match stack.find(stack.top(), unit, 1)?.0 {
            Found::Source { chunk, .. } => return Ok(Step::Fetch(chunk)),
            Found::Zero | Found::Nothing => {
                scratch.fill(0);
                false
            }
            Found::Data(layer) => {
                coder.read(&self.volume, layer, unit, scratch, Wait::Yes)?;
                true
            }
        };
        let at = (offset - unit.offset()) as usize;
        match change {
            Change::To(bytes) => scratch[at..at + bytes.len()].copy_from_slice(bytes),
            // Zeros into a unit that reads as zeros: nothing to write.
            Change::Zeros(_) if !written => return Ok(Step::Done(false)),
            Change::Zeros(len) => scratch[at..at + len].fill(0),
        }
        coder.encode(unit, scratch)?;
        put(&self.volume, &stack, UnitRange { start: unit, count: 1 }, scratch, coder.tags(1)).map(Step::Done)
    }

    /// Does a request's work. Damage that it meets is told when it has let go of its locks.
    pub(crate) fn with_lane<T>(
        &self,
        work: impl FnOnce(&mut Lane) -> Result<T, VolumeError>,
    ) -> Result<T, VolumeError> {
        self.lanes.with(work).inspect_err(|_| self.volume.tell_damage())
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }
}

/// Reads from the only layer: one look at the map for all units. Call with the stripe held.
fn read_plain(
    volume: &Volume,
    stack: &Stack,
    coder: &mut Coder,
    range: UnitRange,
    bytes: &mut [u8],
    wait: Wait,
) -> Result<bool, VolumeError> {
    let layer = stack.bottom();
    let Some(page) = layer.map.page(range.start.page())? else {
        bytes.fill(0);
        return Ok(true);
    };
    let (mut rest, mut unit) = (bytes, range.start);
    while !rest.is_empty() {
        let (state, count) = page.run(unit.in_page(), rest.len() / UNIT);
        let Some((run, tail)) = rest.split_at_mut_checked(count * UNIT) else { break };
        match state {
            UnitState::Unwritten | UnitState::Zero => run.fill(0),
            UnitState::Written => {
                if !coder.read(volume, layer, unit, run, wait)? {
                    return Ok(false);
                }
            }
        }
        (rest, unit) = (tail, unit.plus(count as u64));
    }
    Ok(true)
}

/// Units of one chunk that is not kept. The chunk was verified by its hash: there are no tags to look at.
fn read_aside(chunk: &Chunk, coder: &mut Coder, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
    // All held, as is usual: one call.
    if let Some(held) = chunk.held((first.0 % UNITS_PER_CHUNK) as usize, bytes.len() / UNIT) {
        return coder.decrypt_from(first, held, bytes);
    }
    for (n, to) in (0..).zip(bytes.as_chunks_mut::<UNIT>().0) {
        let unit = first.plus(n);
        match chunk.unit((unit.0 % UNITS_PER_CHUNK) as usize) {
            None => to.fill(0),
            Some(held) => coder.decrypt_from(unit, held, to)?,
        }
    }
    Ok(())
}

/// Writes units (all in one region) as they are to lie on the disk, and their tags, if any. Returns whether a flush is due.
/// Call with the stripe held exclusively.
fn put(
    volume: &Volume,
    stack: &Stack,
    range: UnitRange,
    bytes: &[u8],
    tags: &[u8],
) -> Result<bool, VolumeError> {
    let (layer, above) = stack.target();
    let index = range.start.page();
    let page = layer.map.page_to_change(index)?;
    let above = match above {
        Some(above) => above.map.page(index)?.map(|page| (above, page)),
        None => None,
    };
    // Without integrity there are no tags, and nothing is written.
    let written = layer.store.write(range.start, bytes).and_then(|()| layer.write_tags(range.start, tags));
    if let Err(error) = written {
        // It may have been done in part: the next snapshot must not miss that, and the tags may not match.
        layer.map.add_changed(index, &page, range.chunk_bits());
        if let Some(integrity) = &volume.integrity {
            integrity.distrust(range.start);
        }
        return Err(error);
    }
    let mut flush = layer.map.mark_written(index, &page, range, Count::Change);
    // After the mark below: a flush takes the copies of the upper layer first.
    if let Some((above, page)) = above {
        // Its space comes back with its region's, when the merge has come there: one hole and not thousands.
        let due = above.map.mark_free(index, &page, range, UnitState::Unwritten, Count::Nothing, false);
        // A merge that runs meets the same and flushes.
        flush |= due && !volume.merging.is_locked();
    }
    Ok(flush)
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
