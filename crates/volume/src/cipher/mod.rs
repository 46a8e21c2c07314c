//! The cipher of a volume: AES-256-XTS over 4 KiB units, in place. The unsafe calls are in `xts.rs`.

pub(crate) mod xts;

use crate::VolumeError;
use crate::geometry::{UNIT, Unit};
use keys::DataKey;
use xts::{Direction, Tweak, Xts};

/// Both directions under one data key, for one thread at a time.
pub(crate) struct UnitCipher {
    encrypt: Xts,
    decrypt: Xts,
}

impl UnitCipher {
    pub fn new(key: &DataKey) -> Result<UnitCipher, VolumeError> {
        Ok(UnitCipher {
            encrypt: Xts::new(key.expose(), Direction::Encrypt)?,
            decrypt: Xts::new(key.expose(), Direction::Decrypt)?,
        })
    }

    /// Encrypts whole units, the first of which is `first`.
    pub fn encrypt(&mut self, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
        each_unit(&mut self.encrypt, first, bytes)
    }

    /// Decrypts whole units, the first of which is `first`.
    pub fn decrypt(&mut self, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
        each_unit(&mut self.decrypt, first, bytes)
    }
}

fn each_unit(xts: &mut Xts, first: Unit, bytes: &mut [u8]) -> Result<(), VolumeError> {
    let (units, rest) = bytes.as_chunks_mut::<UNIT>();
    // A rest here would be a mistake of ours; stored as it is, it would be plaintext on the disk.
    if !rest.is_empty() {
        return Err(VolumeError::Cipher("not a whole number of units"));
    }
    for (n, unit) in (0..).zip(units) {
        xts.apply(Tweak::of(first.plus(n)), unit)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
