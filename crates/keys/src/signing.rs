//! Digital signatures: `Sign` and `Verify` of KMS. All cryptography is the library's; this file maps AWS's names to it.
//!
//! | algorithm | keys | signature |
//! |---|---|---|
//! | RSASSA_PSS_SHA_n | RSA | RFC 8017, 8.1; MGF1 with the same digest, salt as long as the digest |
//! | RSASSA_PKCS1_V1_5_SHA_n | RSA | RFC 8017, 8.2 |
//! | ECDSA_SHA_n | P-256 and secp256k1 (256), P-384 (384), P-521 (512) | ANSI X9.62: DER SEQUENCE of r and s (RFC 3279, 2.2.3) |
//! | ED25519_SHA_512 | Ed25519 | RFC 8032, 5.1; whole messages only |
//! | ED25519_PH_SHA_512 | Ed25519 | RFC 8032, 5.1 with prehash and empty context; digests only |
//! | ML_DSA_SHAKE_256 | ML-DSA-44, -65, -87 | FIPS 204, 5.2 with empty context; messages, or their 64-byte representative mu |

use crate::material::{ecdsa, rsa_size};
use crate::{KeySpec, KeysError, Secret, evp, public_key_der};
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self as lib, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, PqdsaKeyPair};
use aws_lc_rs::{rand::SystemRandom, rsa};

/// Bytes of the message representative of ML-DSA (FIPS 204, algorithm 7).
pub const MU_BYTES: usize = 64;

/// A signing algorithm of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningAlgorithm {
    RsaPss(Sha2),
    RsaPkcs1(Sha2),
    Ecdsa(Sha2),
    Ed25519,
    Ed25519Ph,
    MlDsa,
}

/// The digests of signing algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sha2 {
    Sha256,
    Sha384,
    Sha512,
}

