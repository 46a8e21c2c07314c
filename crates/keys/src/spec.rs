//! Key specs: which cryptography a KMS key can do. Names as in the KMS API Reference, `KeySpec` of `CreateKey`.

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

    /// Whether we can make such keys. SM2 is offered only in AWS's China Regions and not at all by our library; ML-DSA is in
    /// its unstable interface.
    pub fn is_supported(self) -> bool {
        !matches!(self, KeySpec::Sm2 | KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87)
    }

    /// Whether `CreateKey` accepts `Origin` EXTERNAL for it (KMS Developer Guide, "Importing key material").
    pub fn is_importable(self) -> bool {
        self.is_supported() && !matches!(self, KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87)
    }

    /// Bytes of the material where it is plain random bytes.
    pub(crate) fn secret_bytes(self) -> Option<usize> {
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
}
