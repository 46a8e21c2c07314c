//! RSA-OAEP (RFC 8017, 7.1): `Encrypt` and `Decrypt` under RSA keys. Such ciphertext carries no key id and no encryption
//! context; the caller of `Decrypt` names key and algorithm.

use crate::material::{rsa_private, rsa_size};
use crate::{KeySpec, KeysError, Secret};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};

/// The two RSA encryption algorithms of KMS; the digest is also that of the mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oaep {
    Sha1,
    Sha256,
}

impl Oaep {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Oaep::Sha1 => "RSAES_OAEP_SHA_1",
            Oaep::Sha256 => "RSAES_OAEP_SHA_256",
        }
    }

    pub fn parse(name: &str) -> Option<Oaep> {
        [Oaep::Sha1, Oaep::Sha256].into_iter().find(|oaep| oaep.name() == name)
    }

    /// Most bytes one encryption takes: modulus − 2 digests − 2 (RFC 8017, 7.1.1).
    pub fn plaintext_bytes_max(self, spec: KeySpec) -> Option<usize> {
        let digest_bytes = match self {
            Oaep::Sha1 => 20,
            Oaep::Sha256 => 32,
        };
        rsa_size(spec).map(|size| size.len() - 2 * digest_bytes - 2)
    }

    fn algorithm(self) -> &'static OaepAlgorithm {
        match self {
            Oaep::Sha1 => &OAEP_SHA1_MGF1SHA1,
            Oaep::Sha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }

    /// Encrypts under the public half of `material`. The padding's randomness comes from the library.
    pub fn encrypt(self, spec: KeySpec, material: &Secret, plaintext: &[u8]) -> Result<Vec<u8>, KeysError> {
        let longest = self.plaintext_bytes_max(spec).ok_or(KeysError::WrongSpec(spec))?;
        if plaintext.is_empty() || plaintext.len() > longest {
            return Err(KeysError::Length(plaintext.len()));
        }
        self.encrypt_under(rsa_private(material)?.public_key(), plaintext)
    }

    /// Encrypts under a public key given as DER SubjectPublicKeyInfo.
    pub(crate) fn encrypt_to(self, public: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, KeysError> {
        let public =
            PublicEncryptingKey::from_der(public).map_err(|_| KeysError::Malformed("the public key"))?;
        self.encrypt_under(public, plaintext)
    }

    fn encrypt_under(self, public: PublicEncryptingKey, plaintext: &[u8]) -> Result<Vec<u8>, KeysError> {
        let failed = |_| KeysError::Library("encrypt with RSA");
        let public = OaepPublicEncryptingKey::new(public).map_err(failed)?;
        let mut ciphertext = vec![0; public.ciphertext_size()];
        let written =
            public.encrypt(self.algorithm(), plaintext, &mut ciphertext, None).map_err(failed)?.len();
        ciphertext.truncate(written);
        Ok(ciphertext)
    }

    /// Decrypts with the private key. All failures look alike, as they must with RSA.
    pub fn decrypt(self, spec: KeySpec, material: &Secret, ciphertext: &[u8]) -> Result<Secret, KeysError> {
        rsa_size(spec).ok_or(KeysError::WrongSpec(spec))?;
        self.open(rsa_private(material)?, ciphertext)
    }

    /// Decrypts with a private key that was read already.
    pub(crate) fn open(self, private: PrivateDecryptingKey, ciphertext: &[u8]) -> Result<Secret, KeysError> {
        let failed = |_| KeysError::DoesNotOpen("the RSA ciphertext");
        let private = OaepPrivateDecryptingKey::new(private).map_err(failed)?;
        Secret::filled_by(private.min_output_size(), |text| {
            private.decrypt(self.algorithm(), ciphertext, text, None).map(|plain| plain.len()).map_err(failed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate_material;
    use env::SimEntropy;

    #[test]
    fn the_longest_plaintexts_are_those_that_aws_documents() {
        let table =
            [(KeySpec::Rsa2048, 214, 190), (KeySpec::Rsa3072, 342, 318), (KeySpec::Rsa4096, 470, 446)];
        for (spec, sha1, sha256) in table {
            assert_eq!(Oaep::Sha1.plaintext_bytes_max(spec), Some(sha1));
            assert_eq!(Oaep::Sha256.plaintext_bytes_max(spec), Some(sha256));
        }
        assert_eq!(Oaep::Sha1.plaintext_bytes_max(KeySpec::EccNistP256), None);
    }

    #[test]
    fn only_the_same_key_algorithm_and_bytes_decrypt() {
        let entropy = SimEntropy::new(1);
        let spec = KeySpec::Rsa2048;
        let (key, other) =
            (generate_material(spec, &entropy).unwrap(), generate_material(spec, &entropy).unwrap());
        for oaep in [Oaep::Sha1, Oaep::Sha256] {
            let longest = vec![7; oaep.plaintext_bytes_max(spec).unwrap()];
            let sealed = oaep.encrypt(spec, &key, &longest).unwrap();
            assert_eq!(oaep.decrypt(spec, &key, &sealed).unwrap().expose(), longest);
            assert!(oaep.decrypt(spec, &other, &sealed).is_err());
            let wrong = if oaep == Oaep::Sha1 { Oaep::Sha256 } else { Oaep::Sha1 };
            assert!(wrong.decrypt(spec, &key, &sealed).is_err());
            for damage in [0, 100, 255] {
                let mut damaged = sealed.clone();
                damaged[damage] ^= 1;
                assert!(oaep.decrypt(spec, &key, &damaged).is_err());
            }
            assert!(oaep.decrypt(spec, &key, &sealed[..255]).is_err());
            assert!(oaep.decrypt(spec, &key, &[]).is_err());
            let too_long = vec![7; longest.len() + 1];
            assert!(matches!(oaep.encrypt(spec, &key, &too_long), Err(KeysError::Length(_))));
            assert!(oaep.encrypt(spec, &key, &[]).is_err());
            assert!(oaep.encrypt(KeySpec::SymmetricDefault, &key, b"x").is_err());
        }
    }
}
