//! HMAC (RFC 2104, FIPS 198-1): `GenerateMac` and `VerifyMac` of KMS.

use crate::{KeySpec, KeysError, Secret};
use aws_lc_rs::hmac;

/// A MAC algorithm of AWS; each goes with one key spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacAlgorithm {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl MacAlgorithm {
    pub const ALL: [MacAlgorithm; 4] =
        [MacAlgorithm::Sha224, MacAlgorithm::Sha256, MacAlgorithm::Sha384, MacAlgorithm::Sha512];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            MacAlgorithm::Sha224 => "HMAC_SHA_224",
            MacAlgorithm::Sha256 => "HMAC_SHA_256",
            MacAlgorithm::Sha384 => "HMAC_SHA_384",
            MacAlgorithm::Sha512 => "HMAC_SHA_512",
        }
    }

    pub fn parse(name: &str) -> Option<MacAlgorithm> {
        MacAlgorithm::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }

    /// Whether a key of this spec makes such MACs.
    pub fn fits(self, spec: KeySpec) -> bool {
        let of = match self {
            MacAlgorithm::Sha224 => KeySpec::Hmac224,
            MacAlgorithm::Sha256 => KeySpec::Hmac256,
            MacAlgorithm::Sha384 => KeySpec::Hmac384,
            MacAlgorithm::Sha512 => KeySpec::Hmac512,
        };
        spec == of
    }

    /// The MAC of a message, as long as the digest.
    pub fn make(self, spec: KeySpec, material: &Secret, message: &[u8]) -> Result<Vec<u8>, KeysError> {
        Ok(hmac::sign(&self.key(spec, material)?, message).as_ref().to_vec())
    }

    /// Whether that is the message's MAC, whole; takes the same time wherever it differs.
    pub fn verify(
        self,
        spec: KeySpec,
        material: &Secret,
        message: &[u8],
        mac: &[u8],
    ) -> Result<bool, KeysError> {
        Ok(hmac::verify(&self.key(spec, material)?, message, mac).is_ok())
    }

    fn key(self, spec: KeySpec, material: &Secret) -> Result<hmac::Key, KeysError> {
        if !self.fits(spec) {
            return Err(KeysError::WrongSpec(spec));
        }
        Ok(hmac::Key::new(self.library(), material.expose()))
    }

    fn library(self) -> hmac::Algorithm {
        match self {
            MacAlgorithm::Sha224 => hmac::HMAC_SHA224,
            MacAlgorithm::Sha256 => hmac::HMAC_SHA256,
            MacAlgorithm::Sha384 => hmac::HMAC_SHA384,
            MacAlgorithm::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate_material;
    use env::SimEntropy;

    #[test]
    fn macs_are_those_of_rfc_4231() {
        // Test case 2: key "Jefe", data "what do ya want for nothing?".
        let cases = [
            (KeySpec::Hmac224, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"),
            (KeySpec::Hmac256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                KeySpec::Hmac384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                KeySpec::Hmac512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ];
        let (key, message) = (Secret::copy_of(b"Jefe").unwrap(), b"what do ya want for nothing?");
        for (spec, expected) in cases {
            let algorithm = spec.mac_algorithm().unwrap();
            assert_eq!(hex::encode(algorithm.make(spec, &key, message).unwrap()), expected);
        }
    }

    #[test]
    fn only_the_whole_mac_of_the_same_message_and_key_verifies() {
        let entropy = SimEntropy::new(1);
        for algorithm in MacAlgorithm::ALL {
            let spec = KeySpec::ALL.into_iter().find(|spec| algorithm.fits(*spec)).unwrap();
            let key = generate_material(spec, &entropy).unwrap();
            let mac = algorithm.make(spec, &key, b"message").unwrap();
            let valid =
                |key: &Secret, message: &[u8], mac: &[u8]| algorithm.verify(spec, key, message, mac).unwrap();
            assert!(valid(&key, b"message", &mac));
            assert!(!valid(&key, b"Message", &mac));
            assert!(!valid(&generate_material(spec, &entropy).unwrap(), b"message", &mac));
            assert!(!valid(&key, b"message", &mac[..mac.len() - 1]));
            assert!(!valid(&key, b"message", &[&mac[..], &[0]].concat()));
            assert!(!valid(&key, b"message", &[]));
            for at in 0..mac.len() * 8 {
                let mut bad = mac.clone();
                bad[at / 8] ^= 1 << (at % 8);
                assert!(!valid(&key, b"message", &bad), "bit {at}");
            }
        }
    }

    #[test]
    fn another_spec_makes_no_such_mac() {
        let key = Secret::copy_of(&[1; 32]).unwrap();
        for spec in [KeySpec::SymmetricDefault, KeySpec::Hmac224, KeySpec::Hmac512, KeySpec::Rsa2048] {
            assert!(matches!(MacAlgorithm::Sha256.make(spec, &key, b"m"), Err(KeysError::WrongSpec(_))));
            assert!(MacAlgorithm::Sha256.verify(spec, &key, b"m", b"").is_err());
        }
        assert_eq!(MacAlgorithm::parse("HMAC_SHA_1"), None);
    }
}
