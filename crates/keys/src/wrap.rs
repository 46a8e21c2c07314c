//! Ciphertext blobs: what KMS `Encrypt` and `GenerateDataKey*` return and `Decrypt` reads, for symmetric keys.
//!
//! ```text
//!   offset  bytes  field
//!        0      3  magic "SVB"
//!        3      1  version, 1
//!        4      1  n, length of the key id, 1 to 64
//!        5      n  key id, so that Decrypt needs no KeyId
//!      5+n     32  key-material id, so that blobs made before a rotation still open
//!     37+n     16  salt     ┐ see `aead`
//!     53+n     12  nonce    ┘
//!     65+n      m  ciphertext, as long as the plaintext, 1 to 4,096
//!   65+n+m     16  tag
//!
//!   additional data = bytes 0 to 65+n ‖ count of pairs (4) ‖ for each pair, sorted by name:
//!                     length of name (4) ‖ name ‖ length of value (4) ‖ value          lengths big-endian
//! ```
//! Lengths before texts make the encoding one-to-one: no two encryption contexts share it. With a UUID key id a blob is 117
//! bytes longer than its plaintext, so the longest (4,213) stays under the API's 6,144.
//!
//! The material id is itself derived from the material ([`crate::material_id`]) and is compared before decryption, so a blob
//! opens under one material only. AES-GCM alone does not promise that ("Fast Message Franking", CRYPTO 2018).

use crate::aead::{self, ONCE_BYTES, Once, TAG_BYTES};
use crate::{KeysError, Secret, material_id};
use env::Entropy;
use std::collections::BTreeMap;

/// Longest plaintext of a blob (KMS API Reference, `Encrypt`).
pub const PLAINTEXT_BYTES_MAX: usize = 4096;
const MAGIC_AND_VERSION: &[u8; 4] = b"SVB\x01";
const KEY_ID_BYTES_MAX: usize = 64;
const MATERIAL_ID_BYTES: usize = 32;
const DOMAIN: &[u8] = b"sealvol ciphertext blob v1";
const WHAT: &str = "the ciphertext blob";

/// The encryption context: order does not matter, case does.
pub type Context = BTreeMap<String, String>;

/// Which key and which of its materials a blob was made with. Not authenticated until the blob opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobHeader {
    /// UUID or `mrk-…`
    pub key_id: String,
    /// 64 hexadecimal digits
    pub material_id: String,
}

/// Encrypts 1 to 4,096 bytes, bound to `context`. `material_id` is what [`crate::material_id`] says of this key and material.
pub fn encrypt(
    material: &Secret,
    key_id: &str,
    material_id: &str,
    context: &Context,
    plaintext: &[u8],
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, KeysError> {
    if plaintext.is_empty() || plaintext.len() > PLAINTEXT_BYTES_MAX {
        return Err(KeysError::Length(plaintext.len()));
    }
    check_material(material, key_id, material_id)?;
    let once = Once::draw(entropy);
    let mut blob = header(key_id, material_id)?;
    once.append_to(&mut blob);
    let additional = additional_data(&blob, context);
    // Encrypted in locked memory: a copy of the plaintext in the blob's own buffer could outlive us on the heap.
    let mut tag = [0; TAG_BYTES];
    let ciphertext = Secret::filled_by(plaintext.len(), |text| {
        text.copy_from_slice(plaintext);
        tag = aead::seal(material.expose(), DOMAIN, once, &additional, text)?;
        Ok(text.len())
    })?;
    blob.extend_from_slice(ciphertext.expose());
    blob.extend_from_slice(&tag);
    Ok(blob)
}

/// Reads which key a blob needs, without opening it.
pub fn parse(blob: &[u8]) -> Result<BlobHeader, KeysError> {
    Parts::of(blob).map(|parts| BlobHeader {
        key_id: parts.key_id.to_owned(),
        material_id: hex::encode(parts.material_id),
    })
}

/// Opens a blob. Any change of blob, key or context gives [`KeysError::DoesNotOpen`] or [`KeysError::Malformed`].
pub fn decrypt(material: &Secret, blob: &[u8], context: &Context) -> Result<Secret, KeysError> {
    let parts = Parts::of(blob)?;
    check_material(material, parts.key_id, &hex::encode(parts.material_id))?;
    let additional = additional_data(parts.header, context);
    Secret::filled_by(parts.sealed.len(), |text| {
        text.copy_from_slice(parts.sealed);
        aead::open(material.expose(), DOMAIN, Once::read(parts.once), &additional, text, WHAT)
    })
}

fn check_material(material: &Secret, key_id: &str, named: &str) -> Result<(), KeysError> {
    if material_id(key_id, material) == named { Ok(()) } else { Err(KeysError::DoesNotOpen(WHAT)) }
}

/// Everything before salt and nonce.
fn header(key_id: &str, material_id: &str) -> Result<Vec<u8>, KeysError> {
    let mut id = [0; MATERIAL_ID_BYTES];
    hex::decode_to_slice(material_id, &mut id).map_err(|_| KeysError::Malformed("the key-material id"))?;
    let length = u8::try_from(key_id.len()).map_err(|_| KeysError::Malformed("the key id"))?;
    if !is_key_id(key_id.as_bytes()) {
        return Err(KeysError::Malformed("the key id"));
    }
    let mut header = MAGIC_AND_VERSION.to_vec();
    header.push(length);
    header.extend_from_slice(key_id.as_bytes());
    header.extend_from_slice(&id);
    Ok(header)
}

/// The characters of `1234abcd-12ab-34cd-56ef-1234567890ab` and `mrk-…`; a header is read before it is authenticated, and
/// what it names goes into queries, messages and the trail.
fn is_key_id(text: &[u8]) -> bool {
    (1..=KEY_ID_BYTES_MAX).contains(&text.len())
        && text.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

fn additional_data(header: &[u8], context: &Context) -> Vec<u8> {
    // Lengths are below 2^32: a request body is limited to some MiB.
    let mut data = header.to_vec();
    data.extend_from_slice(&(context.len() as u32).to_be_bytes());
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        data.extend_from_slice(&(text.len() as u32).to_be_bytes());
        data.extend_from_slice(text.as_bytes());
    }
    data
}

/// A blob cut into its fields.
struct Parts<'a> {
    header: &'a [u8],
    key_id: &'a str,
    material_id: &'a [u8; MATERIAL_ID_BYTES],
    once: &'a [u8; ONCE_BYTES],
    /// ciphertext ‖ tag
    sealed: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(blob: &'a [u8]) -> Result<Parts<'a>, KeysError> {
        Self::cut(blob).ok_or(KeysError::Malformed(WHAT))
    }

    fn cut(blob: &'a [u8]) -> Option<Parts<'a>> {
        let rest = blob.strip_prefix(MAGIC_AND_VERSION)?;
        let (length, rest) = rest.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*length))?;
        let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_key_id(id.as_bytes()))?;
        let (material_id, rest) = rest.split_first_chunk()?;
        let (once, sealed) = rest.split_first_chunk()?;
        let in_range = (1..=PLAINTEXT_BYTES_MAX).contains(&sealed.len().checked_sub(TAG_BYTES)?);
        let header = blob.get(..blob.len() - sealed.len())?;
        in_range.then_some(Parts { header, key_id, material_id, once, sealed })
    }
}

#[cfg(test)]
mod tests;
