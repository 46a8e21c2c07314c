//! A layer: the writes of a volume between two snapshots. A map and data files in a directory of their own; the bottom layer's
//! is the volume's.
//!
//! ```text
//!  <directory of the volume>/map, data.0000, …               layer 0, always the bottom one
//!  <directory of the volume>/layer.0007/map, data.0000, …    the others; the record says in which order
//!  tags.0000, … beside the data, if the volume has integrity
//! ```

use crate::geometry::pages_of;
use crate::map::Map;
use crate::map::slot::PAGE_BYTES;
use crate::record::LayerRecord;
use crate::store::{Holds, Store};
use crate::{VolumeError, geometry::Unit};
use env::Files;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) const MAP_FILE: &str = "map";
/// Begins the name of a layer's directory.
const DIRECTORY: &str = "layer.";

pub(crate) struct Layer {
    pub number: u32,
    pub map: Map,
    pub store: Store,
    /// Of its units, if the volume has integrity.
    tags: Option<Store>,
    /// Changes may be missing in the map: whatever the layer touches counts as changed.
    lost: AtomicBool,
    /// It may hold units whose chunk does not count as changed, so that overwriting one in place needs the record's flag.
    uncounted: AtomicBool,
}

impl Layer {
    /// Opens the layer of a volume of so many bytes. With `source`, units may have been loaded into it.
    pub fn open(
        files: &Arc<dyn Files>,
        volume: &Path,
        record: &LayerRecord,
        size_bytes: u64,
        source: bool,
        integrity: bool,
    ) -> Result<Layer, VolumeError> {
        let dir = directory(volume, record.number);
        let file = match files.open(&dir.join(MAP_FILE), false) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                return Err(VolumeError::Damaged(format!("the map of layer {} is missing", record.number)));
            }
            Err(e) => return Err(VolumeError::io("opening the map")(e)),
        };
        let (found, expected) =
            (file.len().map_err(VolumeError::io("measuring the map"))?, map_bytes(size_bytes));
        // It may be longer: the power went while the volume was growing.
        if found < expected {
            let number = record.number;
            return Err(VolumeError::Damaged(format!(
                "the map of layer {number} has {found} bytes instead of {expected}"
            )));
        }
        Ok(Layer {
            number: record.number,
            map: Map::new(file, size_bytes, record.epoch),
            tags: integrity.then(|| Store::new(files.clone(), dir.clone(), Holds::Tags)),
            store: Store::new(files.clone(), dir, Holds::Data),
            lost: AtomicBool::new(record.lost),
            uncounted: AtomicBool::new(record.epoch > 0 || source),
        })
    }

    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// A base was stored: counting begins anew.
    pub fn begin_epoch(&self, epoch: u64) {
        self.map.set_epoch(epoch);
        self.lost.store(false, Ordering::Release);
        self.set_uncounted();
    }

    pub fn has_uncounted(&self) -> bool {
        self.uncounted.load(Ordering::Acquire)
    }

    /// Units come into the layer without counting as changed.
    pub fn set_uncounted(&self) {
        self.uncounted.store(true, Ordering::Release);
    }

    /// Chunks of a page that changed since the base, one bit each.
    pub fn changed(&self, page: &crate::map::Page) -> u64 {
        if self.is_lost() { page.chunks(true) } else { page.changed(self.map.epoch()) }
    }

    /// Reads units that the map says are written here.
    pub fn read(&self, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
        self.store.read(first, bytes)
    }

    /// [`Layer::read`], unless it would wait for the disk: then `false`, and `bytes` holds anything.
    pub fn read_at_once(&self, first: Unit, bytes: &mut [u8]) -> Result<bool, VolumeError> {
        self.store.read_at_once(first, bytes)
    }

    /// Lets the disk begin to read units and their tags.
    pub fn will_need(&self, first: Unit, count: u64) {
        self.store.will_need(first, count);
        if let Some(tags) = &self.tags {
            tags.will_need(first, count);
        }
    }

    /// Reads the tags of units that the map says are written here.
    pub fn read_tags(&self, first: Unit, tags: &mut [u8]) -> Result<(), VolumeError> {
        self.tags.as_ref().map_or(Ok(()), |store| store.read(first, tags))
    }

    /// Writes the tags of units, after the units.
    pub fn write_tags(&self, first: Unit, tags: &[u8]) -> Result<(), VolumeError> {
        self.tags.as_ref().map_or(Ok(()), |store| store.write(first, tags))
    }

    /// Opens the files of these numbers, which [`create`] has made.
    pub fn adopt(&self, segments: &[u64]) -> Result<(), VolumeError> {
        self.store.adopt(segments)?;
        self.tags.as_ref().map_or(Ok(()), |tags| tags.adopt(segments))
    }

    /// Makes all units and tags written before this call durable.
    pub fn sync(&self) -> io::Result<()> {
        self.store.sync()?;
        self.tags.as_ref().map_or(Ok(()), Store::sync)
    }

    /// Whether something is not durable.
    pub fn is_dirty(&self) -> bool {
        self.store.is_dirty() || self.tags.as_ref().is_some_and(Store::is_dirty) || !self.map.is_clean()
    }
}

