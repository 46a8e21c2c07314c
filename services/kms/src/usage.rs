//! What keys are for: usages, which specs they go with, and the algorithm names that metadata lists.
//! Source: KMS API Reference, `CreateKey` (`KeySpec`, `KeyUsage`) and `KeyMetadata`.

use crate::rows::Key;
use base::Refusal;
use keys::KeySpec;

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
    use KeySpec::*;
    let names: &[&str] = match (usage, spec) {
        (KeyUsage::EncryptDecrypt, SymmetricDefault) => &["SYMMETRIC_DEFAULT"],
        (KeyUsage::EncryptDecrypt, Rsa2048 | Rsa3072 | Rsa4096) => {
            &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
        }
        (KeyUsage::SignVerify, Rsa2048 | Rsa3072 | Rsa4096) => &[
            "RSASSA_PKCS1_V1_5_SHA_256",
            "RSASSA_PKCS1_V1_5_SHA_384",
            "RSASSA_PKCS1_V1_5_SHA_512",
            "RSASSA_PSS_SHA_256",
            "RSASSA_PSS_SHA_384",
            "RSASSA_PSS_SHA_512",
        ],
        (KeyUsage::SignVerify, EccNistP256 | EccSecgP256k1) => &["ECDSA_SHA_256"],
        (KeyUsage::SignVerify, EccNistP384) => &["ECDSA_SHA_384"],
        (KeyUsage::SignVerify, EccNistP521) => &["ECDSA_SHA_512"],
        (KeyUsage::SignVerify, EccNistEdwards25519) => &["ED25519_SHA_512", "ED25519_PH_SHA_512"],
        (KeyUsage::GenerateVerifyMac, Hmac224) => &["HMAC_SHA_224"],
        (KeyUsage::GenerateVerifyMac, Hmac256) => &["HMAC_SHA_256"],
        (KeyUsage::GenerateVerifyMac, Hmac384) => &["HMAC_SHA_384"],
        (KeyUsage::GenerateVerifyMac, Hmac512) => &["HMAC_SHA_512"],
        (KeyUsage::KeyAgreement, _) => &["ECDH"],
        _ => &[],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
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
            for usage in KeyUsage::ALL.into_iter().filter(|usage| *usage != KeyUsage::KeyAgreement) {
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
