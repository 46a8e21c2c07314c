//! Checking a layer: its map, page by page and slot by slot, and the data that the map names.

use super::head::page_bytes;
use super::{Check, Severity};
use crate::geometry::{DATA_UNIT_BYTES, PageIndex, SEGMENT_BYTES, UNITS_PER_PAGE, Unit, pages_of};
use crate::layer::{MAP_FILE, directory, map_bytes};
use crate::map::slot::{self, PAGE_BYTES, PageOnDisk, SLOT_BYTES, Slot};
use crate::map::{Page, UnitState};
use crate::record::LayerRecord;
use crate::store::Holds;
use crate::{Superblock, VolumeError};
use env::File;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// A layer that is being checked.
struct Look {
    dir: PathBuf,
    size: u64,
    /// In an encrypted volume a hole under a written unit is no zeros that somebody wrote.
    encrypted: bool,
    /// Every written unit has a tag.
    integrity: bool,
    /// Files of data and of tags that were looked for; `None`: not there.
    held: BTreeMap<(Holds, u64), Option<Opened>>,
}

/// A file and its length.
type Opened = (Arc<dyn File>, u64);

impl Check<'_> {
    pub(super) fn layer(&mut self, superblock: &Superblock, record: &LayerRecord) -> Result<(), VolumeError> {
        let mut look = Look {
            dir: directory(self.dir, record.number),
            size: superblock.size_bytes,
            encrypted: superblock.encryption.is_some(),
            integrity: superblock.integrity,
            held: BTreeMap::new(),
        };
        let size = look.size;
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
            let is_tags = look.integrity && Holds::Tags.number(&name).is_some();
            if let Some(number) = Holds::Data.number(&name) {
                self.unnamed(&look, &*map, &name, number)?;
            } else if !is_tags && look.dir != self.dir && name != MAP_FILE {
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
            if base + data < look.size
                && matches!(
                    slot::read_page(page.0, &bytes),
                    Ok(None | Some(PageOnDisk { slot: slot::NEITHER, .. }))
                )
            {
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
                self.held(look, Holds::Data, from..to)?;
                if look.integrity {
                    self.held(look, Holds::Tags, from..to)?;
                }
            }
        }
        Ok(())
    }

    /// Bytes of the volume that the map calls written: what is held of them, all in one file.
    fn held(&mut self, look: &mut Look, holds: Holds, bytes: Range<u64>) -> Result<(), VolumeError> {
        let number = bytes.start / SEGMENT_BYTES;
        let path = look.dir.join(holds.file_name(number));
        if let std::collections::btree_map::Entry::Vacant(entry) = look.held.entry((holds, number)) {
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
        let Some(Some((file, len))) = look.held.get(&(holds, number)) else {
            self.tell_of(Severity::Damage, path, Some(bytes), "the file is missing".into(), lost);
            return Ok(());
        };
        let (base, each) = (number * SEGMENT_BYTES, holds.unit_bytes());
        let end = bytes.end.min(base + len / each * DATA_UNIT_BYTES).max(bytes.start);
        if end < bytes.end {
            let what = format!("the file ends at byte {len}: it was cut");
            self.tell_of(Severity::Damage, path.clone(), Some(end..bytes.end), what, lost);
        }
        // No tag is all zeros.
        if look.encrypted || holds == Holds::Tags {
            let in_file = |at: u64| (at - base) / DATA_UNIT_BYTES * each;
            if let Some(hole) = first_hole(&**file, in_file(bytes.start), in_file(end), each)? {
                let what = "there is a hole where the map says that units are written".to_owned();
                let at = |in_file: u64| base + in_file / each * DATA_UNIT_BYTES;
                let bytes = Some(at(hole.start)..at(hole.end));
                let follows = if look.integrity { lost } else { "these bytes read as noise" };
                self.tell_of(Severity::Damage, path, bytes, what, follows);
            }
        }
        Ok(())
    }
}

/// The first hole in the range of a file that has all of what is held of a unit, which is `each` bytes. Holes begin at multiples of
/// [`DATA_UNIT_BYTES`].
fn first_hole(file: &dyn File, from: u64, to: u64, each: u64) -> Result<Option<Range<u64>>, VolumeError> {
    let mut at = from;
    while at < to {
        let data = file.next_data(at).map_err(reading)?.unwrap_or(to).min(to);
        if data >= at + each {
            return Ok(Some(at..data / each * each));
        }
        at = (at + 1).next_multiple_of(DATA_UNIT_BYTES);
    }
    Ok(None)
}

fn reading(error: std::io::Error) -> VolumeError {
    VolumeError::io("reading while checking")(error)
}
