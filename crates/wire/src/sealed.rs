//! Texts that a caller carries but must not read, such as the encoded message of a refused authorisation: it tells which policy
//! said no, which is for those who may decode it. (Pagination tokens are readable; see [`crate::token`].)
//!
//! ```text
//! url-safe base64, no padding, of
//! +---------+---------+----------+-----------------------+
//! | version | salt    | nonce    | ciphertext, with tag  |
//! | 1 byte  | 16      | 12       | text + 16             |
//! +---------+---------+----------+-----------------------+
//! AES-256-GCM under HKDF-SHA-256(token key, salt, "sealed text"); additional data: version | scope
//! ```
//! A message key per salt, so the limit of random nonces under one key (NIST SP 800-38D, 8.3) does not matter.

use crate::token::TokenKey;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
const HEAD_BYTES: usize = 1 + SALT_BYTES + NONCE_BYTES;
const DOMAIN: &[u8] = b"sealed text";

/// Longest text that is looked at: STS's limit for an encoded message.
pub const SEALED_CHARS_MAX: usize = 10_240;
/// Longest text that fits into [`SEALED_CHARS_MAX`] once sealed.
pub const TEXT_BYTES_MAX: usize = SEALED_CHARS_MAX / 4 * 3 - HEAD_BYTES - 16;

/// Fresh random bytes for one text: salt and nonce.
pub type Once = [u8; SALT_BYTES + NONCE_BYTES];

/// Seals `text` for `scope`; `None` only if the library fails. Never give the same `once` twice.
pub fn seal(key: &TokenKey, scope: &str, text: &str, once: &Once) -> Option<String> {
    let mut head = vec![VERSION];
    head.extend_from_slice(once);
    let (message_key, nonce) = opener(key, once)?;
    let mut body = text.as_bytes().to_vec();
    message_key.seal_in_place_append_tag(nonce, Aad::from(additional(scope)), &mut body).ok()?;
    head.extend_from_slice(&body);
    Some(URL_SAFE_NO_PAD.encode(head))
}

/// The text that [`seal`] hid under the same key and scope; `None` for every other.
pub fn open(key: &TokenKey, scope: &str, sealed: &str) -> Option<String> {
    if sealed.len() > SEALED_CHARS_MAX {
        return None;
    }
    let mut raw = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (head, body) = raw.split_at_mut_checked(HEAD_BYTES)?;
    let (version, once) = head.split_first()?;
    if *version != VERSION {
        return None;
    }
    let (message_key, nonce) = opener(key, once.first_chunk()?)?;
    let text = message_key.open_in_place(nonce, Aad::from(additional(scope)), body).ok()?;
    String::from_utf8(text.to_vec()).ok()
}

fn opener(key: &TokenKey, once: &Once) -> Option<(LessSafeKey, Nonce)> {
    let (salt, nonce) = once.split_at(SALT_BYTES);
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(key.bytes());
    let derived = derived.expand(&[DOMAIN], &AES_256_GCM).ok()?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    Some((LessSafeKey::new(UnboundKey::from(derived)), nonce))
}

fn additional(scope: &str) -> Vec<u8> {
    [&[VERSION], scope.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> TokenKey {
        TokenKey::new([7; 32])
    }

    #[test]
    fn a_text_opens_only_where_it_was_sealed_and_cannot_be_read() {
        let sealed = seal(&key(), "111122223333", "the reason", &[1; 28]).unwrap();
        assert_eq!(open(&key(), "111122223333", &sealed).as_deref(), Some("the reason"));
        assert_eq!(open(&key(), "444455556666", &sealed), None);
        assert_eq!(open(&TokenKey::new([8; 32]), "111122223333", &sealed), None);
        assert_eq!(open(&key(), "111122223333", &sealed[..sealed.len() - 1]), None);
        let raw = URL_SAFE_NO_PAD.decode(&sealed).unwrap();
        assert!(!raw.windows(6).any(|window| window == b"reason"));
        assert_ne!(seal(&key(), "111122223333", "the reason", &[2; 28]).unwrap(), sealed);
    }

    #[test]
    fn the_longest_text_still_opens() {
        let text = "x".repeat(TEXT_BYTES_MAX);
        let sealed = seal(&key(), "", &text, &[1; 28]).unwrap();
        assert!(sealed.len() <= SEALED_CHARS_MAX);
        assert_eq!(open(&key(), "", &sealed), Some(text));
        for bad in ["", "AQ", "é", &"A".repeat(SEALED_CHARS_MAX + 1)] {
            assert_eq!(open(&key(), "", bad), None);
        }
    }

    proptest! {
        #[test]
        fn any_changed_character_is_refused(text in ".{0,30}", at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_=+-]") {
            let sealed = seal(&key(), "s", &text, &[3; 28]).unwrap();
            let at = at.index(sealed.len());
            let changed = format!("{}{to}{}", &sealed[..at], &sealed[at + 1..]);
            prop_assume!(changed != sealed);
            prop_assert_eq!(open(&key(), "s", &changed), None);
        }
    }
}
