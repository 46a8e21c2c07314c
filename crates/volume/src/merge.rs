//! Making one layer of two, while requests go on.
//!
//! ```text
//!  layers[k+1]  upper   ──units, as ciphertext──►   layers[k]  lower        k: the lowest layer that is not frozen
//! ```
//! Region by region, with the stripe held: what is written above is written below and marked there, then marked "look below"
//! above; "zero" likewise. So at any time, and after a crash at any time (flush order: `flush.rs`), the stack says the same. If
//! the upper layer is the top one, guests' writes go straight to the lower one meanwhile. An upper layer that is empty, durably,
//! leaves the record and then the stack. A snapshot frozen at the upper layer is frozen at the lower one then.
//!
//! The lower layer must not be frozen: it changes. The upper one may be: what it and those below it say together stays the same.

use crate::geometry::{PageIndex, REGION_BYTES, UNIT, UNITS_PER_PAGE, UnitRange};
use crate::layer::{self, Layer};
use crate::map::{Count, Page, UnitState};
use crate::stack::Stack;
use crate::{Volume, VolumeError};
use cipher::TAG_BYTES;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Bytes moved between two flushes. Until then they take space twice, and a snapshot that comes between waits for their sync.
const FLUSH_EVERY: u64 = 512 << 20;

/// Its lock is held by the merge that runs.
#[derive(Default)]
pub(crate) struct Turn;

/// Two layers to be made one.
struct Pair {
    /// Its place in the stack.
    place: usize,
    lower: Arc<Layer>,
    upper: Arc<Layer>,
}

/// What became of a region.
struct Moved {
    bytes: u64,
    /// So much is pending that a flush is due.
    flush: bool,
}

impl Pair {
    /// Whether nothing was frozen or merged since.
    fn stands(&self, stack: &Stack) -> bool {
        let is = |place: usize, layer| stack.layers.get(place).is_some_and(|l| Arc::ptr_eq(l, layer));
        stack.merging == Some(self.place) && is(self.place, &self.lower) && is(self.place + 1, &self.upper)
    }
}

impl Volume {
    /// Merges layers as long as there are two of which the lower one is not frozen. May take long; nothing to do is fine. Stops with
    /// [`VolumeError::Stopped`]; after that, or a full disk, or a crash, the next merge goes on.
    pub fn merge(&self, stop: &AtomicBool) -> Result<(), VolumeError> {
        self.merge_in_turn(&mut self.merging.lock(), stop)
    }

    /// The same for who holds the turn already.
    pub(crate) fn merge_in_turn(&self, _turn: &mut Turn, stop: &AtomicBool) -> Result<(), VolumeError> {
        while let Some(pair) = self.next_pair()? {
            // The upper layer, which takes no more writes, must be durable before its units go over the lower layer's: else a
            // crash could leave their bytes below, and neither layer's map would say that the chunk changed.
            self.flush()?;
            if self.move_down(&pair, stop)? {
                self.drop_upper(&pair)?;
            }
        }
        Ok(())
    }

    fn next_pair(&self) -> Result<Option<Pair>, VolumeError> {
        let record = self.record();
        let frozen = |number| record.frozen.iter().any(|frozen| frozen.layer == number);
        let pairs = record.layers.len() - 1;
        let Some(place) = record.layers.iter().take(pairs).position(|layer| !frozen(layer.number)) else {
            return Ok(None);
        };
        self.check_writable()?;
        let mut stack = self.gate.write();
        let (Some(lower), Some(upper)) = (stack.layers.get(place), stack.layers.get(place + 1)) else {
            return Ok(None);
        };
        let pair = Pair { place, lower: lower.clone(), upper: upper.clone() };
        if pair.upper.has_uncounted() {
            pair.lower.set_uncounted();
        }
        stack.merging = Some(place);
        Ok(Some(pair))
    }

