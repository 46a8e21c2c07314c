//! Tests of `signing` and of what `evp` adds.

use super::*;
use crate::generate_material;
use env::{Entropy, SimEntropy};

/// One key of every spec that signs and is made quickly.
fn keys() -> Vec<(KeySpec, Secret)> {
    let entropy = SimEntropy::new(1);
    KeySpec::ALL
        .into_iter()
        .filter(|spec| spec.signing_algorithms().next().is_some() && *spec != KeySpec::Rsa4096)
        .map(|spec| (spec, generate_material(spec, &entropy).unwrap()))
        .collect()
}

fn digest(algorithm: SigningAlgorithm, message: &[u8]) -> Vec<u8> {
    let by = match algorithm.digest_bytes() {
        Some(32) => &digest::SHA256,
        Some(48) => &digest::SHA384,
        _ => &digest::SHA512,
    };
    digest::digest(by, message).as_ref().to_vec()
}

/// PKCS#8 of a key pair on a curve, from its numbers in hexadecimal.
fn ecdsa_key(spec: KeySpec, private: &str, x: &str, y: &str) -> Secret {
    let public = hex::decode(["04", x, y].concat()).unwrap();
    let private = hex::decode(private).unwrap();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(ecdsa(spec).unwrap(), &private, &public);
    Secret::copy_of(pair.unwrap().to_pkcs8v1().unwrap().as_ref()).unwrap()
}

/// DER of two numbers with the highest bit set.
fn der(r: &str, s: &str) -> Vec<u8> {
    let integer = |hex_digits: &str| {
        let bytes = hex::decode(hex_digits).unwrap();
        [vec![2, bytes.len() as u8 + 1, 0], bytes].concat()
    };
    let content = [integer(r), integer(s)].concat();
    [vec![0x30, content.len() as u8], content].concat()
}

#[test]
fn a_message_and_its_digest_are_signed_alike_and_verify_crosswise() {
    for (spec, key) in keys() {
        for algorithm in spec.signing_algorithms().filter(|a| a.takes_raw() && a.digest_bytes().is_some()) {
            let (message, digest) = (b"message".as_slice(), digest(algorithm, b"message"));
            let (raw, hashed) = (Message::Raw(message), Message::Digest(&digest));
            for (signed, verified) in [(raw, raw), (raw, hashed), (hashed, raw), (hashed, hashed)] {
                let signature = algorithm.sign(spec, &key, signed).unwrap();
                assert!(algorithm.verify(spec, &key, verified, &signature).unwrap(), "{algorithm:?} {spec}");
            }
        }
    }
}

#[test]
fn ed25519_is_that_of_rfc_8032() {
    let key = |seed: &str| {
        let pair = Ed25519KeyPair::from_seed_unchecked(&hex::decode(seed).unwrap()).unwrap();
        Secret::copy_of(pair.to_pkcs8v1().unwrap().as_ref()).unwrap()
    };
    let spec = KeySpec::EccNistEdwards25519;
    // 7.1, test 2: the message is one byte.
    let signature = Ed25519
        .sign(
            spec,
            &key("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"),
            Message::Raw(&[0x72]),
        )
        .unwrap();
    assert_eq!(
        hex::encode(signature),
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    );
    // 7.3: Ed25519ph of "abc".
    let key = key("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42");
    let digest = digest(Ed25519Ph, b"abc");
    let signature = Ed25519Ph.sign(spec, &key, Message::Digest(&digest)).unwrap();
    assert_eq!(
        hex::encode(&signature),
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    );
    assert!(Ed25519Ph.verify(spec, &key, Message::Digest(&digest), &signature).unwrap());
    // Neither kind of signature passes for the other.
    assert!(!Ed25519.verify(spec, &key, Message::Raw(b"abc"), &signature).unwrap());
    let plain = Ed25519.sign(spec, &key, Message::Raw(&digest)).unwrap();
    assert!(!Ed25519Ph.verify(spec, &key, Message::Digest(&digest), &plain).unwrap());
}

#[test]
fn ecdsa_verifies_the_signatures_of_rfc_6979() {
    // A.2.5 and A.2.6, message "sample" with the curve's own digest.
    let p256 = ecdsa_key(
        KeySpec::EccNistP256,
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
        "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
    );
    let signature = der(
        "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
        "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
    );
    let verify = |message: &[u8]| {
        Ecdsa(Sha256).verify(KeySpec::EccNistP256, &p256, Message::Raw(message), &signature).unwrap()
    };
    assert!(verify(b"sample") && !verify(b"Sample"));
    let p384 = ecdsa_key(
        KeySpec::EccNistP384,
        "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
        "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc13",
        "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720",
    );
    let signature = der(
        "94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
        "99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8",
    );
    let digest = digest(Ecdsa(Sha384), b"sample");
    assert!(Ecdsa(Sha384).verify(KeySpec::EccNistP384, &p384, Message::Digest(&digest), &signature).unwrap());
}

