//! The one construction that protects every blob of this crate: AES-256-GCM under a key used for a single message.
//!
//! ```text
//!   long-lived key ──► HKDF-SHA256(salt = 16 random bytes, info = domain) ──► message key ─┐
//!   additional data ───────────────────────────────────────────────────────────────────────┼──► AES-256-GCM ──► text ‖ tag
//!   nonce = 12 random bytes ───────────────────────────────────────────────────────────────┘
//! ```
//! Random 96-bit nonces under one long-lived key would limit it to 2^32 messages (NIST SP 800-38D, 8.3). With a message key
//! per 128-bit salt two messages collide only when salt and nonce both repeat (224 random bits), so neither a KMS key nor the
//! root key wears out. The domain keeps uses apart: the same long-lived key never makes the same message key for two.

use crate::KeysError;
use aws_lc_rs::{aead, hkdf};
use env::Entropy;

const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// Bytes of salt and nonce as they stand in a header: salt first.
pub const ONCE_BYTES: usize = SALT_BYTES + NONCE_BYTES;
/// Bytes of an AES-GCM tag.
pub const TAG_BYTES: usize = 16;

/// Salt and nonce of one message. Neither `Clone` nor `Copy`, and [`seal`] takes it by value: one draw, one message.
pub struct Once {
    salt: [u8; SALT_BYTES],
    nonce: [u8; NONCE_BYTES],
}

impl Once {
    /// A fresh pair for a new message.
    pub fn draw(entropy: &dyn Entropy) -> Once {
        let mut once = Once { salt: [0; SALT_BYTES], nonce: [0; NONCE_BYTES] };
        entropy.fill(&mut once.salt);
        entropy.fill(&mut once.nonce);
        once
    }

    /// The pair of a message that exists, from its header.
    pub fn read(bytes: &[u8; ONCE_BYTES]) -> Once {
        let mut once = Once { salt: [0; SALT_BYTES], nonce: [0; NONCE_BYTES] };
        once.salt.copy_from_slice(&bytes[..SALT_BYTES]);
        once.nonce.copy_from_slice(&bytes[SALT_BYTES..]);
        once
    }

    /// For the header.
    pub fn append_to(&self, header: &mut Vec<u8>) {
        header.extend_from_slice(&self.salt);
        header.extend_from_slice(&self.nonce);
    }
}

/// Encrypts in place and returns the tag.
pub fn seal(
    key: &[u8],
    domain: &[u8],
    once: Once,
    additional: &[u8],
    text: &mut [u8],
) -> Result<[u8; TAG_BYTES], KeysError> {
    let (message_key, nonce) = message_key(key, domain, once)?;
    let tag = message_key
        .seal_in_place_separate_tag(nonce, aead::Aad::from(additional), text)
        .map_err(|_| KeysError::Library("encrypt"))?;
    <[u8; TAG_BYTES]>::try_from(tag.as_ref()).map_err(|_| KeysError::Library("make a 128-bit tag"))
}

/// Decrypts `text ‖ tag` in place and returns the length of the plaintext at its start. On failure nothing useful is left
/// in `text` and the reason stays unknown to the caller: damage, another key and other additional data look the same.
pub fn open(
    key: &[u8],
    domain: &[u8],
    once: Once,
    additional: &[u8],
    text: &mut [u8],
    what: &'static str,
) -> Result<usize, KeysError> {
    let (message_key, nonce) = message_key(key, domain, once)?;
    message_key
        .open_in_place(nonce, aead::Aad::from(additional), text)
        .map(|plaintext| plaintext.len())
        .map_err(|_| KeysError::DoesNotOpen(what))
}

fn message_key(key: &[u8], domain: &[u8], once: Once) -> Result<(aead::LessSafeKey, aead::Nonce), KeysError> {
    let info = [domain];
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, &once.salt).extract(key);
    let derived =
        derived.expand(&info, &aead::AES_256_GCM).map_err(|_| KeysError::Library("derive a message key"))?;
    let message_key = aead::LessSafeKey::new(aead::UnboundKey::from(derived));
    Ok((message_key, aead::Nonce::assume_unique_for_key(once.nonce)))
}

/// 32 bytes bound to `key` and `info`, as HKDF-SHA256 with `salt`. One-way: they tell nothing of the key.
pub fn derive(key: &[u8], salt: &[u8], info: &[&[u8]]) -> [u8; 32] {
    let mut bytes = [0; 32];
    // HKDF-SHA256 fails only for outputs over 8,160 bytes; 32 always work, and `derived` cannot stay zero unnoticed because
    // known-answer tests compare it.
    if let Ok(derived) = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key).expand(info, hkdf::HKDF_SHA256)
    {
        let _ = derived.fill(&mut bytes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivation_is_hkdf_sha256() {
        // RFC 5869, test case 1; the first 32 of its 42 bytes (HKDF's first block does not depend on the length).
        let salt = hex::decode("000102030405060708090a0b0c").unwrap();
        let info = hex::decode("f0f1f2f3f4f5f6f7f8f9").unwrap();
        let expected = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf";
        assert_eq!(hex::encode(derive(&[0x0b; 22], &salt, &[&info])), expected);
    }

    #[test]
    fn domain_salt_nonce_and_additional_data_are_all_bound() {
        let once = |salt, nonce| Once { salt: [salt; SALT_BYTES], nonce: [nonce; NONCE_BYTES] };
        let mut text = b"text".to_vec();
        let tag = seal(&[1; 32], b"domain", once(2, 3), b"more", &mut text).unwrap();
        text.extend_from_slice(&tag);
        let open = |key, domain: &[u8], once, more: &[u8]| {
            open(&[key; 32], domain, once, more, &mut text.clone(), "test").ok()
        };
        assert_eq!(open(1, b"domain", once(2, 3), b"more"), Some(4));
        assert_eq!(open(9, b"domain", once(2, 3), b"more"), None);
        assert_eq!(open(1, b"Domain", once(2, 3), b"more"), None);
        assert_eq!(open(1, b"domain", once(9, 3), b"more"), None);
        assert_eq!(open(1, b"domain", once(2, 9), b"more"), None);
        assert_eq!(open(1, b"domain", once(2, 3), b"less"), None);
    }
}
