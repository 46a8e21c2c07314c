//! Checking a volume's head: the superblock, in both copies, and the stack record.

use super::{Check, Severity};
use crate::lifecycle::{STACK_FILE, SUPERBLOCK_FILE};
use crate::record::Record;
use crate::superblock::{self, Superblock};
use crate::{VolumeError, geometry};
use std::io::ErrorKind;

const LOST: &str = "the volume cannot be opened";

impl Check<'_> {
    pub(super) fn superblock(&mut self) -> Result<Option<Superblock>, VolumeError> {
        let Some(file) = self.small(SUPERBLOCK_FILE)? else {
            let what = "it is missing: the volume was never finished, is half removed, or has lost its head";
            self.tell(Severity::Damage, SUPERBLOCK_FILE, what, LOST);
            return Ok(None);
        };
        let found = match Superblock::decode(&file) {
            Ok(found) => found,
            Err(error) => {
                self.tell(Severity::Damage, SUPERBLOCK_FILE, error.to_string(), LOST);
                return Ok(None);
            }
        };
        let copies = superblock::copies(&file);
        let bad = copies.iter().position(|copy| copy.as_ref().ok() != Some(&found));
        if bad.is_some() || file.len() != found.encode().len() {
            let what = match bad.map(|n| (n, copies.get(n))) {
                Some((n, Some(Err(error)))) => format!("copy {} of 2: {error}", n + 1),
                Some((n, _)) => format!("copy {} of 2 is older than the other", n + 1),
                None => "bytes follow its end".to_owned(),
            };
            self.tell(Severity::Leftover, SUPERBLOCK_FILE, what, "none as long as the other copy is sound");
            if self.repair {
                let path = self.dir.join(SUPERBLOCK_FILE);
                self.files
                    .write_durably(&path, &found.encode())
                    .map_err(VolumeError::io("writing the superblock"))?;
                self.repaired();
            }
        }
        Ok(Some(found))
    }

    pub(super) fn record(&mut self, superblock: Option<&Superblock>) -> Result<Option<Record>, VolumeError> {
        let Some(file) = self.small(STACK_FILE)? else {
            self.tell(Severity::Damage, STACK_FILE, "it is missing", LOST);
            return Ok(None);
        };
        let record = match Record::decode(&file) {
            Ok(record) => record,
            Err(error) => {
                self.tell(Severity::Damage, STACK_FILE, error.to_string(), LOST);
                return Ok(None);
            }
        };
        if record.unclean {
            let follows = "the next snapshot compares everything with the last one";
            self.tell(Severity::Note, STACK_FILE, "the volume was not closed", follows);
        }
        if record.loading && superblock.is_some_and(|s| s.source.is_none()) {
            self.tell(Severity::Damage, STACK_FILE, "it names a source, the superblock none", LOST);
        }
        if superblock.is_some_and(|s| record.frozen.iter().any(|frozen| frozen.size_bytes > s.size_bytes)) {
            let follows = "that snapshot cannot be stored";
            self.tell(Severity::Damage, STACK_FILE, "a frozen snapshot is larger than the volume", follows);
        }
        Ok(Some(record))
    }

    fn small(&self, name: &str) -> Result<Option<Vec<u8>>, VolumeError> {
        match self.files.read(&self.dir.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(VolumeError::io("reading the head")(e)),
        }
    }
}

/// The bytes of the volume that a map page covers.
pub(super) fn page_bytes(index: u32, size_bytes: u64) -> std::ops::Range<u64> {
    let from = geometry::PageIndex(index).first_unit().offset();
    from..(from + geometry::UNITS_PER_PAGE * geometry::DATA_UNIT_BYTES).min(size_bytes)
}
