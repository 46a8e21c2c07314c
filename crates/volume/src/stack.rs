//! The stack of layers, and where a unit's bytes are.
//!
//! ```text
//!   layers[2]  top: takes the writes          a unit that is unwritten in a layer is looked for in the one below;
//!   layers[1]  frozen                         "zero" ends the search
//!   layers[0]  bottom
//!   source     a stored snapshot, while the volume is loading from it: what is found here is loaded into the bottom layer
//!   nothing    zeros
//! ```
//! While the top layer is being merged into the one below it, writes go straight to that one, and the unit is marked "look
//! below" in the top layer.

use crate::VolumeError;
use crate::geometry::Unit;
use crate::layer::Layer;
use crate::map::UnitState;
use crate::source::{Holds, Source};
use std::sync::Arc;

/// What a volume consists of at an instant. Changed only while its gate is held exclusively.
pub(crate) struct Stack {
    /// Bottom first; at least one.
    pub layers: Vec<Arc<Layer>>,
    /// The place of the layer into which the one above it is being merged.
    pub merging: Option<usize>,
    /// While the volume is loading.
    pub source: Option<Arc<Source>>,
}

/// Where a unit's bytes are.
pub(crate) enum Found<'a> {
    /// In this layer.
    Data(&'a Arc<Layer>),
    /// They are zeros: a layer says so.
    Zero,
    /// They are zeros: nobody knows of the unit.
    Nothing,
    /// In the source, which holds this chunk (or is not known not to) and must be asked, with no lock held.
    Source { chunk: u32, known: bool },
}

impl Stack {
    /// One layer and nothing below it.
    pub fn plain(&self) -> Option<&Arc<Layer>> {
        match (&self.layers[..], &self.source) {
            ([only], None) => Some(only),
            _ => None,
        }
    }

    pub fn bottom(&self) -> &Arc<Layer> {
        &self.layers[0]
    }

    /// The place of the top layer.
    pub fn top(&self) -> usize {
        self.layers.len() - 1
    }

    /// The layer that takes writes, and the one above it, if any, which must not hold what is written.
    pub fn target(&self) -> (&Arc<Layer>, Option<&Arc<Layer>>) {
        let top = self.top();
        match self.merging {
            Some(lower) if lower + 1 == top => (&self.layers[lower], Some(&self.layers[top])),
            _ => (&self.layers[top], None),
        }
    }

    /// Where the units from `unit` on are, seen from the layer at `from` downwards, and how many of them (at most `max`, all in
    /// one map page) are there alike. Call with the stripe held if the bytes are to be read.
    pub fn find(&self, from: usize, unit: Unit, max: usize) -> Result<(Found<'_>, usize), VolumeError> {
        let mut max = max;
        for layer in self.layers[..=from].iter().rev() {
            let Some(page) = layer.map.page(unit.page())? else { continue };
            let (state, count) = page.run(unit.in_page(), max);
            max = count;
            match state {
                UnitState::Unwritten => {}
                UnitState::Written => return Ok((Found::Data(layer), count)),
                UnitState::Zero => return Ok((Found::Zero, count)),
            }
        }
        let Some(source) = &self.source else { return Ok((Found::Nothing, max)) };
        let (chunk, in_chunk) = (unit.chunk(), max.min(unit.left_in_chunk() as usize));
        Ok(match source.holds(chunk) {
            Holds::Not => (Found::Nothing, in_chunk),
            Holds::It => (Found::Source { chunk, known: true }, in_chunk),
            Holds::Unknown => (Found::Source { chunk, known: false }, in_chunk),
        })
    }
}
