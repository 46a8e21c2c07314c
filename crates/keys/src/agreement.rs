//! Elliptic-curve Diffie-Hellman (NIST SP 800-56A, 5.7.1.2): `DeriveSharedSecret` of KMS. The raw shared secret: deriving keys
//! from it is the caller's business.

use crate::der::is_one_sequence;
use crate::{KeySpec, KeysError, Secret};
use aws_lc_rs::agreement::{self, Algorithm, PrivateKey, UnparsedPublicKey};

/// The x coordinate that a key of ours and a peer's public key (DER SubjectPublicKeyInfo) agree on. [`KeysError::Malformed`]
/// for a public key that is no such DER, of another curve, or no point of the curve.
pub fn agree(spec: KeySpec, material: &Secret, peer: &[u8]) -> Result<Secret, KeysError> {
    let algorithm = curve(spec).ok_or(KeysError::WrongSpec(spec))?;
    // The library would take bare points too.
    if !is_one_sequence(peer) {
        return Err(bad_peer());
    }
    let private = PrivateKey::from_private_key_der(algorithm, material.expose())
        .map_err(|_| KeysError::Library("read a private key"))?;
    agreement::agree(&private, UnparsedPublicKey::new(algorithm, peer), bad_peer(), Secret::copy_of)
}

fn bad_peer() -> KeysError {
    KeysError::Malformed("the peer's public key")
}

fn curve(spec: KeySpec) -> Option<&'static Algorithm> {
    match spec {
        KeySpec::EccNistP256 => Some(&agreement::ECDH_P256),
        KeySpec::EccNistP384 => Some(&agreement::ECDH_P384),
        KeySpec::EccNistP521 => Some(&agreement::ECDH_P521),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{generate_material, public_key_der};
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use env::SimEntropy;

    const CURVES: [KeySpec; 3] = [KeySpec::EccNistP256, KeySpec::EccNistP384, KeySpec::EccNistP521];

    fn pair(spec: KeySpec) -> (Secret, Vec<u8>) {
        let material = generate_material(spec, &SimEntropy::new(1)).unwrap();
        let public = public_key_der(spec, &material).unwrap();
        (material, public)
    }

    #[test]
    fn both_sides_agree_and_a_third_does_not() {
        for spec in CURVES {
            let ((a, a_public), (b, b_public), (c, _)) = (pair(spec), pair(spec), pair(spec));
            let shared = agree(spec, &a, &b_public).unwrap();
            assert!(agree(spec, &b, &a_public).unwrap().same_as(&shared));
            assert!(!agree(spec, &c, &a_public).unwrap().same_as(&shared));
        }
    }

    #[test]
    fn the_shared_secret_is_nists() {
        // NIST CAVP, ECC CDH primitive, P-256, count 0: peer's point, our private key and point, shared x.
        let point = |x: &str, y: &str| hex::decode(["04", x, y].concat()).unwrap();
        let peer = point(
            "700c48f77f56584c5cc632ca65640db91b6bacce3a4df6b42ce7cc838833d287",
            "db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac",
        );
        let private =
            hex::decode("7d7dc5f71eb29ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534").unwrap();
        let public = point(
            "ead218590119e8876b29146ff89ca61770c4edbbf97d38ce385ed281d8a6b230",
            "28af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141",
        );
        let ours =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_ASN1_SIGNING, &private, &public);
        let material = Secret::copy_of(ours.unwrap().to_pkcs8v1().unwrap().as_ref()).unwrap();
        // SubjectPublicKeyInfo: the head is the same for every point of P-256.
        let (_, template) = pair(KeySpec::EccNistP256);
        let peer = [&template[..template.len() - peer.len()], &peer].concat();
        let shared = agree(KeySpec::EccNistP256, &material, &peer).unwrap();
        let expected = "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b";
        assert_eq!(hex::encode(shared.expose()), expected);
    }

    #[test]
    fn public_keys_of_other_curves_and_forms_are_refused() {
        let (ours, _) = pair(KeySpec::EccNistP256);
        let (_, good) = pair(KeySpec::EccNistP256);
        let refused =
            |peer: &[u8]| matches!(agree(KeySpec::EccNistP256, &ours, peer), Err(KeysError::Malformed(_)));
        for spec in [
            KeySpec::EccNistP384,
            KeySpec::EccNistP521,
            KeySpec::EccSecgP256k1,
            KeySpec::EccNistEdwards25519,
            KeySpec::Rsa2048,
        ] {
            assert!(refused(&pair(spec).1), "{spec}");
        }
        assert!(refused(&[]));
        assert!(refused(b"InvalidPublicKey"));
        assert!(refused(&good[..good.len() - 1]));
        assert!(refused(&[&good[..], &[0]].concat()));
        assert!(refused(&good[good.len() - 65..]), "a bare point");
        let mut off_the_curve = good.clone();
        off_the_curve[good.len() - 1] ^= 1;
        assert!(refused(&off_the_curve));
        let private = PrivateKey::generate(&agreement::ECDH_P256).unwrap();
        let der: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> = private.as_der().unwrap();
        assert!(refused(der.as_ref()), "a private key");
    }

    #[test]
    fn keys_that_do_not_agree_are_refused() {
        let (_, peer) = pair(KeySpec::EccNistP256);
        for spec in [KeySpec::EccSecgP256k1, KeySpec::Rsa2048, KeySpec::SymmetricDefault] {
            let ours = generate_material(spec, &SimEntropy::new(1)).unwrap();
            assert!(matches!(agree(spec, &ours, &peer), Err(KeysError::WrongSpec(_))), "{spec}");
        }
    }
}