#[test]
fn a_message_representative_is_signed_as_fips_204_says() {
    for (spec, key) in keys().into_iter().filter(|(spec, _)| MlDsa.fits(*spec)) {
        let message = b"message";
        let signature = MlDsa.sign(spec, &key, Message::Raw(message)).unwrap();
        assert!(MlDsa.verify(spec, &key, Message::Raw(message), &signature).unwrap());
        assert!(!MlDsa.verify(spec, &key, Message::Raw(b"Message"), &signature).unwrap());
        let mu = [5; MU_BYTES];
        let signature = MlDsa.sign(spec, &key, Message::ExternalMu(&mu)).unwrap();
        assert!(MlDsa.verify(spec, &key, Message::ExternalMu(&mu), &signature).unwrap());
        assert!(!MlDsa.verify(spec, &key, Message::ExternalMu(&[6; MU_BYTES]), &signature).unwrap());
        // A representative is not a message.
        assert!(!MlDsa.verify(spec, &key, Message::Raw(&mu), &signature).unwrap());
        for bad in [0, 32, 63, 65] {
            let refused = MlDsa.sign(spec, &key, Message::ExternalMu(&vec![1; bad]));
            assert!(matches!(refused, Err(KeysError::Length(n)) if n == bad));
        }
    }
}

#[test]
fn a_thousand_mutations_of_signatures_are_all_invalid() {
    let entropy = SimEntropy::new(9);
    let mut made = Vec::new();
    for (spec, key) in keys() {
        let other = generate_material(spec, &entropy).unwrap();
        for algorithm in spec.signing_algorithms() {
            let digest = digest(algorithm, b"message");
            let raw = algorithm.takes_raw();
            let message = if raw { Message::Raw(b"message") } else { Message::Digest(&digest) };
            let signature = algorithm.sign(spec, &key, message).unwrap();
            assert!(algorithm.verify(spec, &key, message, &signature).unwrap());
            assert!(!algorithm.verify(spec, &other, message, &signature).unwrap(), "another key: {spec}");
            made.push((spec, algorithm, Secret::copy_of(key.expose()).unwrap(), signature));
        }
    }
    for round in 0..1000 {
        let (spec, algorithm, key, good) = &made[round % made.len()];
        let mut draw = [0; 6];
        entropy.fill(&mut draw);
        let at = usize::from(u16::from_le_bytes([draw[0], draw[1]])) % good.len();
        let mut bad = good.clone();
        match draw[2] % 4 {
            0 => bad[at] ^= 1 << (draw[3] % 8),
            1 => bad.truncate(at),
            2 => bad.insert(at, draw[3]),
            _ => bad[at] = bad[at].wrapping_add(draw[4] | 1),
        }
        let digest = digest(*algorithm, b"message");
        let message = if algorithm.takes_raw() { Message::Raw(b"message") } else { Message::Digest(&digest) };
        let valid = algorithm.verify(*spec, key, message, &bad).unwrap();
        assert!(!valid || &bad == good, "{algorithm:?} {spec} round {round}");
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_signed() {
    let entropy = SimEntropy::new(4);
    for spec in KeySpec::ALL.into_iter().filter(|s| s.is_supported() && *s != KeySpec::Rsa4096) {
        let key = generate_material(spec, &entropy).unwrap();
        for algorithm in SigningAlgorithm::ALL.into_iter().filter(|a| !a.fits(spec)) {
            let signed = algorithm.sign(spec, &key, Message::Raw(b"m"));
            assert!(matches!(signed, Err(KeysError::WrongSpec(_))), "{algorithm:?} {spec}");
            assert!(algorithm.verify(spec, &key, Message::Raw(b"m"), b"s").is_err());
        }
    }
    for (spec, key) in keys() {
        for algorithm in spec.signing_algorithms() {
            let refused = |message: Message| algorithm.sign(spec, &key, message).unwrap_err();
            match algorithm.digest_bytes() {
                None => {
                    let message = Message::Digest(&[1; 64]);
                    assert!(matches!(refused(message), KeysError::Malformed(_)), "{algorithm:?}");
                }
                Some(bytes) => {
                    for length in [0, 1, bytes - 1, bytes + 1, 4096] {
                        let digest = vec![1; length];
                        let error = refused(Message::Digest(&digest));
                        assert!(matches!(error, KeysError::Length(n) if n == length), "{algorithm:?}");
                    }
                }
            }
            if !algorithm.takes_external_mu() {
                assert!(matches!(refused(Message::ExternalMu(&[1; 64])), KeysError::Malformed(_)));
            }
            if !algorithm.takes_raw() {
                assert!(matches!(refused(Message::Raw(b"m")), KeysError::Malformed(_)));
            }
        }
    }
}

#[test]
fn names_read_back_and_others_are_unknown() {
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(SigningAlgorithm::parse(algorithm.name()), Some(algorithm));
    }
    for bad in ["SM2DSA", "", "ECDSA_SHA_1", "ecdsa_sha_256"] {
        assert_eq!(SigningAlgorithm::parse(bad), None);
    }
}
