//! Tags of data units: they tell whether a unit's bytes are those that were written there. XTS alone cannot: it decrypts any
//! bytes to something.
//!
//! ```text
//!   data key ──► HKDF-SHA256(no salt, info = "sealvol integrity 1" ‖ scope) ──► tag key ─┐
//!   nonce = number of the unit (8 bytes, little-endian) ‖ kind (4 bytes)  ───────────────┼──► AES-256-GCM-SIV (RFC 8452) of
//!   additional data = the unit as it lies on the disk  ──────────────────────────────────┘    nothing ──► tag, 16 bytes
//! ```
//! GCM-SIV makes the tag from a hash of everything, encrypted: unlike GMAC it may be asked for another tag under the same
//! nonce, which is what overwriting a unit is, and needs no counter on the disk. The scope names the volume, so that a unit of
//! another volume with the same data key (they share it in a lineage) does not pass. A unit moved to another number does not
//! pass either. Nothing is decrypted with the tag key, and it tells nothing of the data key.

use crate::{CipherError, DataUnit};
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{constant_time, hkdf};
use keys::DataKey;

/// Bytes of a tag.
pub const TAG_BYTES: usize = 16;
/// A tag.
pub type Tag = [u8; TAG_BYTES];

const DOMAIN: &[u8] = b"sealvol integrity 1";
/// Key material of volumes without a data key: everybody can make their tags, which find accidents only.
const PUBLIC: &[u8] = b"sealvol integrity 1: no secret, finds accidents only";

/// What is tagged; a tag of one kind never passes as one of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tagged {
    /// A data unit, under its number.
    Unit,
    /// A record of a volume's own, under its number.
    Record,
}

/// Makes and checks tags; for any number of threads.
pub struct Tagger(LessSafeKey);

impl Tagger {
    /// With a key made from the data key, so that nobody without it can make a tag; without one, a checksum.
    pub fn new(key: Option<&DataKey>, scope: &str) -> Result<Tagger, CipherError> {
        let failed = |_| CipherError("the library failed to derive a tag key");
        let material = key.map_or(PUBLIC, |key| key.expose().as_slice());
        let info = [DOMAIN, scope.as_bytes()];
        let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(material);
        let derived = extracted.expand(&info, &AES_256_GCM_SIV).map_err(failed)?;
        Ok(Tagger(LessSafeKey::new(UnboundKey::from(derived))))
    }

    /// The tag of these bytes at this place.
    pub fn tag(&self, kind: Tagged, number: DataUnit, bytes: &[u8]) -> Result<Tag, CipherError> {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&number.0.to_le_bytes());
        nonce[8] = match kind {
            Tagged::Unit => 0,
            Tagged::Record => 1,
        };
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(bytes), &mut []);
        let tag = tag.map_err(|_| CipherError("the library failed to make a tag"))?;
        tag.as_ref().try_into().map_err(|_| CipherError("a tag has not 16 bytes"))
    }

    /// Whether that is their tag.
    pub fn passes(
        &self,
        kind: Tagged,
        number: DataUnit,
        bytes: &[u8],
        tag: &[u8],
    ) -> Result<bool, CipherError> {
        Ok(constant_time::verify_slices_are_equal(&self.tag(kind, number, bytes)?, tag).is_ok())
    }
}
