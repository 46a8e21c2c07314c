//! What keys are for: usages, which specs they go with, and the algorithm names that metadata lists.
//! Source: KMS API Reference, `CreateKey` (`KeySpec`, `KeyUsage`) and `KeyMetadata`.

use crate::rows::Key;
use base::Refusal;
use keys::{KeySpec, MacAlgorithm, Oaep, SigningAlgorithm};

/// `KeyUsage` of AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    EncryptDecrypt,
    SignVerify,
    GenerateVerifyMac,
    KeyAgreement,
}

impl KeyUsage {
    const ALL: [KeyUsage; 4] =
        [KeyUsage::EncryptDecrypt, KeyUsage::SignVerify, KeyUsage::GenerateVerifyMac, KeyUsage::KeyAgreement];

    pub fn name(self) -> &'static str {
        match self {
            KeyUsage::EncryptDecrypt => "ENCRYPT_DECRYPT",
            KeyUsage::SignVerify => "SIGN_VERIFY",
            KeyUsage::GenerateVerifyMac => "GENERATE_VERIFY_MAC",
            KeyUsage::KeyAgreement => "KEY_AGREEMENT",
        }
    }

    pub fn parse(name: &str) -> Option<KeyUsage> {
        KeyUsage::ALL.into_iter().find(|usage| usage.name() == name)
    }
}

/// Whether a key of this spec may have this usage.
pub fn fits(spec: KeySpec, usage: KeyUsage) -> bool {
    use KeySpec::*;
    match spec {
        SymmetricDefault => usage == KeyUsage::EncryptDecrypt,
        Rsa2048 | Rsa3072 | Rsa4096 => matches!(usage, KeyUsage::EncryptDecrypt | KeyUsage::SignVerify),
        EccNistP256 | EccNistP384 | EccNistP521 => {
            matches!(usage, KeyUsage::SignVerify | KeyUsage::KeyAgreement)
        }
        EccSecgP256k1 | EccNistEdwards25519 | MlDsa44 | MlDsa65 | MlDsa87 => usage == KeyUsage::SignVerify,
        Hmac224 | Hmac256 | Hmac384 | Hmac512 => usage == KeyUsage::GenerateVerifyMac,
        Sm2 => usage != KeyUsage::GenerateVerifyMac,
    }
}

/// The names for `EncryptionAlgorithms`, `SigningAlgorithms`, `MacAlgorithms` or `KeyAgreementAlgorithms`, whichever the usage
/// calls for.
pub fn algorithms(spec: KeySpec, usage: KeyUsage) -> Vec<String> {
    let names: Vec<&str> = match usage {
        KeyUsage::EncryptDecrypt if spec == KeySpec::SymmetricDefault => vec!["SYMMETRIC_DEFAULT"],
        KeyUsage::EncryptDecrypt => {
            let oaep = [Oaep::Sha1, Oaep::Sha256].into_iter();
            oaep.filter(|oaep| oaep.plaintext_bytes_max(spec).is_some()).map(Oaep::name).collect()
        }
        KeyUsage::SignVerify => spec.signing_algorithms().map(SigningAlgorithm::name).collect(),
        KeyUsage::GenerateVerifyMac => spec.mac_algorithm().map(MacAlgorithm::name).into_iter().collect(),
        KeyUsage::KeyAgreement if spec.agrees() => vec!["ECDH"],
        KeyUsage::KeyAgreement => vec![],
    };
    names.into_iter().map(str::to_owned).collect()
}

/// Refuses an algorithm that is not for keys of this spec.
pub fn incompatible(algorithm: &str, spec: KeySpec) -> Refusal {
    Refusal::new(
        "InvalidKeyUsageException",
        format!("Algorithm {algorithm} is incompatible with key spec {spec}."),
    )
}

/// Refuses an operation that needs another usage.
pub fn require(key: &Key, usage: KeyUsage, operation: &str) -> Result<(), Refusal> {
    if key.usage == usage {
        return Ok(());
    }
    let (arn, is) = (key.arn(), key.usage.name());
    Err(Refusal::new(
        "InvalidKeyUsageException",
        format!("{arn} key usage is {is} which is not valid for {operation}."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_allowed_pair_of_spec_and_usage_has_algorithms_and_no_other_has() {
        for spec in KeySpec::ALL.into_iter().filter(|spec| spec.is_supported()) {
            assert!(KeyUsage::ALL.into_iter().any(|usage| fits(spec, usage)), "{spec}");
            for usage in KeyUsage::ALL {
                assert_eq!(!algorithms(spec, usage).is_empty(), fits(spec, usage), "{spec} {usage:?}");
            }
        }
        assert!(fits(KeySpec::EccNistP256, KeyUsage::KeyAgreement));
        assert!(!fits(KeySpec::Rsa2048, KeyUsage::KeyAgreement));
    }

    #[test]
    fn usages_read_back_from_their_names() {
        for usage in KeyUsage::ALL {
            assert_eq!(KeyUsage::parse(usage.name()), Some(usage));
        }
        assert_eq!(KeyUsage::parse("RANDOM"), None);
    }
}
