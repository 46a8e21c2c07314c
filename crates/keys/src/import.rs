//! Import of key material: the wrapping key pair of `GetParametersForImport`, and what `ImportKeyMaterial` unwraps with it.
//!
//! ```text
//!   RSAES_OAEP_SHA_n          RSA-OAEP(material)                                       RFC 8017, 7.1
//!   RSA_AES_KEY_WRAP_SHA_n    RSA-OAEP(AES-256 key) ‖ AES key wrap with padding(material)   RFC 5649; PKCS #11 2.40, 2.1.21
//! ```
//! Material arrives as the KMS Developer Guide asks for it ("Encrypt the key material"): symmetric and HMAC keys as plain bytes,
//! private keys as PKCS#8 DER (RFC 5208). It is kept as this crate writes such keys itself, so one private key has one
//! [`material_id`](crate::material_id) however its sender spelt it.

use crate::der::is_one_sequence;
use crate::material::{ecdsa, rsa_private, rsa_size};
use crate::{KeySpec, KeysError, Oaep, Secret, generate_material, public_key_der};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair};

/// Bytes of the AES key between the RSA key and the material.
const AES_KEY_BYTES: usize = 32;
/// What AES key wrap with padding adds at most: its header, and padding to 8 bytes.
const KEY_WRAP_EXTRA_BYTES: usize = 15;

const WHAT: &str = "the wrapped key material";

/// How material is wrapped for its way to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrappingAlgorithm {
    OaepSha1,
    OaepSha256,
    AesKeyWrapSha1,
    AesKeyWrapSha256,
}

impl WrappingAlgorithm {
    pub const ALL: [WrappingAlgorithm; 4] = [
        WrappingAlgorithm::OaepSha1,
        WrappingAlgorithm::OaepSha256,
        WrappingAlgorithm::AesKeyWrapSha1,
        WrappingAlgorithm::AesKeyWrapSha256,
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            WrappingAlgorithm::OaepSha1 => "RSAES_OAEP_SHA_1",
            WrappingAlgorithm::OaepSha256 => "RSAES_OAEP_SHA_256",
            WrappingAlgorithm::AesKeyWrapSha1 => "RSA_AES_KEY_WRAP_SHA_1",
            WrappingAlgorithm::AesKeyWrapSha256 => "RSA_AES_KEY_WRAP_SHA_256",
        }
    }

    /// The algorithm of this name. `None` also for RSAES_PKCS1_V1_5, which AWS withdrew in October 2023, and for SM2PKE of its
    /// China Regions.
    pub fn parse(name: &str) -> Option<WrappingAlgorithm> {
        WrappingAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether it takes an AES key in between, and so material of any length.
    fn is_two_step(self) -> bool {
        matches!(self, WrappingAlgorithm::AesKeyWrapSha1 | WrappingAlgorithm::AesKeyWrapSha256)
    }

    fn oaep(self) -> Oaep {
        match self {
            WrappingAlgorithm::OaepSha1 | WrappingAlgorithm::AesKeyWrapSha1 => Oaep::Sha1,
            WrappingAlgorithm::OaepSha256 | WrappingAlgorithm::AesKeyWrapSha256 => Oaep::Sha256,
        }
    }

    /// Whether material of a key of spec `material` may come wrapped so under a wrapping key of spec `wrapping` (KMS API
    /// Reference, GetParametersForImport, `WrappingAlgorithm`): RSA private keys need the two-step wrapping, secret bytes are
    /// wrapped directly, and the private key of P-521 is too long for OAEP under RSA_2048.
    pub fn fits(self, wrapping: KeySpec, material: KeySpec) -> bool {
        use KeySpec::*;
        match material {
            Rsa2048 | Rsa3072 | Rsa4096 => self.is_two_step(),
            EccNistP521 => self.is_two_step() || wrapping != Rsa2048,
            EccNistP256 | EccNistP384 | EccSecgP256k1 | EccNistEdwards25519 => true,
            SymmetricDefault | Hmac224 | Hmac256 | Hmac384 | Hmac512 => !self.is_two_step(),
            Sm2 | MlDsa44 | MlDsa65 | MlDsa87 => false,
        }
    }
}

/// The pair that wraps one import.
pub struct WrappingPair {
    /// PKCS#8 DER, to be sealed into the import token
    pub private: Secret,
    /// DER SubjectPublicKeyInfo, for the caller
    pub public: Vec<u8>,
}

