//! Checking a layer: its map, page by page and slot by slot, and the data that the map names.

use super::head::page_bytes;
use super::{Check, Severity};
use crate::geometry::{DATA_UNIT_BYTES, PageIndex, SEGMENT_BYTES, UNITS_PER_PAGE, Unit, pages_of};
use crate::layer::{MAP_FILE, directory, map_bytes};
use crate::map::slot::{self, PAGE_BYTES, PageOnDisk, SLOT_BYTES, Slot};
use crate::map::{Page, UnitState};
use crate::record::LayerRecord;
use crate::{Superblock, VolumeError};
use env::File;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// The number of a data file.
pub(super) fn segment(name: &str) -> Option<u64> {
    name.strip_prefix("data.").and_then(|number| number.parse().ok())
}

/// A layer that is being checked.
struct Look {
    dir: PathBuf,
    size: u64,
    /// In an encrypted volume a hole under a written unit is no zeros that somebody wrote.
    encrypted: bool,
    /// Data files that were looked for; `None`: not there.
    data: BTreeMap<u64, Option<Opened>>,
}

/// A data file and its length.
type Opened = (Arc<dyn File>, u64);

impl Check<'_> {
    pub(super) fn layer(&mut self, superblock: &Superblock, record: &LayerRecord) -> Result<(), VolumeError> {
        let (size, encrypted) = (superblock.size_bytes, superblock.encryption.is_some());
        let mut look =
            Look { dir: directory(self.dir, record.number), size, encrypted, data: BTreeMap::new() };
        let path = look.dir.join(MAP_FILE);
        let map = match self.files.open(&path, false) {
            Ok(map) => map,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let follows = "the volume cannot be opened";
                self.tell_of(Severity::Damage, path, None, "it is missing".into(), follows);
                return Ok(());
            }
            Err(e) => return Err(VolumeError::io("opening the map")(e)),
        };
        let (len, expected) = (map.len().map_err(reading)?, map_bytes(size));
        if len < expected {
            let what = format!("it has {len} bytes instead of {expected}: it was cut");
            self.tell_of(Severity::Damage, path.clone(), None, what, "the volume cannot be opened");
        } else if len > expected {
            let what = format!("it has {len} bytes where {expected} are needed: growing was interrupted");
            self.tell_of(Severity::Note, path.clone(), None, what, "none");
        }
        self.pages(&mut look, &*map)?;
        for name in self.list(&look.dir)? {
            if let Some(number) = segment(&name) {
                self.unnamed(&look, &*map, &name, number)?;
            } else if look.dir != self.dir && name != MAP_FILE {
                let what = "no file of a layer".to_owned();
                self.tell_of(Severity::Note, look.dir.join(&name), None, what, "none; it is left alone");
            }
        }
        Ok(())
    }

    /// Data where the map has no page at all: writes that a crash took before their flush, or a page that was lost.
    fn unnamed(&mut self, look: &Look, map: &dyn File, name: &str, number: u64) -> Result<(), VolumeError> {
        let path = look.dir.join(name);
        let base = number * SEGMENT_BYTES;
        if base >= look.size {
            let what = "a data file behind the end of the volume".to_owned();
            self.tell_of(Severity::Note, path, None, what, "it costs space");
            return Ok(());
        }
        let file = self.files.open(&path, false).map_err(VolumeError::io("opening a data file"))?;
        let (len, mut at) = (file.len().map_err(reading)?, 0);
        while let Some(data) = file.next_data(at).map_err(reading)?.filter(|data| *data < len) {
            let page = Unit::at(base + data).page();
            let covers = page_bytes(page.0, look.size);
            let mut bytes = [0; PAGE_BYTES];
            map.read_zero_filled_at(&mut bytes, u64::from(page.0) * PAGE_BYTES as u64).map_err(reading)?;
            if base + data < look.size && matches!(slot::read_page(page.0, &bytes), Ok(None)) {
                let what = format!("there is data of which map page {} knows nothing", page.0);
                let follows = "none if it was never flushed; if the page was lost, so are these bytes";
                self.tell_of(Severity::Note, path.clone(), Some(covers.clone()), what, follows);
            }
            at = page.first_unit().offset() + UNITS_PER_PAGE * DATA_UNIT_BYTES - base;
        }
        Ok(())
    }

    fn pages(&mut self, look: &mut Look, map: &dyn File) -> Result<(), VolumeError> {
        let mut page = 0;
        while page < pages_of(look.size) {
            let at = page * PAGE_BYTES as u64;
            // Over holes: pages that were never written.
            match map.next_data(at).map_err(reading)? {
                None => break,
                Some(data) if data >= at + PAGE_BYTES as u64 => {
                    page = data / PAGE_BYTES as u64;
                    continue;
                }
                Some(_) => {}
            }
            let mut bytes = [0; PAGE_BYTES];
            map.read_zero_filled_at(&mut bytes, at).map_err(reading)?;
            // At most 2^21 pages.
            self.page(look, page as u32, &bytes)?;
            page += 1;
        }
        Ok(())
    }

    fn page(&mut self, look: &mut Look, index: u32, bytes: &[u8; PAGE_BYTES]) -> Result<(), VolumeError> {
        let path = look.dir.join(MAP_FILE);
        let covers = Some(page_bytes(index, look.size));
        let disk = match slot::read_page(index, bytes) {
            Ok(disk) => disk,
            Err(error) => {
                let follows = "these bytes can be neither read nor written";
                self.tell_of(Severity::Damage, path, covers, error.to_string(), follows);
                return Ok(());
            }
        };
        let slots = bytes.chunks_exact(SLOT_BYTES).map(|slot| slot::read_slot(index, slot));
        let slots = slots.collect::<Result<Vec<_>, _>>()?;
        let generations: Vec<_> = slots.iter().filter_map(Slot::generation).collect();
        if let [a, b] = generations[..]
            && a == b
        {
            let what = format!("map page {index}: both copies have generation {a}");
            let follows = "the page may be older than what was flushed";
            self.tell_of(Severity::Damage, path.clone(), covers.clone(), what, follows);
        }
        if let Some(torn) = slots.iter().position(Slot::is_broken) {
            let what = format!("map page {index}: copy {} of 2 is torn", torn + 1);
            let follows = "none: it does not count, and the next write of the page replaces it";
            self.tell_of(Severity::Note, path, covers, what, follows);
        }
        match disk {
            Some(disk) => self.units(look, index, &disk),
            None => Ok(()),
        }
    }

    /// Every unit that the page calls written is in its file.
    fn units(&mut self, look: &mut Look, index: u32, disk: &PageOnDisk) -> Result<(), VolumeError> {
        let page = Page::from_disk(disk);
        let first = PageIndex(index).first_unit();
        let mut at = 0;
        while at < UNITS_PER_PAGE as usize {
            let (state, count) = page.run(at, UNITS_PER_PAGE as usize);
            let (from, to) = (first.plus(at as u64).offset(), first.plus((at + count) as u64).offset());
            at += count;
            if state != UnitState::Unwritten && to > look.size {
                let what = format!("map page {index} names units behind the end of the volume");
                let bytes = Some(from.max(look.size)..to);
                self.tell_of(
                    Severity::Damage,
                    look.dir.join(MAP_FILE),
                    bytes,
                    what,
                    "they would appear when it grows",
                );
            }
            if state == UnitState::Written {
                self.checked.units_written += (to - from) / DATA_UNIT_BYTES;
                self.data(look, from..to)?;
            }
        }
        Ok(())
    }

    /// Bytes that the map calls written; all in one file.
    fn data(&mut self, look: &mut Look, bytes: Range<u64>) -> Result<(), VolumeError> {
        let number = bytes.start / SEGMENT_BYTES;
        let path = look.dir.join(format!("data.{number:04}"));
        if let std::collections::btree_map::Entry::Vacant(entry) = look.data.entry(number) {
            let opened = match self.files.open(&path, false) {
                Ok(file) => {
                    let len = file.len().map_err(reading)?;
                    Some((file, len))
                }
                Err(e) if e.kind() == ErrorKind::NotFound => None,
                Err(e) => return Err(VolumeError::io("opening a data file")(e)),
            };
            entry.insert(opened);
        }
        let lost = "these bytes cannot be read";
        let Some(Some((file, len))) = look.data.get(&number) else {
            self.tell_of(Severity::Damage, path, Some(bytes), "the file is missing".into(), lost);
            return Ok(());
        };
        let base = number * SEGMENT_BYTES;
        let end = bytes.end.min(base + len / DATA_UNIT_BYTES * DATA_UNIT_BYTES).max(bytes.start);
        if end < bytes.end {
            let what = format!("the file ends at byte {len}: it was cut");
            self.tell_of(Severity::Damage, path.clone(), Some(end..bytes.end), what, lost);
        }
        if look.encrypted {
            let hole = first_hole(&**file, bytes.start - base, end - base)?;
            if let Some(hole) = hole {
                let what = "there is a hole where the map says that units are written".to_owned();
                let bytes = Some(base + hole.start..base + hole.end);
                self.tell_of(Severity::Damage, path, bytes, what, "these bytes read as noise");
            }
        }
        Ok(())
    }
}

/// The first hole of whole units in the range of a file.
fn first_hole(file: &dyn File, from: u64, to: u64) -> Result<Option<Range<u64>>, VolumeError> {
    let mut at = from;
    while at < to {
        let data = file.next_data(at).map_err(reading)?.unwrap_or(to).min(to);
        if data >= at + DATA_UNIT_BYTES {
            return Ok(Some(at..data / DATA_UNIT_BYTES * DATA_UNIT_BYTES));
        }
        at += DATA_UNIT_BYTES;
    }
    Ok(None)
}

fn reading(error: std::io::Error) -> VolumeError {
    VolumeError::io("reading while checking")(error)
}
