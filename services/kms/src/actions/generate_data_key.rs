//! GenerateDataKey: fresh random bytes, plain and wrapped under a symmetric key. Needs an enabled key.
//!
//! Needs `kms:GenerateDataKey` on the key. Exactly one of KeySpec and NumberOfBytes says how many bytes.
//! Source: KMS API Reference, GenerateDataKey.

use crate::access::{self, Asks};
use crate::crypto::{self, Algorithm, Sealed};
use crate::find::{self, Accepts};
use crate::grants;
use crate::rows::Key;
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::Secret;
use rules::key_access::Context;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{GenerateDataKey as Op, GenerateDataKeyInput, GenerateDataKeyOutput};
use wire::{Blob, Input, SecretBlob};

pub struct GenerateDataKey;

impl Action for GenerateDataKey {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateDataKey";
    const KEYS: &'static [&'static str] = &[
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn check(input: &GenerateDataKeyInput) -> Result<(), Refusal> {
        crypto::no_recipient(&input.recipient)?;
        bytes(input.key_spec.as_deref(), input.number_of_bytes).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &GenerateDataKeyInput) -> Answer<()> {
        let asks = Asks::within(access::context(&input.encryption_context))
            .with("kms:EncryptionAlgorithm", Algorithm::Symmetric.name());
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "GenerateDataKey", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: GenerateDataKeyInput) -> Answer<GenerateDataKeyOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GenerateDataKey)?;
        let bytes = bytes(input.key_spec.as_deref(), input.number_of_bytes)?;
        let context = access::context(&input.encryption_context);
        let (plaintext, sealed) = generate(cx, &key, bytes, context, "GenerateDataKey")?;
        Ok(GenerateDataKeyOutput {
            ciphertext_blob: Some(Blob(sealed.ciphertext)),
            plaintext: Some(SecretBlob::new(plaintext.expose().to_vec())),
            key_id: Some(key.arn()),
            key_material_id: Some(sealed.material_id),
            ..Default::default()
        })
    }

    fn request_parameters(input: &GenerateDataKeyInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

/// How many bytes the two members ask for; exactly one of them must be there. The wire has checked the range.
pub(super) fn bytes(key_spec: Option<&str>, number: Option<i32>) -> Result<usize, Refusal> {
    match (key_spec, number) {
        (Some("AES_128"), None) => Ok(16),
        (Some(_), None) => Ok(32),
        (None, Some(number)) => Ok(number.unsigned_abs() as usize),
        _ => Err(Refusal::new("ValidationException", "Please specify either number of bytes or key spec.")),
    }
}

/// Draws a data key and wraps it. It is plain only in locked memory.
pub(super) fn generate(
    cx: &mut Cx,
    key: &Key,
    bytes: usize,
    context: &Context,
    operation: &'static str,
) -> Answer<(Secret, Sealed)> {
    let plaintext =
        Secret::generate(&*cx.door.env.entropy, bytes).map_err(|e| Fault::caused("making a data key", e))?;
    let sealed = crypto::encrypt(cx, key, Algorithm::Symmetric, context, plaintext.expose(), operation)?;
    crypto::note_material(cx, &sealed.material_id);
    Ok((plaintext, sealed))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, unb64};
    use serde_json::json;

    #[test]
    fn the_wrapped_key_opens_to_the_plain_one() {
        let bench = Bench::new();
        let key = bench.create_key();
        for (size, bytes) in [
            (json!({"KeySpec": "AES_128"}), 16),
            (json!({"KeySpec": "AES_256"}), 32),
            (json!({"NumberOfBytes": 64}), 64),
            (json!({"NumberOfBytes": 1}), 1),
            (json!({"NumberOfBytes": 1024}), 1024),
        ] {
            let mut input = json!({"KeyId": key.id, "EncryptionContext": {"a": "1"}});
            input.as_object_mut().unwrap().extend(size.as_object().unwrap().clone());
            let made = bench.ok("GenerateDataKey", input);
            assert_eq!(made["KeyId"], json!(key.arn));
            let plain = unb64(&made["Plaintext"]);
            assert_eq!(plain.len(), bytes);
            let input = json!({"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": {"a": "1"}});
            let opened = bench.ok("Decrypt", input);
            assert_eq!(unb64(&opened["Plaintext"]), plain);
            assert_eq!(opened["KeyMaterialId"], made["KeyMaterialId"]);
        }
        let shown = bench.last_record("GenerateDataKey").body.to_string();
        assert!(!shown.contains("laintext") && !shown.contains("iphertext"), "{shown}");
    }

    #[test]
    fn the_size_is_said_once_and_within_range() {
        let bench = Bench::new();
        let key = bench.create_key();
        let text = "Please specify either number of bytes or key spec.";
        bench.refused("GenerateDataKey", json!({"KeyId": key.id}), "ValidationException", text);
        let both = json!({"KeyId": key.id, "KeySpec": "AES_256", "NumberOfBytes": 32});
        bench.refused("GenerateDataKey", both, "ValidationException", text);
        for (bytes, constraint) in [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")] {
            let message = format!(
                "1 validation error detected: Value '{bytes}' at 'numberOfBytes' failed to satisfy constraint: Member must \
                 have value {constraint}"
            );
            let input = json!({"KeyId": key.id, "NumberOfBytes": bytes});
            bench.refused("GenerateDataKey", input, "ValidationException", &message);
        }
    }

    #[test]
    fn only_symmetric_encryption_keys_make_data_keys() {
        let bench = Bench::new();
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let message =
            format!("{} key usage is GENERATE_VERIFY_MAC which is not valid for GenerateDataKey.", hmac.arn);
        let input = json!({"KeyId": hmac.id, "NumberOfBytes": 64});
        bench.refused("GenerateDataKey", input, "InvalidKeyUsageException", &message);
        let rsa = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
        let input = json!({"KeyId": rsa.id, "NumberOfBytes": 64});
        let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
        bench.refused("GenerateDataKey", input, "InvalidKeyUsageException", message);
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        let input = json!({"KeyId": external.id, "NumberOfBytes": 64});
        let message = format!("{} is pending import.", external.arn);
        bench.refused("GenerateDataKey", input, "KMSInvalidStateException", &message);
    }
}
