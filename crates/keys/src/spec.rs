//! Key specs: which cryptography a KMS key can do. Names as in the KMS API Reference, `KeySpec` of `CreateKey`.

use crate::{MacAlgorithm, SigningAlgorithm};
use std::fmt;

/// A key spec of AWS. Those for which [`KeySpec::is_supported`] says no exist so that they can be refused by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySpec {
    SymmetricDefault,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EccNistP256,
    EccNistP384,
    EccNistP521,
    EccSecgP256k1,
    EccNistEdwards25519,
    Hmac224,
    Hmac256,
    Hmac384,
    Hmac512,
    Sm2,
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

impl KeySpec {
    pub const ALL: [KeySpec; 17] = [
        KeySpec::SymmetricDefault,
        KeySpec::Rsa2048,
        KeySpec::Rsa3072,
        KeySpec::Rsa4096,
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1,
        KeySpec::EccNistEdwards25519,
        KeySpec::Hmac224,
        KeySpec::Hmac256,
        KeySpec::Hmac384,
        KeySpec::Hmac512,
        KeySpec::Sm2,
        KeySpec::MlDsa44,
        KeySpec::MlDsa65,
        KeySpec::MlDsa87,
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            KeySpec::SymmetricDefault => "SYMMETRIC_DEFAULT",
            KeySpec::Rsa2048 => "RSA_2048",
            KeySpec::Rsa3072 => "RSA_3072",
            KeySpec::Rsa4096 => "RSA_4096",
            KeySpec::EccNistP256 => "ECC_NIST_P256",
            KeySpec::EccNistP384 => "ECC_NIST_P384",
            KeySpec::EccNistP521 => "ECC_NIST_P521",
            KeySpec::EccSecgP256k1 => "ECC_SECG_P256K1",
            KeySpec::EccNistEdwards25519 => "ECC_NIST_EDWARDS25519",
            KeySpec::Hmac224 => "HMAC_224",
            KeySpec::Hmac256 => "HMAC_256",
            KeySpec::Hmac384 => "HMAC_384",
            KeySpec::Hmac512 => "HMAC_512",
            KeySpec::Sm2 => "SM2",
            KeySpec::MlDsa44 => "ML_DSA_44",
            KeySpec::MlDsa65 => "ML_DSA_65",
            KeySpec::MlDsa87 => "ML_DSA_87",
        }
    }

    /// The spec of this name; `None` if AWS has none.
    pub fn parse(name: &str) -> Option<KeySpec> {
        KeySpec::ALL.into_iter().find(|spec| spec.name() == name)
    }

    /// Whether we can make such keys. SM2 is offered only in AWS's China Regions and not at all by our library.
    pub fn is_supported(self) -> bool {
        self != KeySpec::Sm2
    }

    /// `SigningAlgorithms` of a key for signing (KMS API Reference, KeyMetadata).
    pub fn signing_algorithms(self) -> impl Iterator<Item = SigningAlgorithm> {
        SigningAlgorithm::ALL.into_iter().filter(move |algorithm| algorithm.fits(self))
    }

    /// The one MAC algorithm of an HMAC key.
    pub fn mac_algorithm(self) -> Option<MacAlgorithm> {
        MacAlgorithm::ALL.into_iter().find(|algorithm| algorithm.fits(self))
    }

    /// Whether a key agrees on shared secrets by ECDH: the NIST curves.
    pub fn agrees(self) -> bool {
        matches!(self, KeySpec::EccNistP256 | KeySpec::EccNistP384 | KeySpec::EccNistP521)
    }

    /// Whether `GenerateDataKeyPair` makes such pairs.
    pub fn is_data_key_pair(self) -> bool {
        use KeySpec::*;
        matches!(
            self,
            Rsa2048
                | Rsa3072
                | Rsa4096
                | EccNistP256
                | EccNistP384
                | EccNistP521
                | EccSecgP256k1
                | EccNistEdwards25519
        )
    }

    /// Whether `CreateKey` accepts `Origin` EXTERNAL for it (KMS Developer Guide, "Importing key material").
    pub fn is_importable(self) -> bool {
        self.is_supported() && !matches!(self, KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87)
    }

    /// Bytes of the material where it is plain random bytes.
    pub fn secret_bytes(self) -> Option<usize> {
        match self {
            KeySpec::SymmetricDefault | KeySpec::Hmac256 => Some(32),
            KeySpec::Hmac224 => Some(28),
            KeySpec::Hmac384 => Some(48),
            KeySpec::Hmac512 => Some(64),
            _ => None,
        }
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_reads_back_from_its_name_and_nothing_else_does() {
        for spec in KeySpec::ALL {
            assert_eq!(KeySpec::parse(spec.name()), Some(spec));
        }
        for bad in ["", "RSA_1024", "symmetric_default", "SYMMETRIC_DEFAULT ", "HMAC_random"] {
            assert_eq!(KeySpec::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_supported_spec_has_exactly_the_algorithms_of_its_kind() {
        for spec in KeySpec::ALL {
            let (signs, macs) = (spec.signing_algorithms().count(), spec.mac_algorithm().is_some());
            let expected = match spec.name() {
                name if name.starts_with("RSA") => (6, false),
                "ECC_NIST_EDWARDS25519" => (2, false),
                name if name.starts_with("ECC") || name.starts_with("ML") => (1, false),
                name if name.starts_with("HMAC") => (0, true),
                _ => (0, false),
            };
            assert_eq!((signs, macs), expected, "{spec}");
        }
        assert!(!KeySpec::EccSecgP256k1.agrees() && !KeySpec::Sm2.is_data_key_pair());
    }
}
