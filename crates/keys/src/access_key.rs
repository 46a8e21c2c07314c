//! Secret access keys: what signs requests. AWS's have 40 characters.

use crate::{KeysError, Secret};
use env::Entropy;

const SECRET_CHARS: usize = 40;

/// A new secret access key: 40 characters of 64 possible ones, 240 bits.
pub fn secret_access_key(entropy: &dyn Entropy) -> Result<Secret, KeysError> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = [0u8; SECRET_CHARS];
    entropy.fill(&mut text);
    for byte in &mut text {
        *byte = ALPHABET[usize::from(*byte & 63)];
    }
    Secret::from_slice_wiping(&mut text)
}
