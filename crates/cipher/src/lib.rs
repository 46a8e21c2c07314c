//! The cipher of volumes and snapshots: AES-256-XTS over 4 KiB data units, in place. Its own crate because volumes, snapshots and
//! re-encryption use the same cipher and nothing else may. The unsafe calls are in `xts.rs`. Tags of data units, for volumes that
//! want them, are in `tag.rs`.

mod tag;
mod xts;

pub use tag::{TAG_BYTES, Tag, Tagged, Tagger};

use keys::DataKey;
use xts::{Direction, Tweak, Xts};

/// Bytes of a data unit, what the cipher works on as a whole: the page size of guests and disks.
pub const DATA_UNIT_BYTES: usize = 4096;

/// Number of a data unit, counted from the start of the volume. Ciphertext keeps its place through snapshots and restores, so
/// the number is the same everywhere in a lineage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataUnit(pub u64);

impl DataUnit {
    pub fn plus(self, units: u64) -> DataUnit {
        DataUnit(self.0 + units)
    }
}

/// The library refused; nothing was written, or the bytes are not to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cipher: {0}")]
pub struct CipherError(pub &'static str);

/// Both directions under one data key, for one thread at a time.
pub struct UnitCipher {
    encrypt: Xts,
    decrypt: Xts,
}

impl UnitCipher {
    pub fn new(key: &DataKey) -> Result<UnitCipher, CipherError> {
        Ok(UnitCipher {
            encrypt: Xts::new(key.expose(), Direction::Encrypt)?,
            decrypt: Xts::new(key.expose(), Direction::Decrypt)?,
        })
    }

    /// Encrypts whole units, the first of which is `first`.
    pub fn encrypt(&mut self, first: DataUnit, bytes: &mut [u8]) -> Result<(), CipherError> {
        each_unit(&mut self.encrypt, first, bytes)
    }

    /// Decrypts whole units, the first of which is `first`.
    pub fn decrypt(&mut self, first: DataUnit, bytes: &mut [u8]) -> Result<(), CipherError> {
        each_unit(&mut self.decrypt, first, bytes)
    }

    /// Decrypts whole units, the first of which is `first`, to another place of the same length.
    pub fn decrypt_from(&mut self, first: DataUnit, from: &[u8], to: &mut [u8]) -> Result<(), CipherError> {
        let (units, rest) = from.as_chunks::<DATA_UNIT_BYTES>();
        if !rest.is_empty() || from.len() != to.len() {
            return Err(CipherError("not a whole number of units, or not a place for them"));
        }
        for ((n, unit), to) in (0..).zip(units).zip(to.as_chunks_mut::<DATA_UNIT_BYTES>().0) {
            self.decrypt.apply_from(Tweak::of(first.plus(n)), unit, to)?;
        }
        Ok(())
    }

    /// Conceals a digest of plaintext that has to be kept: a bare one would let who reads the disk test guesses. `number` is
    /// the digest's place; its tweaks are none that a data unit can have.
    pub fn conceal_digest(&mut self, number: u64, digest: &mut [u8; 32]) -> Result<(), CipherError> {
        self.encrypt.apply(Tweak::of_digest(number), digest)
    }

    /// The digest that [`UnitCipher::conceal_digest`] concealed.
    pub fn reveal_digest(&mut self, number: u64, digest: &mut [u8; 32]) -> Result<(), CipherError> {
        self.decrypt.apply(Tweak::of_digest(number), digest)
    }
}

fn each_unit(xts: &mut Xts, first: DataUnit, bytes: &mut [u8]) -> Result<(), CipherError> {
    let (units, rest) = bytes.as_chunks_mut::<DATA_UNIT_BYTES>();
    // A rest here would be a mistake of ours; stored as it is, it would be plaintext on the disk.
    if !rest.is_empty() {
        return Err(CipherError("not a whole number of units"));
    }
    for (n, unit) in (0..).zip(units) {
        xts.apply(Tweak::of(first.plus(n)), unit)?;
    }
    Ok(())
}

#[cfg(test)]
mod tag_tests;
#[cfg(test)]
mod tests;
