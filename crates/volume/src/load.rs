//! Loading from the source: the stored snapshot that the volume was made from.
//!
//! ```text
//!  a chunk that is not loaded      its units are unwritten in the bottom layer (except those written since)
//!  loading it                      fetch and verify (no lock but the chunk's own) → with the stripe held: data of held units
//!                                  into the bottom layer, then the map: held → written, the others → zero. Units that are not
//!                                  unwritten any more stay as they are.
//!  all loaded                      flush → record without "loading" → the source leaves the stack
//! ```
//! A guest's read does not wait for the second half: it takes what it wants from the fetched chunk, and who loads in the background
//! puts that chunk into the layer (`arrived.rs`).
//!
//! What is loaded does not count as changed: the base has it. A chunk that is damaged or missing fails what needs it, and
//! nothing else; a unit of it that is written whole, or zeroed, is healed.

use crate::geometry::{CHUNKS_PER_PAGE, PageIndex, UNIT, Unit, UnitRange};
use crate::map::{Count, UnitState, free_runs};
use crate::record::Record;
use crate::source::Source;
use crate::{Damage, Volume, VolumeError};
use parking_lot::Mutex;
use snapshot::{Chunk, SnapshotError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Chunks between two looks at progress.
const BATCH: usize = 64;

/// What became of a chunk that was wanted.
pub(crate) enum Loaded {
    /// The bottom layer knows its units now.
    Here,
    /// For reading only: the background puts it into the layer; or nobody can (the disk is full, the volume read-only).
    Aside(Arc<Chunk>),
}

impl Volume {
    /// Loads everything that is not loaded yet, and then lets go of the source, durably. Tells how many of the source's chunks
    /// are done. Stops with [`VolumeError::Stopped`]. Goes past damaged chunks and ends with the error of the first; the source
    /// stays then.
    pub fn load_all(&self, progress: &dyn Fn(u64, u64), stop: &AtomicBool) -> Result<(), VolumeError> {
        let Some(source) = self.gate.read().source.clone() else { return Ok(()) };
        let _loader = self.arrived.loader();
        let mut total = 0;
        each_batch(&source, stop, |indices| {
            total += indices.len() as u64;
            Ok(())
        })?;
        progress(0, total);
        let (mut done, mut damage) = (0, None);
        each_batch(&source, stop, |indices| {
            let failed = self.load_chunks(indices, source.at_once(), stop);
            match failed {
                Some(error @ VolumeError::Damaged(_)) => damage = damage.take().or(Some(error)),
                Some(error) => return Err(error),
                None => {}
            }
            done += indices.len() as u64;
            progress(done, total);
            Ok(())
        })?;
        match damage {
            Some(error) => Err(error),
            None => self.drop_source(),
        }
    }

    /// Loads these chunks by several threads. Returns the gravest error: one that is not mere damage first.
    fn load_chunks(&self, indices: &[u32], threads: usize, stop: &AtomicBool) -> Option<VolumeError> {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(None::<VolumeError>));
        env::together("load", threads.clamp(1, indices.len().max(1)), &|| {
            while let Some(index) = indices.get(next.fetch_add(1, Ordering::Relaxed)) {
                let result = match stop.load(Ordering::Relaxed) {
                    true => Err(VolumeError::Stopped),
                    false => self.load_arrived().and_then(|()| self.load_chunk(*index)),
                };
                let Err(error) = result else { continue };
                let mere = matches!(error, VolumeError::Damaged(_));
                let mut failed = failed.lock();
                if failed.is_none() || !mere {
                    *failed = Some(error);
                }
                if !mere {
                    return;
                }
            }
        });
        failed.into_inner()
    }

    /// Puts away what guests have fetched. What cannot be put away is met again as a chunk that is not loaded.
    fn load_arrived(&self) -> Result<(), VolumeError> {
        while let Some(index) = self.arrived.take() {
            self.load_chunk(index)?;
        }
        Ok(())
    }

    /// Loads a chunk for good. Call with no lock held.
    pub(crate) fn load_chunk(&self, chunk: u32) -> Result<(), VolumeError> {
        let loaded = self.load_for_good(chunk);
        self.arrived.done(chunk);
        if loaded? { self.flush() } else { Ok(()) }
    }

    /// Returns whether a flush is due.
    fn load_for_good(&self, chunk: u32) -> Result<bool, VolumeError> {
        let _one_at_a_time = self.fetching(chunk).lock();
        let Some(fetched) = self.fetch(chunk)? else { return Ok(false) };
        self.check_writable()?;
        // The kernel lets one write to a file at a time. Threads in the background wait for each other here, so that a guest's write
        // finds one of them before it and not all.
        let _one_writes = self.loading.lock();
        self.take_in(chunk, &fetched)
    }

    /// Gets a chunk for a reader, unless that is loaded or the source does not hold it. Call with no lock held.
    pub(crate) fn load_chunk_to_read(&self, chunk: u32) -> Result<Loaded, VolumeError> {
        if self.arrived.has_loader() {
            // Without the lock: somebody in the background may be long at it, or at another chunk.
            let Some(fetched) = self.fetch(chunk)? else { return Ok(Loaded::Here) };
            self.arrived.leave(chunk, &fetched);
            return Ok(Loaded::Aside(fetched));
        }
        let lock = self.fetching(chunk).lock();
        let Some(fetched) = self.fetch(chunk)? else { return Ok(Loaded::Here) };
        if self.check_writable().is_err() {
            return Ok(Loaded::Aside(fetched));
        }
        let taken = self.take_in(chunk, &fetched);
        drop(lock);
        match taken {
            Ok(false) => Ok(Loaded::Here),
            Ok(true) => self.flush().map(|()| Loaded::Here),
            Err(VolumeError::NoSpace) => Ok(Loaded::Aside(fetched)),
            Err(error) => Err(error),
        }
    }

    /// The lock that keeps a chunk from being loaded twice at once.
    fn fetching(&self, chunk: u32) -> &Mutex<()> {
        &self.fetching[chunk as usize % self.fetching.len()]
    }

    /// The chunk, verified; `None` if the bottom layer knows all of it or the source does not hold it.
    fn fetch(&self, chunk: u32) -> Result<Option<Arc<Chunk>>, VolumeError> {
        let Some(source) = self.gate.read().source.clone() else { return Ok(None) };
        if !self.lacks(chunk)? {
            return Ok(None);
        }
        if let Some(arrived) = self.arrived.find(chunk) {
            return Ok(Some(arrived));
        }
        let failed = |error| self.failed_source(chunk, error);
        let held = source.held_of(PageIndex::of_chunk(chunk)).map_err(failed)?;
        if held >> (chunk % CHUNKS_PER_PAGE) & 1 == 0 {
            return Ok(None);
        }
        let fetched = source.chunk(chunk).map_err(failed)?.unwrap_or_else(Chunk::empty);
        Ok(Some(Arc::new(fetched)))
    }

    /// Whether the bottom layer does not know of some unit of the chunk.
    fn lacks(&self, chunk: u32) -> Result<bool, VolumeError> {
        let range = UnitRange::of_chunk(chunk, self.size_bytes());
        let stack = self.gate.read();
        let _shared = self.stripes.read(range.start);
        let Some(page) = stack.bottom().map.page(range.start.page())? else { return Ok(range.count > 0) };
        Ok(unwritten(&page, range).next().is_some())
    }

    /// Puts a chunk into the bottom layer. Returns whether a flush is due.
    fn take_in(&self, chunk: u32, fetched: &Chunk) -> Result<bool, VolumeError> {
        let range = UnitRange::of_chunk(chunk, self.size_bytes());
        let index = range.start.page();
        let _piece = self.pieces.read();
        let stack = self.gate.read();
        let bottom = stack.bottom();
        let _exclusive = self.stripes.write(range.start);
        let page = bottom.map.page_to_change(index)?;
        let mut flush = false;
        for (first, bytes) in fetched.runs() {
            let start = range.start.plus(first as u64);
            let inside = range.end().0.saturating_sub(start.0).min((bytes.len() / UNIT) as u64);
            for run in unwritten(&page, UnitRange { start, count: inside }) {
                let at = (run.start.0 - start.0) as usize * UNIT;
                let bytes = bytes.get(at..at + run.count as usize * UNIT).unwrap_or_default();
                bottom.store.write(run.start, bytes)?;
                self.tag_loaded(bottom, run.start, bytes)?;
                flush |= bottom.map.mark_written(index, &page, run, Count::Nothing);
            }
        }
        for run in unwritten(&page, range) {
            flush |= bottom.map.mark_free(index, &page, run, UnitState::Zero, Count::Nothing, false);
        }
        Ok(flush)
    }

    /// Everything is loaded: makes that durable, and then the end of loading.
    fn drop_source(&self) -> Result<(), VolumeError> {
        self.flush()?;
        let mut record = self.record();
        let next = Record { loading: false, ..record.clone() };
        self.save(&mut record, next)?;
        self.gate.write().source = None;
        Ok(())
    }

    /// A failure of the source. Damage is told; what may heal by itself is not.
    fn failed_source(&self, chunk: u32, error: SnapshotError) -> VolumeError {
        let what = error.to_string();
        match error {
            SnapshotError::Damaged { .. } | SnapshotError::Newer { .. } => {
                let told = VolumeError::Damaged(format!(
                    "chunk {chunk} of the snapshot that the volume is loaded from: {what}"
                ));
                (self.on_damage)(Damage { volume: self.volume_id().to_owned(), chunk, what });
                told
            }
            _ => VolumeError::Source(what),
        }
    }
}

/// The runs of unwritten units in the range, which lies in one page.
fn unwritten(page: &crate::map::Page, range: UnitRange) -> impl Iterator<Item = UnitRange> {
    free_runs(page, range).flat_map(move |free| {
        let mut at = free.start.0;
        std::iter::from_fn(move || {
            while at < free.end().0 {
                let (state, count) = page.run(Unit(at).in_page(), (free.end().0 - at) as usize);
                let run = UnitRange { start: Unit(at), count: (count as u64).max(1) };
                at += run.count;
                if state == UnitState::Unwritten {
                    return Some(run);
                }
            }
            None
        })
    })
}

/// The source's chunks, some at a time.
fn each_batch(
    source: &Source,
    stop: &AtomicBool,
    mut work: impl FnMut(&[u32]) -> Result<(), VolumeError>,
) -> Result<(), VolumeError> {
    let mut from = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(VolumeError::Stopped);
        }
        let indices = source.indices(from, BATCH).map_err(|e| match e {
            SnapshotError::Damaged { .. } => VolumeError::Damaged(e.to_string()),
            other => VolumeError::Source(other.to_string()),
        })?;
        let Some(last) = indices.last() else { return Ok(()) };
        from = last + 1;
        work(&indices)?;
    }
}
