//! Ranges that read as zeros from now on, without writing zeros: TRIM and WRITE_ZEROES.

use crate::device::Change;
use crate::geometry::{DATA_UNIT_BYTES, PageIndex, UNIT, Unit, UnitRange};
use crate::map::{Count, UnitState};
use crate::stack::{Found, Stack};
use crate::{Device, Volume, VolumeError};

impl Device {
    /// The range is not needed any more: its whole units read as zeros afterwards and their space is given back after the
    /// next flush (what a frozen snapshot still holds: when it is thawed and merged). Parts of units at the ends keep their
    /// bytes.
    pub fn trim(&self, offset: u64, len: u64) -> Result<(), VolumeError> {
        self.volume().check_range(offset, len)?;
        self.volume().check_writable()?;
        if self.volume().zero_units(UnitRange::inside(offset, len), true)? { self.flush() } else { Ok(()) }
    }

    /// The range reads as zeros afterwards. With `punch` its space is given back after the next flush; without, the space
    /// of what was written stays. Units never written cost nothing. With `fua` it is durable on return.
    pub fn write_zeroes(&self, offset: u64, len: u64, punch: bool, fua: bool) -> Result<(), VolumeError> {
        self.volume().check_range(offset, len)?;
        self.volume().check_writable()?;
        let (units, end) = (UnitRange::inside(offset, len), offset + len);
        let mut flush = fua;
        if units.count == 0 {
            // Inside one unit, or inside two that meet.
            let border = end.min(units.start.offset());
            flush |= self.zero_part(offset, border)? | self.zero_part(border, end)?;
        } else {
            flush |= self.zero_part(offset, units.start.offset())?;
            flush |= self.volume().zero_units(units, punch)?;
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
        self.with_lane(|lane| self.write_part(lane, Unit::at(from), from, Change::Zeros(len)))
    }
}

impl Volume {
    /// Returns whether a flush is due.
    fn zero_units(&self, units: UnitRange, punch: bool) -> Result<bool, VolumeError> {
        let mut flush = false;
        for in_page in units.by_page() {
            // 32 MiB of nothing at a step. A write that runs beside us may make the page: it counts as the later one.
            if self.holds_nothing(in_page.start.page())? {
                continue;
            }
            for range in in_page.by_region() {
                flush |= self.zero_region(range, punch)?;
            }
            if flush {
                self.flush()?;
                flush = false;
            }
        }
        Ok(flush)
    }

    /// Whether nothing of the page's units is anywhere.
    fn holds_nothing(&self, index: PageIndex) -> Result<bool, VolumeError> {
        let stack = self.gate.read();
        for layer in &stack.layers {
            if layer.map.page(index)?.is_some() {
                return Ok(false);
            }
        }
        let Some(source) = stack.source.clone() else { return Ok(true) };
        drop(stack);
        // What cannot be learned may be there.
        Ok(source.held_of(index).is_ok_and(|chunks| chunks == 0))
    }

    /// Units of one region. Returns whether a flush is due.
    fn zero_region(&self, range: UnitRange, punch: bool) -> Result<bool, VolumeError> {
        let stack = self.stack_to_write()?;
        let _exclusive = self.stripes.write(range.start);
        let index = range.start.page();
        if let Some(layer) = stack.plain() {
            let Some(page) = layer.map.page(index)? else { return Ok(false) };
            return Ok(layer.map.mark_zero(index, &page, range, Count::Change, punch));
        }
        let (mut rest, mut flush) = (range, false);
        while rest.count > 0 {
            let (found, count) = stack.find(stack.top(), rest.start, rest.count as usize)?;
            let run = UnitRange { start: rest.start, count: count as u64 };
            rest = UnitRange { start: run.end(), count: rest.count - run.count };
            // What the source holds need not be loaded to be masked; nor what it only may hold.
            if matches!(found, Found::Data(_) | Found::Source { .. }) {
                flush |= mask(&stack, run, punch)?;
            }
        }
        Ok(flush)
    }
}

/// The units (all in one region) are zero from now on, whatever is below. Returns whether a flush is due. Call with the stripe
/// held exclusively.
fn mask(stack: &Stack, range: UnitRange, punch: bool) -> Result<bool, VolumeError> {
    let (layer, above) = stack.target();
    let index = range.start.page();
    let page = layer.map.page_to_change(index)?;
    let above = match above {
        Some(above) => above.map.page(index)?.map(|page| (above, page)),
        None => None,
    };
    let mut flush = layer.map.mark_free(index, &page, range, UnitState::Zero, Count::Change, punch);
    if let Some((above, page)) = above {
        // The merge gives its space back.
        flush |= above.map.mark_free(index, &page, range, UnitState::Unwritten, Count::Nothing, false);
    }
    Ok(flush)
}
