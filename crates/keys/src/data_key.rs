//! [`DataKey`]: the plaintext data key of one lineage, ready for AES-256-XTS.

use crate::{KeysError, Secret};
use subtle::ConstantTimeEq;

/// Bytes of a data key: two 256-bit AES keys, data key first, tweak key second (IEEE 1619-2018).
pub const DATA_KEY_BYTES: usize = 64;

/// Exactly 64 secret bytes whose halves differ (NIST SP 800-38E and FIPS 140-3 IG C.I forbid equal XTS keys).
pub struct DataKey(Secret);

impl DataKey {
    /// The two AES keys, one after the other.
    pub fn expose(&self) -> &[u8; DATA_KEY_BYTES] {
        // The only constructor checked the length, so there is exactly one chunk.
        &self.0.expose().as_chunks::<DATA_KEY_BYTES>().0[0]
    }

    /// A data key of known bytes. For tests only: the array it comes from is not secret memory.
    ///
    /// # Panics
    /// When the halves are equal or there is no locked memory.
    #[doc(hidden)]
    #[allow(clippy::expect_used)] // tests only, see above
    pub fn for_tests(mut bytes: [u8; DATA_KEY_BYTES]) -> DataKey {
        let secret = Secret::from_slice_wiping(&mut bytes).expect("locked memory");
        DataKey::try_from(secret).expect("halves that differ")
    }
}

impl TryFrom<Secret> for DataKey {
    type Error = KeysError;

    fn try_from(secret: Secret) -> Result<DataKey, KeysError> {
        let bytes = secret.expose();
        if bytes.len() != DATA_KEY_BYTES {
            return Err(KeysError::Length(bytes.len()));
        }
        let (data, tweak) = bytes.split_at(DATA_KEY_BYTES / 2);
        if bool::from(data.ct_eq(tweak)) {
            return Err(KeysError::EqualHalves);
        }
        Ok(DataKey(secret))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_hides_itself;

    #[test]
    fn only_64_bytes_with_different_halves_are_a_data_key() {
        for len in [1, 32, 63, 65, 128] {
            let bytes: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let made = DataKey::try_from(Secret::copy_of(&bytes).unwrap());
            assert!(matches!(made, Err(KeysError::Length(n)) if n == len), "{len}");
        }
        let equal = DataKey::try_from(Secret::copy_of(&[9; 64]).unwrap());
        assert!(matches!(equal, Err(KeysError::EqualHalves)));
        let mut bytes = [9; 64];
        bytes[63] = 8;
        assert_eq!(DataKey::for_tests(bytes).expose(), &bytes);
    }

    #[test]
    fn a_data_key_cannot_be_printed_or_cloned() {
        assert_hides_itself!(DataKey);
    }
}
