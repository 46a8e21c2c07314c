//! The point in time of a snapshot, of one volume or of several at one instant; and its end, thawing.
//!
//! ```text
//!  (a)      a new layer's files, then the record with it                                    durable; nothing uses it yet
//!  (b)      all gates exclusively, the new layers on top, all gates free                    the instant; the whole pause
//!  (c)      flush of all layers but the new ones       the frozen layers are durable as they were at the instant
//!  (d)      the record with "snapshot S = layer N"                                          durable: frozen
//! ```
//! Nothing is flushed before (b). The kernel keeps a write waiting whose file is being written back (measured: 130 ms and more with
//! 1 GiB dirty), so guests must write to the new layers' files by the time the old ones' are synced; and (c) leaves the new ones out.
//! Guests that ask for a flush wait for (c), as they would have waited for their own bytes.
//!
//! A crash before (d) leaves a stack with one more layer and nothing frozen; merging makes one of two. The requests in flight
//! at (b) are not answered yet, so each unit of theirs may be on either side; whatever was answered before is in the snapshot,
//! also across volumes.
//!
//! A set is frozen as a whole: if, after a crash, only some of it is frozen, freezing it again gives all of it one new instant.

use crate::layer::{self, Layer};
use crate::record::{FrozenRecord, LAYERS_MAX, LayerRecord, Record};
use crate::{Volume, VolumeError};
use parking_lot::MutexGuard;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Freezes each volume as its snapshot, all at one instant; durable on return. Repeating it with the same snapshots is fine.
///
/// On an error none of them is frozen, and the volumes are as before, but for a layer that could not be taken back: the next
/// merge removes it.
pub fn freeze(volumes: &[(Arc<Volume>, &str)]) -> Result<(), VolumeError> {
    let done = |(volume, snapshot): &(Arc<Volume>, &str)| volume.record().frozen(snapshot).is_some();
    if volumes.iter().all(done) {
        return Ok(());
    }
    let before: Vec<u32> = volumes.iter().map(|(volume, _)| volume.top_number()).collect();
    let result = Set::lock(volumes).freeze();
    if result.is_err() {
        for ((volume, _), before) in volumes.iter().zip(before) {
            volume.merge_new_layer(before);
        }
    }
    result
}

/// Volumes being frozen, in an order that is the same for everybody.
struct Set<'a>(Vec<One<'a>>);

struct One<'a> {
    volume: &'a Volume,
    snapshots: Vec<&'a str>,
    record: MutexGuard<'a, Record>,
    /// The new layer, once it is in the record.
    layer: Option<Arc<Layer>>,
}

impl<'a> Set<'a> {
    fn lock(volumes: &'a [(Arc<Volume>, &'a str)]) -> Set<'a> {
        let mut sorted: Vec<_> = volumes.iter().collect();
        // A directory is open once, so this is an order of volumes, and the same in every run.
        sorted.sort_by(|(a, _), (b, _)| a.dir.cmp(&b.dir));
        let groups = sorted.chunk_by(|(a, _), (b, _)| Arc::ptr_eq(a, b));
        let ones = groups.filter_map(|group| {
            let (volume, _) = group.first()?;
            let mut snapshots: Vec<&str> = group.iter().map(|(_, snapshot)| *snapshot).collect();
            snapshots.sort_unstable();
            snapshots.dedup();
            Some(One { volume, snapshots, record: volume.record(), layer: None })
        });
        Set(ones.collect())
    }

    fn freeze(mut self) -> Result<(), VolumeError> {
        if self.0.iter().all(One::is_done) {
            return Ok(());
        }
        if let Err(error) = self.0.iter_mut().try_for_each(One::prepare).and_then(|()| self.swap()) {
            self.0.iter_mut().for_each(One::undo);
            return Err(error);
        }
        self.0.iter().try_for_each(One::flush_frozen)?;
        if let Err(error) = self.0.iter_mut().try_for_each(One::finish) {
            // Those that stay frozen because this fails, too, are frozen anew with the set the next time.
            self.0.iter_mut().for_each(|one| drop(one.forget()));
            return Err(error);
        }
        Ok(())
    }

    /// The instant.
    fn swap(&self) -> Result<(), VolumeError> {
        let _pieces: Vec<_> = self.0.iter().map(|one| one.volume.pieces.write()).collect();
        let mut stacks = Vec::with_capacity(self.0.len());
        stacks.extend(self.0.iter().map(|one| one.volume.gate.write()));
        self.0.iter().try_for_each(|one| one.volume.check_writable())?;
        for (stack, one) in stacks.iter_mut().zip(&self.0) {
            stack.layers.extend(one.layer.clone());
            // The lower layer, into which writes went, may be frozen now.
            stack.merging = None;
        }
        Ok(())
    }
}

