//! Tests of `import`.

use super::*;
use crate::material_id;
use env::{Entropy, SimEntropy};

fn pair() -> WrappingPair {
    wrapping_pair(KeySpec::Rsa2048, &SimEntropy::new(1)).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::copy_of(bytes).unwrap()
}

#[test]
fn every_algorithm_unwraps_what_it_wrapped_and_nothing_of_the_others() {
    let (entropy, pair) = (SimEntropy::new(2), pair());
    for algorithm in WrappingAlgorithm::ALL {
        let wrapped = wrap(algorithm, &pair.public, &[7; 32], &entropy).unwrap();
        for other in WrappingAlgorithm::ALL {
            let opened = unwrap(other, &pair.private, &wrapped);
            assert_eq!(
                opened.is_ok_and(|m| m.expose() == [7; 32]),
                other == algorithm,
                "{algorithm:?} {other:?}"
            );
        }
        let stranger = wrapping_pair(KeySpec::Rsa2048, &entropy).unwrap();
        assert!(matches!(unwrap(algorithm, &stranger.private, &wrapped), Err(KeysError::DoesNotOpen(_))));
    }
}

#[test]
fn a_thousand_damaged_wrappings_are_all_refused_alike() {
    let (entropy, pair) = (SimEntropy::new(3), pair());
    let kinds = WrappingAlgorithm::ALL.map(|a| (a, wrap(a, &pair.public, &[9; 32], &entropy).unwrap()));
    for round in 0..1000 {
        let (algorithm, good) = &kinds[round % kinds.len()];
        let mut draw = [0; 8];
        entropy.fill(&mut draw);
        let at = u32::from_le_bytes([draw[0], draw[1], draw[2], draw[3]]) as usize % good.len();
        let mut bad = good.clone();
        match draw[4] % 4 {
            0 => bad[at] ^= 1 << (draw[5] % 8),
            1 => bad[at] = bad[at].wrapping_add(draw[5] | 1),
            2 => bad.truncate(at),
            _ => bad.insert(at, draw[5]),
        }
        if &bad == good {
            continue;
        }
        let opened = unwrap(*algorithm, &pair.private, &bad);
        assert!(matches!(opened, Err(KeysError::DoesNotOpen(_))), "{algorithm:?} round {round}");
    }
}

#[test]
fn an_aes_key_of_another_size_is_refused() {
    let pair = pair();
    let mut wrapped = Oaep::Sha256.encrypt_to(&pair.public, &[1; 16]).unwrap();
    let kek = AesKek::new(&aws_lc_rs::key_wrap::AES_128, &[1; 16]).unwrap();
    let mut text = [0; 64];
    wrapped.extend_from_slice(kek.wrap_with_padding(&[9; 32], &mut text).unwrap());
    assert!(unwrap(WrappingAlgorithm::AesKeyWrapSha256, &pair.private, &wrapped).is_err());
}

#[test]
fn key_wrap_with_padding_is_that_of_rfc_5649() {
    // NIST CAVP, KWP_AE_256: key, plaintext, ciphertext.
    let examples = [
        (
            "95da2700ca6fd9a52554ee2a8df1386f5b94a1a60ed8a4aef60a8d61ab5f225a",
            "d1",
            "06ba7ae6f3248cfdcf267507fa001bc4",
        ),
        (
            "e9bb7f44c7baafbf392ab912589a2f8db53268106eafb74689bb1833136e6113",
            "ffe952604834bff899e63658f34246815c91597eb40a21729e0a8a959b61f2",
            "15b9f06fbc765e5e3d55d6b824616f21921d2a6918ee7bf1406b524274e170b4a78333ca5ee92af5",
        ),
    ];
    for (key, plain, wrapped) in examples {
        let key = hex::decode(key).unwrap();
        let mut text = [0; 64];
        let kek = AesKek::new(&AES_256, &key).unwrap();
        let made = kek.wrap_with_padding(&hex::decode(plain).unwrap(), &mut text).unwrap();
        assert_eq!(hex::encode(made), wrapped);
        let kek = AesKek::new(&AES_256, &key).unwrap();
        let opened = kek.unwrap_with_padding(&hex::decode(wrapped).unwrap(), &mut text).unwrap();
        assert_eq!(hex::encode(opened), plain);
    }
}

