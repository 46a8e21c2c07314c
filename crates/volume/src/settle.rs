//! After a crash: units of unsure pages get tags anew, and are checked again from then on.

use crate::geometry::{PageIndex, REGION_BYTES, UNIT, UNITS_PER_PAGE, Unit, UnitRange};
use crate::layer::Layer;
use crate::map::UnitState;
use crate::{Device, Volume, VolumeError};
use cipher::{TAG_BYTES, Tagged, Tagger};
use std::sync::atomic::{AtomicBool, Ordering};

impl Device {
    /// Whether some units are read without being checked, because of a crash or a write that failed. Such units are old or new,
    /// or were changed while the volume was not in use: nobody can tell any more.
    pub fn is_unsure(&self) -> bool {
        !self.volume().unsure_pages().is_empty()
    }

    /// Makes them sure again, while requests go on. Call it in the background after opening; stops with
    /// [`VolumeError::Stopped`], and whatever stops it, the rest stays unsure. Nothing to do is fine.
    pub fn settle(&self, stop: &AtomicBool) -> Result<(), VolumeError> {
        let Some(tagger) = self.lanes().tagger() else { return Ok(()) };
        let volume = self.volume();
        let mut buffer = vec![0; REGION_BYTES as usize];
        for (page, since) in volume.unsure_pages() {
            let units = UnitRange { start: page.first_unit(), count: UNITS_PER_PAGE };
            for region in units.by_region() {
                if stop.load(Ordering::Relaxed) {
                    return Err(VolumeError::Stopped);
                }
                settle_region(volume, tagger, page, region, &mut buffer)?;
            }
            volume.trust(page, since);
        }
        Ok(())
    }
}

fn settle_region(
    volume: &Volume,
    tagger: &Tagger,
    page: PageIndex,
    region: UnitRange,
    buffer: &mut [u8],
) -> Result<(), VolumeError> {
    volume.check_writable()?;
    let _piece = volume.pieces.read();
    let stack = volume.gate.read();
    let _exclusive = volume.stripes.write(region.start);
    for layer in &stack.layers {
        let Some(states) = layer.map.page(page)? else { continue };
        let mut at = region.start;
        while at < region.end() {
            let (state, count) = states.run(at.in_page(), (region.end().0 - at.0) as usize);
            if state == UnitState::Written {
                let bytes = buffer.get_mut(..count * UNIT).unwrap_or_default();
                layer.read(at, bytes)?;
                retag(layer, tagger, at, bytes)?;
            }
            at = at.plus(count.max(1) as u64);
        }
    }
    Ok(())
}

/// Writes the tags of those units that do not match theirs.
fn retag(layer: &Layer, tagger: &Tagger, first: Unit, units: &[u8]) -> Result<(), VolumeError> {
    let mut tags = vec![0; units.len() / UNIT * TAG_BYTES];
    layer.read_tags(first, &mut tags)?;
    for (n, (bytes, tag)) in (0..).zip(units.chunks_exact(UNIT).zip(tags.chunks_exact(TAG_BYTES))) {
        let unit = first.plus(n);
        if !tagger.passes(Tagged::Unit, unit.data_unit(), bytes, tag)? {
            let tag = tagger.tag(Tagged::Unit, unit.data_unit(), bytes)?;
            layer.write_tags(unit, &tag)?;
        }
    }
    Ok(())
}
