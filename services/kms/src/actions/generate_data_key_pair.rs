//! GenerateDataKeyPair: a fresh asymmetric key pair for use outside of KMS: the public key, the private key plain, and the private
//! key wrapped under a symmetric key. Needs an enabled key.
//!
//! Needs `kms:GenerateDataKeyPair` on the key. The private key is PKCS#8 DER (RFC 5958), bound to the encryption context when
//! wrapped. Source: KMS API Reference, GenerateDataKeyPair.

use crate::access::{self, Asks};
use crate::crypto::{self, Algorithm, Sealed};
use crate::find::{self, Accepts};
use crate::grants;
use crate::rows::Key;
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::{KeySpec, Secret};
use rules::key_access::Context;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{GenerateDataKeyPair as Op, GenerateDataKeyPairInput, GenerateDataKeyPairOutput};
use wire::{Blob, Input, SecretBlob};

pub struct GenerateDataKeyPair;

impl Action for GenerateDataKeyPair {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateDataKeyPair";
    const KEYS: &'static [&'static str] = &[
        "kms:DataKeyPairSpec",
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn check(input: &GenerateDataKeyPairInput) -> Result<(), Refusal> {
        crypto::no_recipient(&input.recipient)?;
        pair_spec(&input.key_pair_spec).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &GenerateDataKeyPairInput) -> Answer<()> {
        let context = access::context(&input.encryption_context);
        let asks = Asks::within(context)
            .with("kms:DataKeyPairSpec", &input.key_pair_spec)
            .with("kms:EncryptionAlgorithm", Algorithm::Symmetric.name());
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "GenerateDataKeyPair", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: GenerateDataKeyPairInput) -> Answer<GenerateDataKeyPairOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GenerateDataKeyPair)?;
        let spec = pair_spec(&input.key_pair_spec)?;
        let context = access::context(&input.encryption_context);
        let pair = generate(cx, &key, spec, context, "GenerateDataKeyPair")?;
        Ok(GenerateDataKeyPairOutput {
            private_key_ciphertext_blob: Some(Blob(pair.sealed.ciphertext)),
            private_key_plaintext: Some(SecretBlob::new(pair.private.expose().to_vec())),
            public_key: Some(Blob(pair.public)),
            key_id: Some(key.arn()),
            key_pair_spec: Some(input.key_pair_spec),
            key_material_id: Some(pair.sealed.material_id),
            ..Default::default()
        })
    }

    fn request_parameters(input: &GenerateDataKeyPairInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

/// A fresh key pair.
pub(super) struct Pair {
    /// PKCS#8 DER
    pub private: Secret,
    /// DER SubjectPublicKeyInfo
    pub public: Vec<u8>,
    /// the private key under the KMS key
    pub sealed: Sealed,
}

/// The spec of the pair. The wire has checked the name; SM2 is offered in AWS's China Regions only.
pub(super) fn pair_spec(name: &str) -> Result<KeySpec, Refusal> {
    KeySpec::parse(name).filter(|spec| spec.is_data_key_pair()).ok_or_else(|| {
        let message = format!("Key pair spec {name} is not offered by this server.");
        Refusal::new("UnsupportedOperationException", message)
    })
}

/// Makes a pair and wraps its private key, which is plain only in locked memory.
pub(super) fn generate(
    cx: &mut Cx,
    key: &Key,
    spec: KeySpec,
    context: &Context,
    operation: &'static str,
) -> Answer<Pair> {
    let failed = |e| Fault::caused("making a key pair", e);
    // Before the search for primes, which takes long.
    Algorithm::Symmetric.check(key, operation)?;
    crypto::check_context(Algorithm::Symmetric, context)?;
    let private = keys::generate_material(spec, &*cx.door.env.entropy).map_err(failed)?;
    let public = keys::public_key_der(spec, &private).map_err(failed)?;
    let sealed = crypto::encrypt(cx, key, Algorithm::Symmetric, context, private.expose(), operation)?;
    crypto::note_material(cx, &sealed.material_id);
    Ok(Pair { private, public, sealed })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, unb64};
    use serde_json::{Value, json};

    const NAME: &str = "GenerateDataKeyPair";

    fn input(key: &str, spec: &str) -> Value {
        json!({"KeyId": key, "KeyPairSpec": spec, "EncryptionContext": {"a": "1"}})
    }

    #[test]
    fn the_wrapped_private_key_opens_to_the_plain_one_in_its_context_only() {
        let bench = Bench::new();
        let key = bench.create_key();
        for spec in [
            "RSA_2048",
            "RSA_3072",
            "ECC_NIST_P256",
            "ECC_NIST_P384",
            "ECC_NIST_P521",
            "ECC_SECG_P256K1",
            "ECC_NIST_EDWARDS25519",
        ] {
            let made = bench.ok(NAME, input(&key.id, spec));
            assert_eq!((&made["KeyId"], &made["KeyPairSpec"]), (&json!(key.arn), &json!(spec)));
            let blob = &made["PrivateKeyCiphertextBlob"];
            let open = json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "1"}});
            let opened = bench.ok("Decrypt", open);
            assert_eq!(opened["Plaintext"], made["PrivateKeyPlaintext"], "{spec}");
            assert_eq!(opened["KeyMaterialId"], made["KeyMaterialId"]);
            bench.refused("Decrypt", json!({"CiphertextBlob": blob}), "InvalidCiphertextException", "");
            let private = keys::Secret::copy_of(&unb64(&made["PrivateKeyPlaintext"])).unwrap();
            let public = keys::public_key_der(keys::KeySpec::parse(spec).unwrap(), &private).unwrap();
            assert_eq!(unb64(&made["PublicKey"]), public, "{spec}");
            assert_ne!(bench.ok(NAME, input(&key.id, "ECC_NIST_P256"))["PublicKey"], made["PublicKey"]);
        }
        let shown = bench.last_record(NAME).body.to_string();
        assert!(!shown.contains("laintext") && !shown.contains("iphertext"), "{shown}");
    }

    #[test]
    fn only_enabled_symmetric_keys_wrap_pairs() {
        let bench = Bench::new();
        let rsa = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
        let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
        bench.refused(NAME, input(&rsa.id, "RSA_4096"), "InvalidKeyUsageException", message);
        let sign = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        let message = format!("{} key usage is SIGN_VERIFY which is not valid for {NAME}.", sign.arn);
        bench.refused(NAME, input(&sign.id, "RSA_4096"), "InvalidKeyUsageException", &message);
        let key = bench.create_key();
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        let message = format!("{} is disabled.", key.arn);
        bench.refused(NAME, input(&key.id, "ECC_NIST_P256"), "DisabledException", &message);
    }

    #[test]
    fn specs_that_make_no_pair_enclaves_and_dry_runs_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        for (spec, code) in [
            ("SM2", "UnsupportedOperationException"),
            ("HMAC_256", "ValidationException"),
            ("SYMMETRIC_DEFAULT", "ValidationException"),
            ("RSA_1024", "ValidationException"),
        ] {
            let (_, body) = bench.call_as(&bench.root(), NAME, input(&key.id, spec));
            assert_eq!(body["__type"], code, "{spec}");
        }
        let mut to_enclave = input(&key.id, "ECC_NIST_P256");
        to_enclave["Recipient"] = json!({"AttestationDocument": "eA=="});
        let (_, body) = bench.call_as(&bench.root(), NAME, to_enclave);
        assert_eq!(body["__type"], "UnsupportedOperationException");
        let mut dry = input(&key.id, "ECC_NIST_P256");
        dry["DryRun"] = json!(true);
        let would = "The request would have succeeded, but the DryRun option is set.";
        bench.refused(NAME, dry, "DryRunOperationException", would);
    }
}
