//! Between a layer and a request's buffer: units are checked by their tags and decrypted, or encrypted and given tags. One per
//! lane, kept and reused.

use crate::geometry::{UNIT, UNITS_PER_REGION, Unit};
use crate::integrity::make_tags;
use crate::layer::Layer;
use crate::{Volume, VolumeError};
use cipher::{TAG_BYTES, Tagger, UnitCipher};
use std::sync::Arc;

/// Whether a read may wait for the disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    Yes,
    No,
}

pub(crate) struct Coder {
    /// `None` on an unencrypted volume.
    cipher: Option<UnitCipher>,
    /// `None` on a volume without integrity.
    tags: Option<Tags>,
}

struct Tags {
    tagger: Arc<Tagger>,
    /// For the tags of a piece of a request.
    room: Box<[u8; UNITS_PER_REGION as usize * TAG_BYTES]>,
}

impl Coder {
    pub fn new(cipher: Option<UnitCipher>, tagger: Option<Arc<Tagger>>) -> Coder {
        let tags =
            tagger.map(|tagger| Tags { tagger, room: Box::new([0; UNITS_PER_REGION as usize * TAG_BYTES]) });
        Coder { cipher, tags }
    }

    /// Reads units (all in one region) that the layer's map says are written: their plaintext, if they are what was written.
    /// `false`, if that would wait and must not. Call with the stripe held.
    pub fn read(
        &mut self,
        volume: &Volume,
        layer: &Layer,
        first: Unit,
        units: &mut [u8],
        wait: Wait,
    ) -> Result<bool, VolumeError> {
        match wait {
            Wait::Yes => layer.read(first, units)?,
            Wait::No if !layer.read_at_once(first, units)? => return Ok(false),
            Wait::No => {}
        }
        if let Some(Tags { tagger, room }) = &mut self.tags {
            volume.check_units(tagger, layer, first, units, &mut room[..])?;
        }
        self.decrypt(first, units).map(|()| true)
    }

    /// The plaintext of units that somebody has checked.
    pub fn decrypt(&mut self, first: Unit, units: &mut [u8]) -> Result<(), VolumeError> {
        if let Some(cipher) = &mut self.cipher {
            cipher.decrypt(first.data_unit(), units)?;
        }
        Ok(())
    }

    /// The plaintext of such units, at another place of the same length.
    pub fn decrypt_from(&mut self, first: Unit, from: &[u8], to: &mut [u8]) -> Result<(), VolumeError> {
        match &mut self.cipher {
            Some(cipher) => cipher.decrypt_from(first.data_unit(), from, to)?,
            None => to.copy_from_slice(from),
        }
        Ok(())
    }

    /// Makes of units (all in one region) what is to lie on the disk, and their [`Coder::tags`].
    pub fn encode(&mut self, first: Unit, units: &mut [u8]) -> Result<(), VolumeError> {
        debug_assert!(units.len() <= UNITS_PER_REGION as usize * UNIT);
        if let Some(cipher) = &mut self.cipher {
            cipher.encrypt(first.data_unit(), units)?;
        }
        if let Some(Tags { tagger, room }) = &mut self.tags {
            make_tags(tagger, first, units, &mut room[..])?;
        }
        Ok(())
    }

    /// The tags of the units encoded last; none on a volume without integrity.
    pub fn tags(&self, units: u64) -> &[u8] {
        let tags = self.tags.as_ref().and_then(|tags| tags.room.get(..units as usize * TAG_BYTES));
        tags.unwrap_or_default()
    }
}