#[test]
fn a_private_key_of_4096_bits_fits_through_the_two_step_wrapping() {
    let (entropy, pair) = (SimEntropy::new(4), pair());
    let material = generate_material(KeySpec::Rsa4096, &entropy).unwrap();
    let algorithm = WrappingAlgorithm::AesKeyWrapSha256;
    let wrapped = wrap(algorithm, &pair.public, material.expose(), &entropy).unwrap();
    let opened = unwrap(algorithm, &pair.private, &wrapped).unwrap();
    assert!(parse_material(KeySpec::Rsa4096, &opened).unwrap().same_as(&material));
    assert!(wrap(WrappingAlgorithm::OaepSha256, &pair.public, material.expose(), &entropy).is_err());
}

#[test]
fn material_of_every_spec_is_accepted_for_its_own_spec_only() {
    let entropy = SimEntropy::new(5);
    let specs = KeySpec::ALL.into_iter().filter(|s| s.is_importable() && *s != KeySpec::Rsa4096);
    let made: Vec<_> = specs.map(|s| (s, generate_material(s, &entropy).unwrap())).collect();
    for (of, material) in &made {
        for (spec, _) in &made {
            // Secret bytes have no structure: what has the length is accepted.
            let fits = of == spec || spec.secret_bytes() == Some(material.len());
            let parsed = parse_material(*spec, material);
            assert_eq!(parsed.is_ok(), fits, "material of {of} as {spec}");
            if of == spec {
                // As this crate writes it: a re-import is recognised.
                assert_eq!(material_id("k", &parsed.unwrap()), material_id("k", material), "{spec}");
            }
        }
    }
}

#[test]
fn broken_material_is_refused() {
    let entropy = SimEntropy::new(6);
    for len in [1, 16, 31, 33, 64] {
        let parsed = parse_material(KeySpec::SymmetricDefault, &secret(&vec![1; len]));
        assert!(matches!(parsed, Err(KeysError::Length(n)) if n == len), "{len}");
    }
    assert!(parse_material(KeySpec::Hmac384, &secret(&[1; 47])).is_err());
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256, KeySpec::EccNistEdwards25519] {
        let material = generate_material(spec, &entropy).unwrap();
        let der = material.expose();
        assert!(parse_material(spec, &secret(&der[..der.len() - 1])).is_err(), "{spec} truncated");
        let longer = [der, &[0]].concat();
        assert!(parse_material(spec, &secret(&longer)).is_err(), "{spec} with a byte more");
        let mut damaged = der.to_vec();
        damaged[der.len() / 2] ^= 0x55;
        // Any 32 bytes are a private key of Ed25519 and nearly any of P-256; RSA's parts must belong together.
        if spec == KeySpec::Rsa2048 {
            assert!(parse_material(spec, &secret(&damaged)).is_err());
        }
    }
    assert!(parse_material(KeySpec::Sm2, &secret(&[1; 32])).is_err());
}

#[test]
fn which_wrapping_fits_which_material_is_as_documented() {
    use KeySpec::*;
    let (oaep, two_step) = (WrappingAlgorithm::OaepSha256, WrappingAlgorithm::AesKeyWrapSha1);
    assert!(oaep.fits(Rsa2048, SymmetricDefault) && !two_step.fits(Rsa2048, SymmetricDefault));
    assert!(!oaep.fits(Rsa4096, Rsa2048) && two_step.fits(Rsa2048, Rsa4096));
    assert!(!oaep.fits(Rsa2048, EccNistP521) && oaep.fits(Rsa3072, EccNistP521));
    assert!(oaep.fits(Rsa2048, Hmac512) && !oaep.fits(Rsa2048, Sm2));
    for name in ["RSAES_PKCS1_V1_5", "SM2PKE", "", "RSAES_OAEP_SHA_512"] {
        assert_eq!(WrappingAlgorithm::parse(name), None, "{name}");
    }
    for algorithm in WrappingAlgorithm::ALL {
        assert_eq!(WrappingAlgorithm::parse(algorithm.name()), Some(algorithm));
    }
    assert!(wrapping_pair(EccNistP256, &SimEntropy::new(7)).is_err());
}