/// Makes a wrapping pair of `RSA_2048`, `RSA_3072` or `RSA_4096`. 4096 bits take a second or more.
pub fn wrapping_pair(spec: KeySpec, entropy: &dyn env::Entropy) -> Result<WrappingPair, KeysError> {
    rsa_size(spec).ok_or(KeysError::WrongSpec(spec))?;
    let private = generate_material(spec, entropy)?;
    let public = public_key_der(spec, &private)?;
    Ok(WrappingPair { private, public })
}

/// Unwraps material with the private half of a wrapping pair. Damage, another key and another algorithm look the same.
pub fn unwrap(algorithm: WrappingAlgorithm, private: &Secret, wrapped: &[u8]) -> Result<Secret, KeysError> {
    let private = rsa_private(private)?;
    let failed = || KeysError::DoesNotOpen(WHAT);
    if !algorithm.is_two_step() {
        return algorithm.oaep().open(private, wrapped).map_err(|_| failed());
    }
    let (wrapped_key, wrapped) = wrapped.split_at_checked(private.key_size_bytes()).ok_or_else(failed)?;
    let key = algorithm.oaep().open(private, wrapped_key).map_err(|_| failed())?;
    if key.len() != AES_KEY_BYTES || wrapped.is_empty() {
        return Err(failed());
    }
    let key = AesKek::new(&AES_256, key.expose()).map_err(|_| failed())?;
    Secret::filled_by(wrapped.len(), |text| {
        key.unwrap_with_padding(wrapped, text).map(|plain| plain.len()).map_err(|_| failed())
    })
    .map_err(|error| if matches!(error, KeysError::Length(_)) { failed() } else { error })
}

/// Wraps material as a key's owner would before an import. `public` is DER SubjectPublicKeyInfo; `entropy` draws the AES key.
pub fn wrap(
    algorithm: WrappingAlgorithm,
    public: &[u8],
    material: &[u8],
    entropy: &dyn env::Entropy,
) -> Result<Vec<u8>, KeysError> {
    if !algorithm.is_two_step() {
        return algorithm.oaep().encrypt_to(public, material);
    }
    let failed = |_| KeysError::Library("wrap key material");
    let key = Secret::generate(entropy, AES_KEY_BYTES)?;
    let mut wrapped = algorithm.oaep().encrypt_to(public, key.expose())?;
    let mut text = vec![0; material.len() + KEY_WRAP_EXTRA_BYTES];
    let key = AesKek::new(&AES_256, key.expose()).map_err(failed)?;
    wrapped.extend_from_slice(key.wrap_with_padding(material, &mut text).map_err(failed)?);
    Ok(wrapped)
}

/// Checks that imported bytes are material for a key of this spec, and returns them as this crate writes such material.
/// [`KeysError::Length`] for secret bytes of another length, [`KeysError::Malformed`] for a private key that is no PKCS#8, of
/// another kind or size, or not sound.
pub fn parse_material(spec: KeySpec, imported: &Secret) -> Result<Secret, KeysError> {
    if let Some(bytes) = spec.secret_bytes() {
        return if imported.len() == bytes {
            Secret::copy_of(imported.expose())
        } else {
            Err(KeysError::Length(imported.len()))
        };
    }
    let bad = || KeysError::Malformed("the private key");
    let der = imported.expose();
    if !is_one_sequence(der) {
        return Err(bad());
    }
    if let Some(size) = rsa_size(spec) {
        let pair = rsa_private(imported).map_err(|_| bad())?;
        if pair.key_size_bits() != size.len() * 8 {
            return Err(bad());
        }
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| bad())?;
        return Secret::copy_of(der.as_ref()); // wiped by its own drop
    }
    let document = if let Some(curve) = ecdsa(spec) {
        EcdsaKeyPair::from_pkcs8(curve, der).map_err(|_| bad())?.to_pkcs8v1()
    } else if spec == KeySpec::EccNistEdwards25519 {
        Ed25519KeyPair::from_pkcs8(der).map_err(|_| bad())?.to_pkcs8v1()
    } else {
        return Err(KeysError::WrongSpec(spec));
    };
    Secret::copy_of(document.map_err(|_| bad())?.as_ref()) // wiped by its own drop
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
