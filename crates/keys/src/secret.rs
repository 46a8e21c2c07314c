//! [`Secret`]: bytes that nobody may print, copy, compare carelessly or forget to wipe.

use crate::KeysError;
use crate::slab::{self, Run};
use env::Entropy;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// Longest secret: a plaintext of KMS `Decrypt` (4,096 bytes) and its tag fit, and so does every private key.
pub const SECRET_BYTES_MAX: usize = 8192;

/// 1 to 8,192 secret bytes in locked memory, wiped on drop. On purpose it has no `Debug`, `Clone`, `Serialize` or
/// derived `PartialEq`: whoever wants the bytes says [`Secret::expose`].
pub struct Secret {
    /// `None` only inside `drop`.
    run: Option<Run>,
    len: usize,
}

// SAFETY: a secret owns its run alone; shared references only read it.
unsafe impl Send for Secret {}
// SAFETY: as above; there is no interior mutability.
unsafe impl Sync for Secret {}

impl Secret {
    /// Moves the bytes into locked memory and wipes where they came from, also when it fails.
    pub fn from_slice_wiping(bytes: &mut [u8]) -> Result<Secret, KeysError> {
        let secret = Secret::copy_of(bytes);
        bytes.zeroize();
        secret
    }

    /// `len` unpredictable bytes, drawn straight into locked memory.
    pub fn generate(entropy: &dyn Entropy, len: usize) -> Result<Secret, KeysError> {
        Secret::filled_by(len, |bytes| {
            entropy.fill(bytes);
            Ok(len)
        })
    }

    /// Copies bytes whose owner wipes them itself.
    pub fn copy_of(bytes: &[u8]) -> Result<Secret, KeysError> {
        Secret::filled_by(bytes.len(), |into| {
            into.copy_from_slice(bytes);
            Ok(bytes.len())
        })
    }

    /// `capacity` zero bytes of locked memory, which `fill` writes in place and of which it keeps the first so many.
    /// Decryption works here, so plaintext never touches ordinary memory.
    pub(crate) fn filled_by(
        capacity: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, KeysError>,
    ) -> Result<Secret, KeysError> {
        if capacity == 0 || capacity > SECRET_BYTES_MAX {
            return Err(KeysError::Length(capacity));
        }
        let run = slab::global().take(capacity).map_err(KeysError::SecretMemory)?;
        let start = run.start;
        // Owned by a `Secret` from here on, so that every way out wipes it.
        let mut secret = Secret { run: Some(run), len: capacity };
        // SAFETY: the run is at least `capacity` bytes, initialised (zero), and ours alone; no other reference exists.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), capacity) };
        let kept = fill(bytes)?;
        if kept == 0 || kept > capacity {
            return Err(KeysError::Length(kept));
        }
        secret.len = kept;
        Ok(secret)
    }

    /// Number of bytes; never 0.
    #[allow(clippy::len_without_is_empty)] // a secret is never empty
    pub fn len(&self) -> usize {
        self.len
    }

    /// The bytes. Keep the borrow short and copy nothing out of it.
    pub fn expose(&self) -> &[u8] {
        match &self.run {
            // SAFETY: the run holds at least `len` initialised bytes, and nobody writes to it while we are borrowed.
            Some(run) => unsafe { std::slice::from_raw_parts(run.start.as_ptr(), self.len) },
            None => &[],
        }
    }

    /// Whether both hold the same bytes; takes the same time wherever they differ. Lengths are not secret.
    pub fn same_as(&self, other: &Secret) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            slab::global().give_back(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_hides_itself;
    use env::SimEntropy;

    #[test]
    fn a_dropped_secret_is_nowhere_in_the_pool() {
        let marker = *b"a marker that appears once in this process";
        let mut source = marker;
        let secret = Secret::from_slice_wiping(&mut source).unwrap();
        assert_eq!(secret.expose(), marker);
        assert!(source.iter().all(|b| *b == 0), "the source was not wiped");
        assert!(slab::global().contains(&marker));
        drop(secret);
        assert!(!slab::global().contains(&marker));
    }

    #[test]
    fn what_a_failing_fill_wrote_is_wiped() {
        let marker = b"written before the failure was noticed";
        let failed = Secret::filled_by(64, |bytes| {
            bytes[..marker.len()].copy_from_slice(marker);
            Err(KeysError::DoesNotOpen("test"))
        });
        assert!(failed.is_err());
        assert!(!slab::global().contains(marker));
    }

    #[test]
    fn a_failed_move_still_wipes_the_source() {
        let mut source = [7u8; SECRET_BYTES_MAX + 1];
        assert!(Secret::from_slice_wiping(&mut source).is_err());
        assert!(source.iter().all(|b| *b == 0));
        assert!(Secret::from_slice_wiping(&mut []).is_err());
    }

    #[test]
    fn comparison_sees_every_byte_and_the_length() {
        let make = |bytes: &[u8]| Secret::copy_of(bytes).unwrap();
        assert!(make(b"same").same_as(&make(b"same")));
        for other in [b"sam".as_slice(), b"Same", b"samE", b"same "] {
            assert!(!make(b"same").same_as(&make(other)));
        }
    }

    #[test]
    fn generation_draws_from_the_given_entropy() {
        let a = Secret::generate(&SimEntropy::new(1), 32).unwrap();
        let b = Secret::generate(&SimEntropy::new(1), 32).unwrap();
        let c = Secret::generate(&SimEntropy::new(2), 32).unwrap();
        assert!(a.same_as(&b) && !a.same_as(&c) && a.len() == 32);
        assert!(Secret::generate(&SimEntropy::new(1), 0).is_err());
    }

    #[test]
    fn a_secret_cannot_be_printed_or_cloned() {
        assert_hides_itself!(Secret);
    }
}
