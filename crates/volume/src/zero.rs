//! Ranges that read as zeros from now on, without writing zeros: TRIM and WRITE_ZEROES.

use crate::geometry::{DATA_UNIT_BYTES, UNIT, Unit, UnitRange};
use crate::volume::Change;
use crate::{Volume, VolumeError};

impl Volume {
    /// The range is not needed any more: its whole units read as zeros afterwards and their space is given back after the
    /// next flush. Parts of units at the ends keep their bytes.
    pub fn trim(&self, offset: u64, len: u64) -> Result<(), VolumeError> {
        self.check_range(offset, len)?;
        self.check_writable()?;
        if self.zero_units(UnitRange::inside(offset, len), true)? { self.flush() } else { Ok(()) }
    }

    /// The range reads as zeros afterwards. With `punch` its space is given back after the next flush; without, the space
    /// of what was written stays. Units never written cost nothing. With `fua` it is durable on return.
    pub fn write_zeroes(&self, offset: u64, len: u64, punch: bool, fua: bool) -> Result<(), VolumeError> {
        self.check_range(offset, len)?;
        self.check_writable()?;
        let (units, end) = (UnitRange::inside(offset, len), offset + len);
        let mut flush = fua;
        if units.count == 0 {
            // Inside one unit, or inside two that meet.
            let border = end.min(units.start.offset());
            flush |= self.zero_part(offset, border)? | self.zero_part(border, end)?;
        } else {
            flush |= self.zero_part(offset, units.start.offset())?;
            flush |= self.zero_units(units, punch)?;
            flush |= self.zero_part(units.end().offset(), end)?;
        }
        if flush { self.flush() } else { Ok(()) }
    }

    /// Bytes inside one unit. Returns whether a flush is due.
    fn zero_part(&self, from: u64, to: u64) -> Result<bool, VolumeError> {
        let len = to.saturating_sub(from) as usize;
        if len == 0 {
            return Ok(false);
        }
        debug_assert!(len < UNIT && from % DATA_UNIT_BYTES + len as u64 <= DATA_UNIT_BYTES);
        let unit = Unit::at(from);
        // Do not make a page of map for zeros over nothing.
        if self.map.page(unit.page())?.is_none() {
            return Ok(false);
        }
        self.lanes().with(|lane| self.write_part(lane, unit, from, Change::Zeros(len)))
    }

    /// Returns whether a flush is due.
    fn zero_units(&self, units: UnitRange, punch: bool) -> Result<bool, VolumeError> {
        let mut flush = false;
        for in_page in units.by_page() {
            let index = in_page.start.page();
            // 32 MiB of nothing at a step. A write that runs beside us may make the page: it counts as the later one.
            let Some(page) = self.map.page(index)? else { continue };
            for range in in_page.by_region() {
                let _exclusive = self.stripes.write(range.start);
                flush |= self.map.mark_zero(index, &page, range, punch);
            }
            if flush {
                self.flush()?;
                flush = false;
            }
        }
        Ok(flush)
    }
}
