//! What a range consists of, for clients that skip what is zero (NBD block status).

use crate::geometry::{DATA_UNIT_BYTES, Unit};
use crate::stack::Found;
use crate::{Device, Volume, VolumeError};

/// A stretch of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Bytes.
    pub len: u64,
    pub kind: ExtentKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtentKind {
    /// Written, or not loaded from the source yet.
    Data,
    /// Reads as zeros. `hole`: surely takes no space (never written). A zeroed stretch may still take space until the next
    /// flush, or longer if the client asked to keep it.
    Zero { hole: bool },
}

impl Device {
    /// The extents of the range in order, each as long as it goes, the last one cut at the end of the range; at most `max`
    /// of them, so they may end before the range does. Empty for an empty range. Loads nothing.
    pub fn extents(&self, offset: u64, len: u64, max: usize) -> Result<Vec<Extent>, VolumeError> {
        self.volume().check_range(offset, len)?;
        let (mut at, end) = (offset, offset + len);
        let mut extents: Vec<Extent> = Vec::new();
        while at < end {
            let (kind, until) = self.volume().stretch(at)?;
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
}

impl Volume {
    /// What is at a byte, and a later byte up to which it is the same (not further than the map page).
    fn stretch(&self, at: u64) -> Result<(ExtentKind, u64), VolumeError> {
        let unit = Unit::at(at);
        let look = || {
            let stack = self.gate.read();
            let (found, count) = stack.find(stack.top(), unit, unit.left_in_page() as usize)?;
            let kind = match found {
                Found::Nothing => ExtentKind::Zero { hole: true },
                Found::Zero => ExtentKind::Zero { hole: false },
                Found::Data(_) | Found::Source { known: true, .. } => ExtentKind::Data,
                Found::Source { known: false, .. } => return Ok((None, count, stack.source.clone())),
            };
            Ok::<_, VolumeError>((Some(kind), count, None))
        };
        let (mut kind, mut count, source) = look()?;
        if let Some(source) = source {
            // What cannot be learned counts as data: reading it tells why.
            if source.held_of(unit.page()).is_ok() {
                (kind, count, _) = look()?;
            }
        }
        Ok((kind.unwrap_or(ExtentKind::Data), (unit.0 + count as u64) * DATA_UNIT_BYTES))
    }
}