/// What is signed, as `MessageType` says.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// RAW: the message itself
    Raw(&'a [u8]),
    /// DIGEST: the message's digest, made by the caller
    Digest(&'a [u8]),
    /// EXTERNAL_MU: the message representative of ML-DSA, made by the caller
    ExternalMu(&'a [u8]),
}

use Sha2::{Sha256, Sha384, Sha512};
use SigningAlgorithm::{Ecdsa, Ed25519, Ed25519Ph, MlDsa, RsaPkcs1, RsaPss};

impl Sha2 {
    fn bytes(self) -> usize {
        self.library().output_len()
    }

    fn library(self) -> &'static digest::Algorithm {
        match self {
            Sha256 => &digest::SHA256,
            Sha384 => &digest::SHA384,
            Sha512 => &digest::SHA512,
        }
    }
}

impl SigningAlgorithm {
    pub const ALL: [SigningAlgorithm; 12] = [
        RsaPkcs1(Sha256),
        RsaPkcs1(Sha384),
        RsaPkcs1(Sha512),
        RsaPss(Sha256),
        RsaPss(Sha384),
        RsaPss(Sha512),
        Ecdsa(Sha256),
        Ecdsa(Sha384),
        Ecdsa(Sha512),
        Ed25519,
        Ed25519Ph,
        MlDsa,
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            RsaPss(Sha256) => "RSASSA_PSS_SHA_256",
            RsaPss(Sha384) => "RSASSA_PSS_SHA_384",
            RsaPss(Sha512) => "RSASSA_PSS_SHA_512",
            RsaPkcs1(Sha256) => "RSASSA_PKCS1_V1_5_SHA_256",
            RsaPkcs1(Sha384) => "RSASSA_PKCS1_V1_5_SHA_384",
            RsaPkcs1(Sha512) => "RSASSA_PKCS1_V1_5_SHA_512",
            Ecdsa(Sha256) => "ECDSA_SHA_256",
            Ecdsa(Sha384) => "ECDSA_SHA_384",
            Ecdsa(Sha512) => "ECDSA_SHA_512",
            Ed25519 => "ED25519_SHA_512",
            Ed25519Ph => "ED25519_PH_SHA_512",
            MlDsa => "ML_DSA_SHAKE_256",
        }
    }

    /// The algorithm of this name; `None` also for SM2DSA, which only AWS's China Regions have.
    pub fn parse(name: &str) -> Option<SigningAlgorithm> {
        SigningAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a key of this spec signs so.
    pub fn fits(self, spec: KeySpec) -> bool {
        use KeySpec::*;
        match self {
            RsaPss(_) | RsaPkcs1(_) => rsa_size(spec).is_some(),
            Ecdsa(Sha256) => matches!(spec, EccNistP256 | EccSecgP256k1),
            Ecdsa(Sha384) => spec == EccNistP384,
            Ecdsa(Sha512) => spec == EccNistP521,
            Ed25519 | Ed25519Ph => spec == EccNistEdwards25519,
            MlDsa => matches!(spec, MlDsa44 | MlDsa65 | MlDsa87),
        }
    }

    /// Whether it takes whole messages (`MessageType` RAW).
    pub fn takes_raw(self) -> bool {
        self != Ed25519Ph
    }

    /// Bytes of a digest (`MessageType` DIGEST), if it takes one.
    pub fn digest_bytes(self) -> Option<usize> {
        match self {
            RsaPss(sha) | RsaPkcs1(sha) | Ecdsa(sha) => Some(sha.bytes()),
            Ed25519Ph => Some(Sha512.bytes()),
            Ed25519 | MlDsa => None,
        }
    }

    /// Whether it takes a message representative (`MessageType` EXTERNAL_MU).
    pub fn takes_external_mu(self) -> bool {
        self == MlDsa
    }

    /// Signs with the private key `material` of a key of this spec. [`KeysError::WrongSpec`] if they do not fit,
    /// [`KeysError::Length`] for a digest of another length, [`KeysError::Malformed`] for a message of a type it does not take.
    pub fn sign(self, spec: KeySpec, material: &Secret, message: Message) -> Result<Vec<u8>, KeysError> {
        self.check(spec, message)?;
        let failed = |_| KeysError::Library("sign");
        match self {
            RsaPss(sha) | RsaPkcs1(sha) => {
                let pair = rsa::KeyPair::from_pkcs8(material.expose()).map_err(rejected)?;
                let encoding = rsa_encoding(self);
                let mut signature = vec![0; pair.public_modulus_len()];
                match digest_of(sha, message)? {
                    Some(digest) => pair.sign_digest(encoding, &digest, &mut signature),
                    None => pair.sign(encoding, &SystemRandom::new(), message.bytes(), &mut signature),
                }
                .map_err(failed)?;
                Ok(signature)
            }
            Ecdsa(sha) => {
                let curve = ecdsa(spec).ok_or(KeysError::WrongSpec(spec))?;
                let pair = EcdsaKeyPair::from_pkcs8(curve, material.expose()).map_err(rejected)?;
                let signature = match digest_of(sha, message)? {
                    Some(digest) => pair.sign_digest(&digest),
                    None => pair.sign(&SystemRandom::new(), message.bytes()),
                };
                Ok(signature.map_err(failed)?.as_ref().to_vec())
            }
            Ed25519 => {
                let pair = Ed25519KeyPair::from_pkcs8(material.expose()).map_err(rejected)?;
                Ok(pair.try_sign(message.bytes()).map_err(failed)?.as_ref().to_vec())
            }
            Ed25519Ph => evp::sign_ed25519ph(material, message.bytes()),
            MlDsa => sign_ml_dsa(spec, material, message),
        }
    }

    /// Whether `signature` is the key's for this message. Errors as for [`SigningAlgorithm::sign`].
    pub fn verify(
        self,
        spec: KeySpec,
        material: &Secret,
        message: Message,
        signature: &[u8],
    ) -> Result<bool, KeysError> {
        self.check(spec, message)?;
        if self == Ed25519Ph {
            return evp::verify_ed25519ph(material, message.bytes(), signature);
        }
        if let Message::ExternalMu(mu) = message {
            return evp::verify_external_mu(material, mu, signature);
        }
        let public = public_key_der(spec, material)?;
        let public = ParsedPublicKey::new(self.verification(spec)?, public).map_err(rejected)?;
        let verified = match (self, message) {
            (RsaPss(sha) | RsaPkcs1(sha) | Ecdsa(sha), Message::Digest(_)) => {
                match digest_of(sha, message)? {
                    Some(digest) => public.verify_digest_sig(&digest, signature),
                    None => return Ok(false),
                }
            }
            _ => public.verify_sig(message.bytes(), signature),
        };
        Ok(verified.is_ok())
    }

    fn check(self, spec: KeySpec, message: Message) -> Result<(), KeysError> {
        if !self.fits(spec) {
            return Err(KeysError::WrongSpec(spec));
        }
        let wanted = match message {
            Message::Raw(_) if self.takes_raw() => return Ok(()),
            Message::Digest(_) => self.digest_bytes(),
            Message::ExternalMu(_) => self.takes_external_mu().then_some(MU_BYTES),
            Message::Raw(_) => None,
        };
        let given = message.bytes().len();
        match wanted {
            None => Err(KeysError::Malformed("the message type")),
            Some(bytes) if bytes != given => Err(KeysError::Length(given)),
            Some(_) => Ok(()),
        }
    }

    fn verification(self, spec: KeySpec) -> Result<&'static dyn lib::VerificationAlgorithm, KeysError> {
        Ok(match (self, spec) {
            (RsaPss(Sha256), _) => &lib::RSA_PSS_2048_8192_SHA256,
            (RsaPss(Sha384), _) => &lib::RSA_PSS_2048_8192_SHA384,
            (RsaPss(Sha512), _) => &lib::RSA_PSS_2048_8192_SHA512,
            (RsaPkcs1(Sha256), _) => &lib::RSA_PKCS1_2048_8192_SHA256,
            (RsaPkcs1(Sha384), _) => &lib::RSA_PKCS1_2048_8192_SHA384,
            (RsaPkcs1(Sha512), _) => &lib::RSA_PKCS1_2048_8192_SHA512,
            (Ecdsa(_), KeySpec::EccNistP256) => &lib::ECDSA_P256_SHA256_ASN1,
            (Ecdsa(_), KeySpec::EccSecgP256k1) => &lib::ECDSA_P256K1_SHA256_ASN1,
            (Ecdsa(_), KeySpec::EccNistP384) => &lib::ECDSA_P384_SHA384_ASN1,
            (Ecdsa(_), KeySpec::EccNistP521) => &lib::ECDSA_P521_SHA512_ASN1,
            (Ed25519, _) => &lib::ED25519,
            (MlDsa, KeySpec::MlDsa44) => &lib::ML_DSA_44,
            (MlDsa, KeySpec::MlDsa65) => &lib::ML_DSA_65,
            (MlDsa, KeySpec::MlDsa87) => &lib::ML_DSA_87,
            _ => return Err(KeysError::WrongSpec(spec)),
        })
    }
}