    /// Moves everything. Returns whether the upper layer is empty now: not if a snapshot came between.
    fn move_down(&self, pair: &Pair, stop: &AtomicBool) -> Result<bool, VolumeError> {
        let mut buffer = vec![0; REGION_BYTES as usize];
        let (mut from, mut moved) = (PageIndex(0), 0);
        while let Some((index, page)) = pair.upper.map.next_page(from)? {
            let units = UnitRange { start: index.first_unit(), count: UNITS_PER_PAGE };
            for range in units.by_region() {
                if stop.load(Ordering::Relaxed) {
                    return Err(VolumeError::Stopped);
                }
                match self.move_region(pair, &page, range, &mut buffer)? {
                    None => return Ok(false),
                    Some(region) if region.flush || moved + region.bytes >= FLUSH_EVERY => {
                        moved = 0;
                        self.flush()?;
                    }
                    Some(region) => moved += region.bytes,
                }
            }
            from = PageIndex(index.0 + 1);
        }
        Ok(true)
    }

    /// Moves what a region has in the upper layer. `None` if the plan does not stand any more.
    fn move_region(
        &self,
        pair: &Pair,
        page: &Arc<Page>,
        range: UnitRange,
        buffer: &mut [u8],
    ) -> Result<Option<Moved>, VolumeError> {
        let _piece = self.pieces.read();
        let stack = self.gate.read();
        if !pair.stands(&stack) {
            return Ok(None);
        }
        self.check_writable()?;
        let _exclusive = self.stripes.write(range.start);
        let (index, lower, upper) = (range.start.page(), &pair.lower.map, &pair.upper.map);
        // Below the bottom is nothing, so that zeros there need no mark.
        let nothing_below = pair.place == 0 && stack.source.is_none();
        let changed = pair.upper.changed(page) & range.chunk_bits();
        if changed != 0 {
            // Before the units move: until then, the upper layer says what changed. (If it lost changes, that is whatever it holds.)
            lower.add_changed(index, &lower.page_to_change(index)?, changed);
        }
        let (mut rest, mut flush, mut moved) = (range, false, 0);
        while rest.count > 0 {
            let (state, count) = page.run(rest.start.in_page(), rest.count as usize);
            let run = UnitRange { start: rest.start, count: count as u64 };
            rest = UnitRange { start: run.end(), count: rest.count - run.count };
            match state {
                UnitState::Unwritten => continue,
                UnitState::Written => {
                    let bytes = buffer.get_mut(..count * UNIT).unwrap_or_default();
                    let below = lower.page_to_change(index)?;
                    pair.upper.read(run.start, bytes)?;
                    pair.lower.store.write(run.start, bytes)?;
                    self.move_tags(pair, run)?;
                    moved += bytes.len() as u64;
                    flush |= lower.mark_written(index, &below, run, Count::Nothing);
                }
                UnitState::Zero if nothing_below => {
                    if let Some(below) = lower.page(index)? {
                        flush |= lower.mark_zero(index, &below, run, Count::Nothing, true);
                    }
                }
                UnitState::Zero => {
                    let below = lower.page_to_change(index)?;
                    flush |= lower.mark_free(index, &below, run, UnitState::Zero, Count::Nothing, true);
                }
            }
            flush |= upper.mark_free(index, page, run, UnitState::Unwritten, Count::Nothing, false);
        }
        // All of the region at once: guests' writes have taken units out of it, too.
        flush |= upper.punch(index, page, range);
        Ok(Some(Moved { bytes: moved, flush }))
    }

    /// Their tags move with the units.
    fn move_tags(&self, pair: &Pair, run: UnitRange) -> Result<(), VolumeError> {
        if !self.has_integrity() {
            return Ok(());
        }
        let mut tags = vec![0; run.count as usize * TAG_BYTES];
        pair.upper.read_tags(run.start, &mut tags)?;
        pair.lower.write_tags(run.start, &tags)
    }

    /// The upper layer is empty: makes that durable, and takes it out of the record and the stack.
    fn drop_upper(&self, pair: &Pair) -> Result<(), VolumeError> {
        self.flush()?;
        let mut record = self.record();
        if !pair.stands(&self.gate.read()) {
            return Ok(());
        }
        let (lower, upper) = (pair.lower.number, pair.upper.number);
        let mut next = record.clone();
        next.layers.retain(|layer| layer.number != upper);
        next.frozen.iter_mut().filter(|f| f.layer == upper).for_each(|frozen| frozen.layer = lower);
        self.save(&mut record, next)?;
        {
            let mut stack = self.gate.write();
            stack.layers.remove(pair.place + 1);
            stack.merging = None;
        }
        drop(record);
        // What stays of it is cleared away when the volume is opened the next time.
        let _ = layer::remove(&self.files, &self.dir, upper);
        Ok(())
    }
}
