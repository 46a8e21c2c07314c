//! Key material: the secret bytes behind a KMS key, by key spec, and what may be told of them in public.
//!
//! | spec | material |
//! |---|---|
//! | SYMMETRIC_DEFAULT | 32 random bytes |
//! | HMAC_n | n/8 random bytes (KMS Developer Guide, "HMAC keys") |
//! | RSA, ECC, Ed25519 | private key as PKCS#8 DER (RFC 5958) |
//! | ML-DSA | its 32-byte seed as PKCS#8 DER (RFC 9881) |
//!
//! Symmetric and HMAC material comes from [`Entropy`]. Key pairs come from the library's own generator, which cannot be given
//! a seed: it is seeded by the kernel, and tests that replay must not depend on their bytes.

use crate::{KeySpec, KeysError, Secret, aead};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use aws_lc_rs::{rand, rsa};
use env::Entropy;

/// Makes fresh key material. RSA searches for primes: about 66 ms for 2048 bits, seconds in the worst case for 4096.
pub fn generate_material(spec: KeySpec, entropy: &dyn Entropy) -> Result<Secret, KeysError> {
    let failed = |_| KeysError::Library("generate a key pair");
    if let Some(bytes) = spec.secret_bytes() {
        return Secret::generate(entropy, bytes);
    }
    if let Some(size) = rsa_size(spec) {
        let pair = rsa::KeyPair::generate(size).map_err(failed)?;
        let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
        return Secret::copy_of(der.as_ref()); // wiped by its own drop
    }
    if let Some(algorithm) = ml_dsa(spec) {
        let document =
            PqdsaKeyPair::generate(algorithm).and_then(|pair| pair.to_pkcs8v1()).map_err(failed)?;
        return Secret::copy_of(document.as_ref()); // wiped by its own drop
    }
    let unused = rand::SystemRandom::new(); // the library's signature asks for it and ignores it
    let document = match ecdsa(spec) {
        Some(algorithm) => EcdsaKeyPair::generate_pkcs8(algorithm, &unused),
        None if spec == KeySpec::EccNistEdwards25519 => Ed25519KeyPair::generate_pkcs8v1(&unused),
        None => return Err(KeysError::UnsupportedSpec(spec)),
    };
    Secret::copy_of(document.map_err(failed)?.as_ref()) // wiped by its own drop
}

/// The public name of one material of one key: 64 hexadecimal digits, derived one-way from both. Equal for equal material of
/// the same key, so that a re-import can be recognised; different for the same material in another key.
pub fn material_id(key_id: &str, material: &Secret) -> String {
    let info: [&[u8]; 1] = [b"sealvol key-material id v1"];
    hex::encode(aead::derive(material.expose(), key_id.as_bytes(), &info))
}

/// The public half as DER SubjectPublicKeyInfo (RFC 5280), as `GetPublicKey` returns it.
pub fn public_key_der(spec: KeySpec, material: &Secret) -> Result<Vec<u8>, KeysError> {
    let pkcs8 = material.expose();
    let rejected = |_| KeysError::Library("read a private key");
    let unspecified = |_| KeysError::Library("print a public key");
    let der: PublicKeyX509Der<'_> = if rsa_size(spec).is_some() {
        let pair = rsa::KeyPair::from_pkcs8(pkcs8).map_err(rejected)?;
        pair.public_key().as_der().map_err(unspecified)?
    } else if let Some(algorithm) = ecdsa(spec) {
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).map_err(rejected)?;
        pair.public_key().as_der().map_err(unspecified)?
    } else if spec == KeySpec::EccNistEdwards25519 {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(rejected)?;
        pair.public_key().as_der().map_err(unspecified)?
    } else if let Some(algorithm) = ml_dsa(spec) {
        let pair = PqdsaKeyPair::from_pkcs8(algorithm, pkcs8).map_err(rejected)?;
        pair.public_key().as_der().map_err(unspecified)?
    } else {
        return Err(KeysError::WrongSpec(spec));
    };
    Ok(der.as_ref().to_vec())
}

pub(crate) fn rsa_size(spec: KeySpec) -> Option<rsa::KeySize> {
    match spec {
        KeySpec::Rsa2048 => Some(rsa::KeySize::Rsa2048),
        KeySpec::Rsa3072 => Some(rsa::KeySize::Rsa3072),
        KeySpec::Rsa4096 => Some(rsa::KeySize::Rsa4096),
        _ => None,
    }
}