impl<'a> Message<'a> {
    fn bytes(self) -> &'a [u8] {
        let (Message::Raw(bytes) | Message::Digest(bytes) | Message::ExternalMu(bytes)) = self;
        bytes
    }
}

/// The digest that the caller made; `None` for a whole message.
fn digest_of(sha: Sha2, message: Message) -> Result<Option<Digest>, KeysError> {
    let Message::Digest(bytes) = message else { return Ok(None) };
    let digest =
        Digest::import_less_safe(bytes, sha.library()).map_err(|_| KeysError::Length(bytes.len()))?;
    Ok(Some(digest))
}

fn rsa_encoding(algorithm: SigningAlgorithm) -> &'static dyn lib::RsaEncoding {
    match algorithm {
        RsaPss(Sha256) => &lib::RSA_PSS_SHA256,
        RsaPss(Sha384) => &lib::RSA_PSS_SHA384,
        RsaPss(Sha512) => &lib::RSA_PSS_SHA512,
        RsaPkcs1(Sha384) => &lib::RSA_PKCS1_SHA384,
        RsaPkcs1(Sha512) => &lib::RSA_PKCS1_SHA512,
        _ => &lib::RSA_PKCS1_SHA256,
    }
}

fn sign_ml_dsa(spec: KeySpec, material: &Secret, message: Message) -> Result<Vec<u8>, KeysError> {
    if let Message::ExternalMu(mu) = message {
        return evp::sign_external_mu(material, mu);
    }
    let algorithm = crate::material::ml_dsa(spec).ok_or(KeysError::WrongSpec(spec))?;
    let pair = PqdsaKeyPair::from_pkcs8(algorithm, material.expose()).map_err(rejected)?;
    let mut signature = vec![0; algorithm.signature_len()];
    let written = pair.sign(message.bytes(), &mut signature).map_err(|_| KeysError::Library("sign"))?;
    signature.truncate(written);
    Ok(signature)
}

fn rejected(_: aws_lc_rs::error::KeyRejected) -> KeysError {
    KeysError::Library("read a private key")
}

#[cfg(test)]
#[path = "signing_tests.rs"]
mod tests;
