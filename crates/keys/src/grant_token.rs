//! Grant tokens: proof that the holder was given a grant. Opaque text, so callers cannot read or make one.
//!
//! ```text
//!   base64 of   magic "SVG" (3) ‖ version 1 (1) ‖ salt (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
//!   plaintext   length of grant id (1) ‖ grant id ‖ key ARN
//! ```
//! Sealed under a key derived from the root key (`Seal::derive("grant-token")`), so every server of one seal reads them and
//! tokens need no storage.

use crate::aead::{self, ONCE_BYTES, Once, TAG_BYTES};
use crate::{DerivedKey, KeysError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::Entropy;

const MAGIC_AND_VERSION: &[u8; 4] = b"SVG\x01";
const HEADER_BYTES: usize = MAGIC_AND_VERSION.len() + ONCE_BYTES;
const DOMAIN: &[u8] = b"sealvol grant token v1";
const WHAT: &str = "the grant token";
/// Longest token that the KMS API allows.
const TOKEN_CHARS_MAX: usize = 8192;

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRef {
    /// 64 hexadecimal digits
    pub grant_id: String,
    pub key_arn: String,
}

/// Makes a token. Two tokens of one grant differ and both are good.
pub fn seal(key: &DerivedKey, grant: &GrantRef, entropy: &dyn Entropy) -> Result<String, KeysError> {
    let length = u8::try_from(grant.grant_id.len()).map_err(|_| KeysError::Malformed("the grant id"))?;
    let once = Once::draw(entropy);
    let mut token = MAGIC_AND_VERSION.to_vec();
    once.append_to(&mut token);
    // Ids are not secrets: the heap may hold them.
    let mut text = vec![length];
    text.extend_from_slice(grant.grant_id.as_bytes());
    text.extend_from_slice(grant.key_arn.as_bytes());
    let tag = aead::seal(key.expose(), DOMAIN, once, &token, &mut text)?;
    token.extend_from_slice(&text);
    token.extend_from_slice(&tag);
    Ok(STANDARD.encode(token))
}

/// Reads a token of ours; refuses every other text.
pub fn open(key: &DerivedKey, token: &str) -> Result<GrantRef, KeysError> {
    let malformed = || KeysError::Malformed(WHAT);
    if token.len() > TOKEN_CHARS_MAX {
        return Err(malformed());
    }
    // The standard engine refuses non-canonical text (stray bits, missing padding), so one token has one spelling.
    let mut bytes = STANDARD.decode(token).map_err(|_| malformed())?;
    if bytes.len() < HEADER_BYTES + TAG_BYTES || !bytes.starts_with(MAGIC_AND_VERSION) {
        return Err(malformed());
    }
    let (header, sealed) = bytes.split_at_mut(HEADER_BYTES);
    let once = header[MAGIC_AND_VERSION.len()..].first_chunk().map(Once::read).ok_or_else(malformed)?;
    let length = aead::open(key.expose(), DOMAIN, once, header, sealed, WHAT)?;
    let (id_length, rest) = sealed[..length].split_first().ok_or_else(malformed)?;
    let (id, arn) = rest.split_at_checked(usize::from(*id_length)).ok_or_else(malformed)?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| malformed());
    Ok(GrantRef { grant_id: text(id)?, key_arn: text(arn)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SimEntropy;
    use proptest::prelude::*;

    fn key(byte: u8) -> DerivedKey {
        DerivedKey::new([byte; 32])
    }

    fn grant() -> GrantRef {
        GrantRef {
            grant_id: "ab".repeat(32),
            key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
        }
    }

    #[test]
    fn a_token_opens_under_its_key_only() {
        let entropy = SimEntropy::new(1);
        let token = seal(&key(1), &grant(), &entropy).unwrap();
        assert_eq!(open(&key(1), &token).unwrap(), grant());
        assert!(open(&key(2), &token).is_err());
        assert_ne!(token, seal(&key(1), &grant(), &entropy).unwrap());
        assert!(!token.contains("YWJhYmFi"), "the grant id shows");
    }

    #[test]
    fn texts_that_are_no_tokens_are_refused() {
        let token = seal(&key(1), &grant(), &SimEntropy::new(1)).unwrap();
        for bad in [
            "",
            " ",
            "AAAA",
            "not base64!",
            &token[..token.len() - 4],
            &format!("{token}AAAA"),
            &token.to_lowercase(),
            &format!(" {token}"),
            &"A".repeat(9000),
        ] {
            assert!(open(&key(1), bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(at in 0usize..10_000, bit in 0u8..8) {
            let token = seal(&key(1), &grant(), &SimEntropy::new(1)).unwrap();
            let mut bytes = token.into_bytes();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            if let Ok(text) = String::from_utf8(bytes) {
                prop_assert!(open(&key(1), &text).is_err());
            }
        }
    }
}