/// Reads an RSA private key; the library checks that its parts belong together.
pub(crate) fn rsa_private(material: &Secret) -> Result<rsa::PrivateDecryptingKey, KeysError> {
    rsa::PrivateDecryptingKey::from_pkcs8(material.expose())
        .map_err(|_| KeysError::Library("read an RSA private key"))
}

/// The curve of a spec; the digest in its name plays no part in making keys.
pub(crate) fn ecdsa(spec: KeySpec) -> Option<&'static EcdsaSigningAlgorithm> {
    match spec {
        KeySpec::EccNistP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
        KeySpec::EccNistP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
        KeySpec::EccNistP521 => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
        KeySpec::EccSecgP256k1 => Some(&signature::ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}

pub(crate) fn ml_dsa(spec: KeySpec) -> Option<&'static PqdsaSigningAlgorithm> {
    match spec {
        KeySpec::MlDsa44 => Some(&signature::ML_DSA_44_SIGNING),
        KeySpec::MlDsa65 => Some(&signature::ML_DSA_65_SIGNING),
        KeySpec::MlDsa87 => Some(&signature::ML_DSA_87_SIGNING),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use env::SimEntropy;

    fn make(spec: KeySpec) -> Secret {
        generate_material(spec, &SimEntropy::new(1)).unwrap()
    }

    #[test]
    fn secret_specs_have_their_lengths_and_replay_from_a_seed() {
        let lengths = [
            (KeySpec::SymmetricDefault, 32),
            (KeySpec::Hmac224, 28),
            (KeySpec::Hmac256, 32),
            (KeySpec::Hmac384, 48),
            (KeySpec::Hmac512, 64),
        ];
        for (spec, len) in lengths {
            assert_eq!(make(spec).len(), len, "{spec}");
            assert!(make(spec).same_as(&make(spec)));
            assert!(matches!(public_key_der(spec, &make(spec)), Err(KeysError::WrongSpec(_))));
        }
    }

    #[test]
    fn key_pairs_give_public_keys_of_their_own_algorithm() {
        // Object identifiers inside SubjectPublicKeyInfo: RFC 5480, SEC 2, RFC 8410, RFC 8017.
        let identifiers = [
            (KeySpec::EccNistP256, "2a8648ce3d030107"),
            (KeySpec::EccNistP384, "2b81040022"),
            (KeySpec::EccNistP521, "2b81040023"),
            (KeySpec::EccSecgP256k1, "2b8104000a"),
            (KeySpec::EccNistEdwards25519, "2b6570"),
            (KeySpec::Rsa2048, "2a864886f70d010101"),
        ];
        for (spec, identifier) in identifiers {
            let material = make(spec);
            let der = public_key_der(spec, &material).unwrap();
            assert!(hex::encode(&der).contains(identifier), "{spec}: {}", hex::encode(&der));
            assert_eq!(der, public_key_der(spec, &material).unwrap(), "{spec}");
            assert_ne!(der, public_key_der(spec, &make(spec)).unwrap(), "{spec}");
        }
    }

    #[test]
    fn material_of_one_spec_is_refused_as_another() {
        let p256 = make(KeySpec::EccNistP256);
        for spec in
            [KeySpec::EccNistP384, KeySpec::EccSecgP256k1, KeySpec::EccNistEdwards25519, KeySpec::Rsa2048]
        {
            assert!(public_key_der(spec, &p256).is_err(), "{spec}");
        }
        assert!(public_key_der(KeySpec::EccNistP256, &make(KeySpec::SymmetricDefault)).is_err());
    }

    #[test]
    fn what_the_library_lacks_is_refused_and_not_replaced() {
        for spec in KeySpec::ALL.into_iter().filter(|spec| !spec.is_supported()) {
            let made = generate_material(spec, &SimEntropy::new(1));
            assert!(matches!(made, Err(KeysError::UnsupportedSpec(s)) if s == spec), "{spec}");
        }
    }

    #[test]
    fn a_material_id_names_one_material_of_one_key() {
        let (a, b) = (Secret::copy_of(&[1; 32]).unwrap(), Secret::copy_of(&[2; 32]).unwrap());
        let id = material_id("key", &a);
        assert!(id.len() == 64 && id.bytes().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(id, material_id("key", &a));
        assert_ne!(id, material_id("key", &b));
        assert_ne!(id, material_id("other", &a));
    }
}
