//! A frozen snapshot as a source of chunks: the volume's ciphertext as it was at the instant, whatever is written, merged or
//! loaded meanwhile.

use crate::device::Step;
use crate::geometry::{CHUNKS_PER_PAGE, PageIndex, UNIT, UnitRange, chunks_of};
use crate::layer::Layer;
use crate::source::Source;
use crate::stack::{Found, Stack};
use crate::{Volume, VolumeError};
use snapshot::{CHUNK_BYTES, Chunk, ChunkSource, SnapshotError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Somebody reads a frozen snapshot.
pub(crate) struct Reading {
    pub snapshot: String,
    pub only_changed: bool,
    /// It was thawed: the layers may say something else now.
    pub ended: AtomicBool,
}

struct FrozenSource {
    volume: Arc<Volume>,
    reading: Arc<Reading>,
    /// Number of the frozen layer. When that is merged into the one below, which then has the highest number up to this one,
    /// the snapshot is there.
    layer: u32,
    size_bytes: u64,
}

impl Volume {
    /// The frozen snapshot's chunks; [`VolumeError::NotFrozen`] if it is not frozen (any more). With `only_changed`, those alone
    /// that may differ from the base ([`Volume::base`]), which stays the same for as long as the source lives; one that holds
    /// nothing now is listed, too.
    pub fn frozen(
        self: &Arc<Self>,
        snapshot: &str,
        only_changed: bool,
    ) -> Result<Arc<dyn ChunkSource>, VolumeError> {
        let record = self.record();
        let Some(frozen) = record.frozen(snapshot) else {
            return Err(VolumeError::NotFrozen(snapshot.to_owned()));
        };
        if only_changed && record.base.is_none() {
            return Err(VolumeError::BadSpec("there is no base that chunks could differ from"));
        }
        let reading =
            Arc::new(Reading { snapshot: snapshot.to_owned(), only_changed, ended: AtomicBool::new(false) });
        self.readings.lock().push(reading.clone());
        let (layer, size_bytes) = (frozen.layer, frozen.size_bytes);
        Ok(Arc::new(FrozenSource { volume: self.clone(), reading, layer, size_bytes }))
    }
}

impl Drop for FrozenSource {
    fn drop(&mut self) {
        self.volume.readings.lock().retain(|reading| !Arc::ptr_eq(reading, &self.reading));
    }
}

impl FrozenSource {
    /// The place of the layer that is frozen.
    fn place(&self, stack: &Stack) -> Result<usize, VolumeError> {
        let layers = stack.layers.partition_point(|layer| layer.number <= self.layer);
        match self.reading.ended.load(Ordering::Acquire) {
            true => Err(VolumeError::NotFrozen(self.reading.snapshot.clone())),
            // The bottom layer has number 0.
            false => Ok(layers.saturating_sub(1)),
        }
    }

    fn try_chunk(&self, range: UnitRange) -> Result<Step<Chunk>, VolumeError> {
        let _piece = self.volume.pieces.read();
        let stack = self.volume.gate.read();
        let place = self.place(&stack)?;
        // Frozen layers change by a merge alone, which begins with the gate held, and their tags by settling, before which their page
        // is unsure. So guests, who write above, need not wait for us. (What is loaded meanwhile has its bytes before its mark.)
        let changes = stack.merging.is_some() || self.volume.is_unsure(range.start.page());
        let _shared = changes.then(|| self.volume.stripes.read(range.start));
        let mut bytes = vec![0; CHUNK_BYTES];
        let (mut at, mut present) = (0, 0u128);
        while at < range.count as usize {
            let unit = range.start.plus(at as u64);
            let (found, count) = stack.find(place, unit, range.count as usize - at)?;
            match found {
                Found::Data(layer) => {
                    let run = bytes.get_mut(at * UNIT..(at + count) * UNIT).unwrap_or_default();
                    layer.read(unit, run)?;
                    self.volume.check_units_without_key(layer, unit, run)?;
                    present |= (u128::MAX >> (128 - count)) << at;
                }
                Found::Zero | Found::Nothing => {}
                Found::Source { chunk, .. } => return Ok(Step::Fetch(chunk)),
            }
            at += count;
        }
        drop(stack);
        Ok(Step::Done(chunk_of(bytes, present)))
    }

    fn parts(&self) -> Result<Parts, VolumeError> {
        let stack = self.volume.gate.read();
        let place = self.place(&stack)?;
        // Changes are counted in layers only.
        let source = stack.source.clone().filter(|_| !self.reading.only_changed);
        Ok(Parts { layers: stack.layers[..=place].iter().rev().cloned().collect(), source })
    }

    /// Chunks of one page that are to be listed, one bit each. Without locks: a merge marks a unit in the lower layer before it
    /// takes it out of the upper one, and the upper one is looked at first.
    fn listed(&self, parts: &Parts, page: PageIndex) -> Result<u64, SnapshotError> {
        let mut chunks = 0;
        for layer in &parts.layers {
            let Some(page) = layer.map.page(page).map_err(told)? else { continue };
            chunks |= if self.reading.only_changed { layer.changed(&page) } else { page.chunks(false) };
        }
        match &parts.source {
            Some(source) => Ok(chunks | source.held_of(page)?),
            None => Ok(chunks),
        }
    }
}

/// What a frozen snapshot consists of.
struct Parts {
    /// Top first.
    layers: Vec<Arc<Layer>>,
    /// Below them, while the volume is loading.
    source: Option<Arc<Source>>,
}

impl Parts {
    /// The first page at or after `from` of which anything may be listed.
    fn next_page(&self, from: PageIndex) -> Result<Option<PageIndex>, SnapshotError> {
        let mut next: Option<PageIndex> = None;
        let mut offer = |page: PageIndex| next = Some(next.map_or(page, |next| next.min(page)));
        for layer in &self.layers {
            if let Some((page, _)) = layer.map.next_page(from).map_err(told)? {
                offer(page);
            }
        }
        if let Some(source) = &self.source
            && let Some(chunk) = source.indices(from.first_chunk(), 1)?.first()
        {
            offer(PageIndex::of_chunk(*chunk));
        }
        Ok(next)
    }
}

impl ChunkSource for FrozenSource {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn indices(&self, from: u32, max: usize) -> Result<Vec<u32>, SnapshotError> {
        let parts = self.parts().map_err(told)?;
        let (mut found, mut at, end) = (Vec::new(), from, chunks_of(self.size_bytes));
        while found.len() < max && at < end {
            let Some(page) = parts.next_page(PageIndex::of_chunk(at))? else { break };
            let (chunks, first) = (self.listed(&parts, page)?, page.first_chunk());
            let indices = (0..CHUNKS_PER_PAGE).filter(|n| chunks >> n & 1 == 1).map(|n| first + n);
            let rest = max - found.len();
            found.extend(indices.filter(|index| (at..end).contains(index)).take(rest));
            at = first + CHUNKS_PER_PAGE;
        }
        // What was listed counts only if the layers were frozen throughout.
        self.parts().map_err(told)?;
        Ok(found)
    }

    fn chunk(&self, index: u32) -> Result<Option<Chunk>, SnapshotError> {
        let range = UnitRange::of_chunk(index, self.size_bytes);
        loop {
            let tried = self.try_chunk(range).inspect_err(|_| self.volume.tell_damage());
            match tried.map_err(told)? {
                Step::Done(chunk) => return Ok(Some(chunk).filter(|chunk| !chunk.is_empty())),
                Step::Fetch(chunk) => self.volume.load_chunk(chunk).map_err(told)?,
            }
        }
    }
}

/// The units whose bit is set.
fn chunk_of(bytes: Vec<u8>, present: u128) -> Chunk {
    if present == u128::MAX {
        // The buffer has the length of a chunk.
        return Chunk::full(bytes).unwrap_or_else(Chunk::empty);
    }
    let mut chunk = Chunk::empty();
    for (n, unit) in bytes.chunks_exact(UNIT).enumerate() {
        if present >> n & 1 == 1 {
            let _ = chunk.push(n, unit);
        }
    }
    chunk
}

/// The failure as who reads chunks knows failures.
fn told(error: VolumeError) -> SnapshotError {
    let what = error.to_string();
    match error {
        VolumeError::Damaged(_) => SnapshotError::Damaged { object: "the volume".into(), what },
        VolumeError::NotFrozen(_) => SnapshotError::Refused(what),
        other => SnapshotError::Volume { what, no_space: matches!(other, VolumeError::NoSpace) },
    }
}
