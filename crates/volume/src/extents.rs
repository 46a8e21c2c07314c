//! What a range consists of, for clients that skip what is zero (NBD block status).

use crate::geometry::{DATA_UNIT_BYTES, UNITS_PER_PAGE, Unit};
use crate::map::UnitState;
use crate::{Volume, VolumeError};

/// A stretch of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes.
    pub len: u64,
    pub kind: ExtentKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtentKind {
    Data,
    /// Reads as zeros. `hole`: surely takes no space (never written). A zeroed stretch may still take space until the next
    /// flush, or longer if the client asked to keep it.
    Zero {
        hole: bool,
    },
}

impl Volume {
    /// The extents of the range in order, each as long as it goes, the last one cut at the end of the range; at most `max`
    /// of them, so they may end before the range does. Empty for an empty range.
    pub fn extents(&self, offset: u64, len: u64, max: usize) -> Result<Vec<Extent>, VolumeError> {
        self.check_range(offset, len)?;
        let (mut at, end) = (offset, offset + len);
        let mut extents: Vec<Extent> = Vec::new();
        while at < end {
            let (kind, until) = self.stretch(at)?;
            let len = until.min(end) - at;
            let full = extents.len() == max;
            match extents.last_mut() {
                Some(last) if last.kind == kind => last.len += len,
                _ if full => break,
                _ => extents.push(Extent { len, kind }),
            }
            at += len;
        }
        Ok(extents)
    }

    /// What is at a byte, and a later byte up to which it is the same (not further than the map page).
    fn stretch(&self, at: u64) -> Result<(ExtentKind, u64), VolumeError> {
        let unit = Unit::at(at);
        let Some(page) = self.map.page(unit.page())? else {
            return Ok((ExtentKind::Zero { hole: true }, unit.plus(unit.left_in_page()).offset()));
        };
        let (state, count) = page.run(unit.in_page(), UNITS_PER_PAGE as usize);
        let kind = match state {
            UnitState::Unwritten => ExtentKind::Zero { hole: true },
            UnitState::Written => ExtentKind::Data,
            UnitState::Zero => ExtentKind::Zero { hole: false },
        };
        Ok((kind, (unit.0 + count as u64) * DATA_UNIT_BYTES))
    }
}
