//! Checking the record of intents of a volume with integrity. Without the key, its tags are looked at only where the volume is not
//! encrypted.

use super::{Check, Severity};
use crate::integrity::public_tagger;
use crate::intents::{FILE_BYTES, INTENTS_FILE, PARTS, SLOT, look_at};
use crate::{Superblock, VolumeError};
use std::io::ErrorKind;

const PART_BYTES: usize = 2 * SLOT;
const NO_DEVICE: &str = "the volume cannot be attached";

impl Check<'_> {
    pub(super) fn intents(&mut self, superblock: &Superblock) -> Result<(), VolumeError> {
        if !superblock.integrity {
            return Ok(());
        }
        let file = match self.files.open(&self.dir.join(INTENTS_FILE), false) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let follows = "the volume cannot be opened";
                self.tell(Severity::Damage, INTENTS_FILE, "it is missing", follows);
                return Ok(());
            }
            Err(e) => return Err(VolumeError::io("opening the record of intents")(e)),
        };
        let tagger = if superblock.encryption.is_some() { None } else { Some(public_tagger(superblock)?) };
        let looking = || VolumeError::io("reading the record of intents");
        let len = file.len().map_err(looking())?;
        if len != FILE_BYTES {
            let what = format!("it has {len} bytes instead of {FILE_BYTES}");
            match len < FILE_BYTES {
                true => self.tell(Severity::Damage, INTENTS_FILE, what, NO_DEVICE),
                false => self.tell(Severity::Note, INTENTS_FILE, what, "none"),
            }
        }
        let mut pages = 0;
        for number in 0..PARTS {
            let mut bytes = [0; PART_BYTES];
            file.read_zero_filled_at(&mut bytes, (number * PART_BYTES) as u64).map_err(looking())?;
            match look_at(tagger.as_ref(), number, &bytes) {
                Err(error) => {
                    let what = format!("part {number}: {error}");
                    self.tell(Severity::Damage, INTENTS_FILE, what, NO_DEVICE);
                }
                Ok(looked) => {
                    pages += looked.pages;
                    if looked.torn {
                        let what = format!("part {number}: one copy of 2 is torn");
                        let follows = "none: it does not count, and the next write of the part replaces it";
                        self.tell(Severity::Note, INTENTS_FILE, what, follows);
                    }
                }
            }
        }
        if pages > 0 {
            let what = format!("{pages} map pages were being written when the volume was last in use");
            let follows = "their units are read unchecked until an attachment has settled them";
            self.tell(Severity::Note, INTENTS_FILE, what, follows);
        }
        Ok(())
    }
}