/// Makes an empty layer, with empty data files (and files of tags) of these numbers, durably; what an interrupted attempt left is cleared away.
pub(crate) fn create(
    files: &Arc<dyn Files>,
    volume: &Path,
    number: u32,
    size_bytes: u64,
    segments: &[u64],
    integrity: bool,
) -> Result<(), VolumeError> {
    let dir = directory(volume, number);
    if number != 0 {
        remove(files, volume, number)?;
        files.create_dir_all(&dir).map_err(VolumeError::io("making a layer's directory"))?;
    }
    // The map has its full length from the start (sparse), so that a cut map is noticed and not read as zeros.
    let map = files.open(&dir.join(MAP_FILE), true).map_err(VolumeError::io("making the map"))?;
    map.set_len(map_bytes(size_bytes))
        .and_then(|()| map.sync_data())
        .map_err(VolumeError::io("sizing the map"))?;
    let kinds: &[Holds] = if integrity { &[Holds::Data, Holds::Tags] } else { &[Holds::Data] };
    for (holds, segment) in kinds.iter().flat_map(|holds| segments.iter().map(move |n| (holds, *n))) {
        let path = dir.join(holds.file_name(segment));
        files.open(&path, true).map_err(VolumeError::io("making a data file"))?;
    }
    files.sync_dir(&dir).map_err(VolumeError::io("syncing a layer's directory"))?;
    if number != 0 {
        files.sync_dir(volume).map_err(VolumeError::io("syncing the volume's directory"))?;
    }
    Ok(())
}

/// Removes a layer that no record names; fine if it is gone.
pub(crate) fn remove(files: &Arc<dyn Files>, volume: &Path, number: u32) -> Result<(), VolumeError> {
    match files.remove_dir_all(&directory(volume, number)) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(VolumeError::io("removing a layer")(e)),
        _ => Ok(()),
    }
}

/// Removes the layers that no record names: a freeze or a merge was interrupted. One that stays costs space only.
pub(crate) fn remove_others(files: &Arc<dyn Files>, volume: &Path, layers: &[LayerRecord]) {
    for name in files.list(volume).unwrap_or_default() {
        let number = name.to_str().and_then(|name| name.strip_prefix(DIRECTORY)?.parse::<u32>().ok());
        if let Some(number) = number
            && !layers.iter().any(|layer| layer.number == number)
        {
            let _ = remove(files, volume, number);
        }
    }
}

pub(crate) fn directory(volume: &Path, number: u32) -> PathBuf {
    if number == 0 { volume.into() } else { volume.join(format!("{DIRECTORY}{number:04}")) }
}

/// Length of the map file.
pub(crate) fn map_bytes(size_bytes: u64) -> u64 {
    pages_of(size_bytes) * PAGE_BYTES as u64
}
