//! Import tokens: what `GetParametersForImport` hands out and `ImportKeyMaterial` wants back. The token carries the private half
//! of its wrapping pair, so nothing is stored for an import that may never come.
//!
//! ```text
//!   magic "SVI" (3) ‖ version 1 (1) ‖ salt (16) ‖ nonce (12) ‖ ciphertext ‖ tag (16)
//!   plaintext   expiry, ms since 1970 (8) ‖ length (1) ‖ wrapping algorithm ‖ length (2) ‖ key ARN ‖ private key, PKCS#8
//! ```
//! Sealed under a key derived from the root key (`Seal::derive("import-token")`). The longest (RSA_4096) has about 2.6 KB; the
//! API allows 6,144.

use crate::aead::{self, ONCE_BYTES, Once, TAG_BYTES};
use crate::import::WrappingAlgorithm;
use crate::{DerivedKey, KeysError, SECRET_BYTES_MAX, Secret};
use env::Entropy;

const MAGIC_AND_VERSION: &[u8; 4] = b"SVI\x01";
const HEADER_BYTES: usize = MAGIC_AND_VERSION.len() + ONCE_BYTES;
const DOMAIN: &[u8] = b"sealvol import token v1";
const WHAT: &str = "the import token";

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportTerms {
    pub key_arn: String,
    pub algorithm: WrappingAlgorithm,
    /// milliseconds since 1970; the reader compares
    pub expires_millis: i64,
}

/// Makes a token that carries `private`.
pub fn seal(
    key: &DerivedKey,
    terms: &ImportTerms,
    private: &Secret,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, KeysError> {
    let too_long = |_| KeysError::Malformed("the key ARN");
    let name = terms.algorithm.name().as_bytes();
    let mut terms_text = terms.expires_millis.to_be_bytes().to_vec();
    terms_text.push(u8::try_from(name.len()).map_err(too_long)?);
    terms_text.extend_from_slice(name);
    terms_text.extend_from_slice(&u16::try_from(terms.key_arn.len()).map_err(too_long)?.to_be_bytes());
    terms_text.extend_from_slice(terms.key_arn.as_bytes());

    let once = Once::draw(entropy);
    let mut token = MAGIC_AND_VERSION.to_vec();
    once.append_to(&mut token);
    let mut tag = [0; TAG_BYTES];
    let sealed = Secret::filled_by(terms_text.len() + private.len(), |text| {
        let (before, after) = text.split_at_mut(terms_text.len());
        before.copy_from_slice(&terms_text);
        after.copy_from_slice(private.expose());
        tag = aead::seal(key.expose(), DOMAIN, once, &token, text)?;
        Ok(text.len())
    })?;
    token.extend_from_slice(sealed.expose());
    token.extend_from_slice(&tag);
    Ok(token)
}

/// Reads a token of ours and the private key in it; refuses all other bytes.
pub fn open(key: &DerivedKey, token: &[u8]) -> Result<(ImportTerms, Secret), KeysError> {
    let malformed = || KeysError::Malformed(WHAT);
    let fits = HEADER_BYTES + TAG_BYTES < token.len() && token.len() <= SECRET_BYTES_MAX;
    if !fits || !token.starts_with(MAGIC_AND_VERSION) {
        return Err(malformed());
    }
    let (header, sealed) = token.split_at(HEADER_BYTES);
    let once = header[MAGIC_AND_VERSION.len()..].first_chunk().map(Once::read).ok_or_else(malformed)?;
    let text = Secret::filled_by(sealed.len(), |text| {
        text.copy_from_slice(sealed);
        aead::open(key.expose(), DOMAIN, once, header, text, WHAT)
    })?;
    let (terms, private) = read(text.expose()).ok_or_else(malformed)?;
    Ok((terms, Secret::copy_of(private)?))
}

/// Terms and private key of an opened token.
fn read(text: &[u8]) -> Option<(ImportTerms, &[u8])> {
    let (expires, rest) = text.split_first_chunk()?;
    let (length, rest) = rest.split_first()?;
    let (name, rest) = rest.split_at_checked(usize::from(*length))?;
    let (length, rest) = rest.split_first_chunk()?;
    let (arn, private) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    let terms = ImportTerms {
        key_arn: std::str::from_utf8(arn).ok()?.to_owned(),
        algorithm: WrappingAlgorithm::parse(std::str::from_utf8(name).ok()?)?,
        expires_millis: i64::from_be_bytes(*expires),
    };
    Some((terms, private))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{KeySpec, generate_material};
    use env::SimEntropy;

    fn terms() -> ImportTerms {
        ImportTerms {
            key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
            algorithm: WrappingAlgorithm::OaepSha256,
            expires_millis: 1_700_000_000_123,
        }
    }

    #[test]
    fn a_token_gives_back_its_terms_and_key_under_its_own_server_key_only() {
        let entropy = SimEntropy::new(1);
        let private = generate_material(KeySpec::Rsa4096, &entropy).unwrap();
        let token = seal(&DerivedKey::new([1; 32]), &terms(), &private, &entropy).unwrap();
        assert!(token.len() <= 6144, "{}", token.len());
        let (read, key) = open(&DerivedKey::new([1; 32]), &token).unwrap();
        assert!(read == terms() && key.same_as(&private));
        assert!(matches!(open(&DerivedKey::new([2; 32]), &token), Err(KeysError::DoesNotOpen(_))));
    }

    #[test]
    fn a_thousand_mutations_of_a_token_are_all_refused() {
        let entropy = SimEntropy::new(2);
        let (key, private) = (DerivedKey::new([1; 32]), Secret::copy_of(&[7; 64]).unwrap());
        let token = seal(&key, &terms(), &private, &entropy).unwrap();
        for round in 0..1000 {
            let mut draw = [0; 6];
            entropy.fill(&mut draw);
            let at = usize::from(u16::from_le_bytes([draw[0], draw[1]])) % token.len();
            let mut bad = token.clone();
            match draw[2] % 4 {
                0 => bad[at] ^= 1 << (draw[3] % 8),
                1 => bad.truncate(at),
                2 => bad.insert(at, draw[3]),
                _ => bad.drain(at..(at + 1 + usize::from(draw[3] % 9)).min(token.len())).for_each(drop),
            }
            assert!(bad == token || open(&key, &bad).is_err(), "round {round}");
        }
        assert!(open(&key, &[]).is_err());
        assert!(open(&key, &vec![0; SECRET_BYTES_MAX + 1]).is_err());
    }
}