impl One<'_> {
    fn is_done(&self) -> bool {
        self.snapshots.iter().all(|snapshot| self.record.frozen(snapshot).is_some())
    }

    /// Makes the new layer, and the record with it.
    fn prepare(&mut self) -> Result<(), VolumeError> {
        let volume = self.volume;
        volume.check_writable()?;
        if self.record.layers.len() >= LAYERS_MAX {
            return Err(VolumeError::BadSpec("too many of its snapshots are not stored yet"));
        }
        let entry = LayerRecord { number: self.record.next, epoch: 0, lost: false };
        let size_bytes = volume.size_bytes();
        let mut next = self.without();
        next.layers.push(entry);
        next.next += 1;
        // Where guests write now they will write in a moment, and must not wait then for a file to be made.
        let segments = volume.gate.read().target().0.store.in_use();
        let integrity = volume.has_integrity();
        let made = layer::create(&volume.files, &volume.dir, entry.number, size_bytes, &segments, integrity)
            .and_then(|()| Layer::open(&volume.files, &volume.dir, &entry, size_bytes, false, integrity))
            .and_then(|layer| layer.adopt(&segments).map(|()| layer))
            .and_then(|layer| volume.save(&mut self.record, next).map(|()| layer));
        match made {
            Ok(layer) => self.layer = Some(Arc::new(layer)),
            Err(error) => {
                // Unless it is not sure that the old record holds: the new one, which names the layer, may be there.
                if volume.check_writable().is_ok() {
                    let _ = layer::remove(&volume.files, &volume.dir, entry.number);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes the new layer back, before it was used.
    fn undo(&mut self) {
        let Some(layer) = self.layer.take() else { return };
        let mut next = self.record.clone();
        next.layers.retain(|entry| entry.number != layer.number);
        match self.volume.save(&mut self.record, next) {
            Ok(()) => drop(layer::remove(&self.volume.files, &self.volume.dir, layer.number)),
            // It is in the record, so it must be in the stack: an empty layer on top, which the next merge removes.
            Err(_) => self.volume.gate.write().layers.push(layer),
        }
    }

    /// Makes the layers below the new one durable.
    fn flush_frozen(&self) -> Result<(), VolumeError> {
        match &self.layer {
            Some(layer) => self.volume.flush_below(layer.number),
            None => self.volume.flush(),
        }
    }

    /// The record with the frozen snapshots.
    fn finish(&mut self) -> Result<(), VolumeError> {
        // The layer below the new one, which was the top one at the instant.
        let Some([.., frozen, _]) = self.record.layers.get(..) else {
            return Err(VolumeError::BadSpec("there is no layer to freeze"));
        };
        let (layer, size_bytes) = (frozen.number, self.volume.size_bytes());
        let mut next = self.without();
        next.frozen.extend(self.snapshots.iter().map(|snapshot| FrozenRecord {
            snapshot: (*snapshot).to_owned(),
            layer,
            size_bytes,
        }));
        self.volume.save(&mut self.record, next)
    }

    fn forget(&mut self) -> Result<(), VolumeError> {
        if self.snapshots.iter().all(|snapshot| self.record.frozen(snapshot).is_none()) {
            return Ok(());
        }
        let next = self.without();
        self.volume.save(&mut self.record, next)
    }

    /// The record without the snapshots of the set: an earlier attempt may have frozen some.
    fn without(&self) -> Record {
        let mut record = self.record.clone();
        record.frozen.retain(|frozen| !self.snapshots.contains(&frozen.snapshot.as_str()));
        record
    }
}

impl Volume {
    fn top_number(&self) -> u32 {
        let stack = self.gate.read();
        stack.layers[stack.top()].number
    }

    /// Removes a layer that came to be in vain since the top one had this number: there is little in it. Left to the next merge if
    /// there is more to do, or the disk is still full.
    fn merge_new_layer(&self, before: u32) {
        let alone = self.top_number() != before && self.gate.read().layers.len() == 2;
        if alone && let Some(mut turn) = self.merging.try_lock() {
            let _ = self.merge_in_turn(&mut turn, &AtomicBool::new(false));
        }
    }

    /// The frozen snapshot is not needed any more; durable on return. `stored`: it is the base of the next snapshot, of which only
    /// chunks changed since need storing. One that is not frozen is fine. What it held goes back to the volume with the
    /// next [`Volume::merge`].
    ///
    /// The base stays as it is while an older snapshot is still frozen (its changes are counted since the same base), and while
    /// changed chunks of another one are being read.
    pub fn thaw(&self, snapshot: &str, stored: bool) -> Result<(), VolumeError> {
        let mut record = self.record();
        let mut next = record.clone();
        let Some(at) = next.frozen.iter().position(|frozen| frozen.snapshot == snapshot) else {
            return Ok(());
        };
        let layer = next.frozen.remove(at).layer;
        let older = next.frozen.iter().any(|frozen| frozen.layer < layer);
        let begins = stored && !older && !self.reads_changes_of_others(snapshot);
        let mut layers = 0;
        if begins {
            next.base = Some(snapshot.to_owned());
            for entry in next.layers.iter_mut().filter(|entry| entry.number <= layer) {
                *entry = LayerRecord { epoch: entry.epoch + 1, lost: false, ..*entry };
                layers += 1;
            }
        }
        self.save(&mut record, next)?;
        self.end_reading(snapshot);
        // No gate: these layers take no writes, and what a merge among them still counts is counted too much, not too little.
        let stack = self.gate.read();
        for (layer, entry) in stack.layers.iter().zip(&record.layers).take(layers) {
            layer.begin_epoch(entry.epoch);
        }
        Ok(())
    }

    fn end_reading(&self, snapshot: &str) {
        for reading in self.readings.lock().iter().filter(|reading| reading.snapshot == snapshot) {
            reading.ended.store(true, Ordering::Release);
        }
    }

    fn reads_changes_of_others(&self, snapshot: &str) -> bool {
        self.readings.lock().iter().any(|reading| reading.only_changed && reading.snapshot != snapshot)
    }
}
