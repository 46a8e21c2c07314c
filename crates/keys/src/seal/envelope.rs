//! Sealed secrets: how root-key seals store key material.
//!
//! ```text
//!   offset  bytes  field
//!        0      3  magic "SVS"
//!        3      1  version, 1
//!        4      8  id of the root key, to tell "wrong root key" from "damaged"
//!       12     16  salt     ┐ see `aead`
//!       28     12  nonce    ┘
//!       40      m  ciphertext, as long as the secret
//!     40+m     16  tag
//!
//!   additional data = bytes 0 to 40 ‖ length of purpose (1) ‖ purpose ‖ id
//! ```

use super::{DerivedKey, Purpose};
use crate::aead::{self, ONCE_BYTES, Once, TAG_BYTES};
use crate::{KeysError, Secret};
use env::Entropy;

const MAGIC_AND_VERSION: &[u8; 4] = b"SVS\x01";
const ROOT_ID_BYTES: usize = 8;
const HEADER_BYTES: usize = MAGIC_AND_VERSION.len() + ROOT_ID_BYTES + ONCE_BYTES;
const DOMAIN: &[u8] = b"sealvol seal v1";
const WHAT: &str = "the sealed secret";

/// The public name of a root key: 8 bytes derived from it one-way.
pub fn root_key_id(root: &Secret) -> [u8; ROOT_ID_BYTES] {
    let [a, b, c, d, e, f, g, h, ..] = aead::derive(root.expose(), b"", &[b"sealvol root key id v1"]);
    [a, b, c, d, e, f, g, h]
}

/// A key for one use of the server.
pub fn derive(root: &Secret, label: &str) -> DerivedKey {
    DerivedKey::new(aead::derive(root.expose(), b"", &[b"sealvol derived key v1 ", label.as_bytes()]))
}

pub fn wrap(
    root: &Secret,
    purpose: Purpose,
    id: &str,
    secret: &Secret,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, KeysError> {
    let once = Once::draw(entropy);
    let mut sealed = MAGIC_AND_VERSION.to_vec();
    sealed.extend_from_slice(&root_key_id(root));
    once.append_to(&mut sealed);
    let additional = additional_data(&sealed, purpose, id);
    let mut tag = [0; TAG_BYTES];
    let ciphertext = Secret::filled_by(secret.len(), |text| {
        text.copy_from_slice(secret.expose());
        tag = aead::seal(root.expose(), DOMAIN, once, &additional, text)?;
        Ok(text.len())
    })?;
    sealed.extend_from_slice(ciphertext.expose());
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

pub fn unwrap(root: &Secret, purpose: Purpose, id: &str, sealed: &[u8]) -> Result<Secret, KeysError> {
    let malformed = || KeysError::Malformed(WHAT);
    let (header, text) = sealed.split_at_checked(HEADER_BYTES).ok_or_else(malformed)?;
    let rest = header.strip_prefix(MAGIC_AND_VERSION).ok_or_else(malformed)?;
    let (found, once) = rest.split_first_chunk::<ROOT_ID_BYTES>().ok_or_else(malformed)?;
    let once = once.first_chunk().map(Once::read).ok_or_else(malformed)?;
    if text.len() <= TAG_BYTES {
        return Err(malformed());
    }
    let held = root_key_id(root);
    if *found != held {
        return Err(KeysError::OtherRootKey { found: hex::encode(found), held: hex::encode(held) });
    }
    let additional = additional_data(header, purpose, id);
    Secret::filled_by(text.len(), |bytes| {
        bytes.copy_from_slice(text);
        aead::open(root.expose(), DOMAIN, once, &additional, bytes, WHAT)
    })
}

fn additional_data(header: &[u8], purpose: Purpose, id: &str) -> Vec<u8> {
    let word = purpose.word();
    let mut data = header.to_vec();
    data.push(word.len() as u8); // words are ours and short
    data.extend_from_slice(word.as_bytes());
    data.extend_from_slice(id.as_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SimEntropy;
    use proptest::prelude::*;

    fn secret(byte: u8) -> Secret {
        Secret::copy_of(&[byte; 32]).unwrap()
    }

    fn sealed() -> Vec<u8> {
        wrap(&secret(1), Purpose::KeyMaterial, "key/material", &secret(2), &SimEntropy::new(1)).unwrap()
    }

    #[test]
    fn only_the_same_root_purpose_and_id_open() {
        let open = |root, purpose, id| unwrap(&secret(root), purpose, id, &sealed());
        assert!(open(1, Purpose::KeyMaterial, "key/material").unwrap().same_as(&secret(2)));
        assert!(matches!(open(9, Purpose::KeyMaterial, "key/material"), Err(KeysError::OtherRootKey { .. })));
        assert!(matches!(open(1, Purpose::AccessKeySecret, "key/material"), Err(KeysError::DoesNotOpen(_))));
        for id in ["", "key/materia", "key/material ", "Key/material"] {
            assert!(matches!(open(1, Purpose::KeyMaterial, id), Err(KeysError::DoesNotOpen(_))), "{id}");
        }
    }

    #[test]
    fn the_secret_does_not_show_and_two_seals_differ() {
        let seals: Vec<Vec<u8>> = {
            let entropy = SimEntropy::new(1);
            let wrap = |_| wrap(&secret(1), Purpose::KeyMaterial, "id", &secret(2), &entropy).unwrap();
            (0..2).map(wrap).collect()
        };
        assert_ne!(seals[0], seals[1]);
        assert!(!seals[0].windows(4).any(|w| w == [2; 4]));
        assert_eq!(seals[0].len(), 32 + 56);
    }

    #[test]
    fn derived_keys_depend_on_root_and_label() {
        let derived = |root, label| *derive(&secret(root), label).expose();
        assert_eq!(derived(1, "a"), derived(1, "a"));
        assert_ne!(derived(1, "a"), derived(1, "b"));
        assert_ne!(derived(1, "a"), derived(2, "a"));
        assert_ne!(root_key_id(&secret(1)), root_key_id(&secret(2)));
    }

    proptest! {
        #[test]
        fn any_flipped_bit_is_refused(at in 0usize..1000, bit in 0u8..8) {
            let mut bytes = sealed();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            prop_assert!(unwrap(&secret(1), Purpose::KeyMaterial, "key/material", &bytes).is_err());
        }

        #[test]
        fn any_other_length_is_refused(len in 0usize..200) {
            let mut bytes = sealed();
            prop_assume!(len != bytes.len());
            bytes.resize(len, 0);
            prop_assert!(unwrap(&secret(1), Purpose::KeyMaterial, "key/material", &bytes).is_err());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(unwrap(&secret(1), Purpose::KeyMaterial, "", &bytes).is_err());
        }
    }
}
