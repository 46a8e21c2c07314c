//! Decrypt: a ciphertext blob back to its plaintext. The blob names its key; a `KeyId` in the request must mean the same one.
//! RSA ciphertext names nothing: key and algorithm are required. Needs an enabled key.
//!
//! Needs `kms:Decrypt` on the key. A host decrypts data keys under the grant of its instance. Source: KMS API Reference, Decrypt.

use crate::access::{self, Asks};
use crate::crypto::{self, Algorithm};
use crate::grants;
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{Decrypt as Op, DecryptInput, DecryptOutput};
use wire::{Input, SecretBlob};

pub struct Decrypt;

impl Action for Decrypt {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:Decrypt";
    const KEYS: &'static [&'static str] = &[
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn check(input: &DecryptInput) -> Result<(), Refusal> {
        crypto::no_recipient(&input.recipient)?;
        // The model lets it be absent for a kind of dry run that is not offered.
        if input.ciphertext_blob.is_none() {
            return Err(Refusal::new(
                "ValidationException",
                "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be \
                 null",
            ));
        }
        Ok(())
    }

    fn authorise(cx: &mut Cx, input: &DecryptInput) -> Answer<()> {
        key(cx, input)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: DecryptInput) -> Answer<DecryptOutput> {
        let key = key(cx, &input)?;
        key.check(KeyOperation::Decrypt)?;
        let algorithm = algorithm(&input);
        let context = access::context(&input.encryption_context);
        let opened = crypto::decrypt(cx, &key, algorithm, context, ciphertext(&input), "Decrypt")?;
        crypto::note_material(cx, &opened.material_id);
        Ok(DecryptOutput {
            key_id: Some(key.arn()),
            plaintext: Some(SecretBlob::new(opened.plaintext.expose().to_vec())),
            encryption_algorithm: Some(algorithm.name().to_owned()),
            key_material_id: Some(opened.material_id),
            ..Default::default()
        })
    }

    fn request_parameters(input: &DecryptInput) -> Value {
        crypto::shown_parameters(input.trail(), &["encryptionAlgorithm"])
    }
}

fn algorithm(input: &DecryptInput) -> Algorithm {
    Algorithm::asked(input.encryption_algorithm.as_deref())
}

fn ciphertext(input: &DecryptInput) -> &[u8] {
    input.ciphertext_blob.as_ref().map_or(&[], |blob| &blob.0)
}

/// The ciphertext's key, if the caller may decrypt with it in this encryption context.
fn key(cx: &mut Cx, input: &DecryptInput) -> Answer<crate::rows::Key> {
    let context = access::context(&input.encryption_context);
    let asks = Asks::within(context).with("kms:EncryptionAlgorithm", algorithm(input).name());
    crypto::key_of(cx, ciphertext(input), input.key_id.as_deref(), algorithm(input), "Decrypt", &asks)
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::{Value, json};

    fn encrypted(bench: &Bench, key_id: &str) -> Value {
        let input =
            json!({"KeyId": key_id, "Plaintext": b64(b"plain"), "EncryptionContext": {"a": "1", "b": "2"}});
        bench.ok("Encrypt", input)["CiphertextBlob"].clone()
    }

    #[test]
    fn the_blob_finds_its_key_whatever_the_order_of_the_context() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": key.id}));
        let blob = encrypted(&bench, &key.id);
        for named in [Value::Null, json!(key.id), json!(key.arn), json!("alias/mine")] {
            let answer = bench.ok(
                "Decrypt",
                json!({"CiphertextBlob": blob, "EncryptionContext": {"b": "2", "a": "1"}, "KeyId": named}),
            );
            assert_eq!(unb64(&answer["Plaintext"]), b"plain");
            assert_eq!(answer["KeyId"], json!(key.arn));
            assert_eq!(answer["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT");
            assert_eq!(answer["KeyMaterialId"].as_str().unwrap().len(), 64);
        }
        let record = bench.last_record("Decrypt").body;
        assert_eq!(
            record["resources"],
            json!([{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key.arn}])
        );
        assert!(!record.to_string().contains(&b64(b"plain")));
    }

    #[test]
    fn another_context_and_damaged_blobs_are_refused_without_a_message() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob = encrypted(&bench, &key.id);
        for context in
            [json!({}), json!({"a": "1"}), json!({"a": "1", "B": "2"}), json!({"a": "1", "b": "2", "c": ""})]
        {
            let input = json!({"CiphertextBlob": blob, "EncryptionContext": context});
            bench.refused("Decrypt", input.clone(), "InvalidCiphertextException", "");
            let root = bench.root();
            bench.refused_because(
                &root,
                "Decrypt",
                input,
                "InvalidCiphertextException",
                "encryption context differs",
            );
        }
        let mut bytes = unb64(&blob);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        let context = json!({"a": "1", "b": "2"});
        for bad in [b64(&bytes), b64(&bytes[..last]), b64(b"x"), b64(&[0; 6144])] {
            let input = json!({"CiphertextBlob": bad, "EncryptionContext": context});
            bench.refused("Decrypt", input, "InvalidCiphertextException", "");
        }
        for bad in [json!(""), json!(b64(&[0; 6145])), Value::Null] {
            let (_, body) = bench.call_as(&bench.root(), "Decrypt", json!({"CiphertextBlob": bad}));
            assert_eq!(body["__type"], "ValidationException", "{body}");
        }
    }

    #[test]
    fn another_key_is_the_wrong_key() {
        let bench = Bench::new();
        let (key, other) = (bench.create_key(), bench.create_key());
        let blob = encrypted(&bench, &key.id);
        let input =
            json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "1", "b": "2"}, "KeyId": other.id});
        let message = "The key ID in the request does not identify a CMK that can perform this operation.";
        bench.refused("Decrypt", input, "IncorrectKeyException", message);
        let rsa = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
        let input = json!({"CiphertextBlob": blob, "KeyId": rsa.id});
        let message = "Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048.";
        bench.refused("Decrypt", input, "InvalidKeyUsageException", message);
        let input = json!({"CiphertextBlob": blob, "EncryptionAlgorithm": "RSAES_OAEP_SHA_1"});
        let (_, body) = bench.call_as(&bench.root(), "Decrypt", input);
        assert_eq!(body["__type"], "ValidationException");
    }

    #[test]
    fn a_blob_of_another_account_or_of_no_key_does_not_tell_which() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob = encrypted(&bench, &key.id);
        let denied = |account: &str| {
            format!(
                "User: arn:aws:iam::{account}:root is not authorized to perform: kms:Decrypt on the resource associated with \
                 this ciphertext because the resource does not exist in this Region, no resource-based policies allow \
                 access, or a resource-based policy explicitly denies access"
            )
        };
        let other = bench.root_of("444455556666");
        let input = json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "1", "b": "2"}});
        let code = "AccessDeniedException";
        bench.refused_as(&other, "Decrypt", input.clone(), code, &denied("444455556666"));
        let there = bench.last_record("Decrypt");
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
        bench.clock.advance(std::time::Duration::from_secs(8 * 86_400));
        bench.refused_as(&other, "Decrypt", input.clone(), code, &denied("444455556666"));
        assert_eq!(bench.last_record("Decrypt").reason, there.reason);
        bench.refused("Decrypt", input, code, &denied("111122223333"));
    }

    #[test]
    fn a_blob_whose_key_id_is_none_is_damaged() {
        let bench = Bench::new();
        let key = bench.create_key();
        let mut bytes = unb64(&encrypted(&bench, &key.id));
        // The key id starts after magic, version and length.
        bytes[5] = b'x';
        let input = json!({"CiphertextBlob": b64(&bytes), "EncryptionContext": {"a": "1", "b": "2"}});
        bench.refused("Decrypt", input, "InvalidCiphertextException", "");
    }

    #[test]
    fn a_session_decrypts_under_its_grant_and_its_context_only() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob = encrypted(&bench, &key.id);
        let input = |context: Value| json!({"CiphertextBlob": blob, "EncryptionContext": context});
        let right = json!({"a": "1", "b": "2"});
        let session = bench.session();
        let denied = "AccessDeniedException";
        bench.refused_because(&session, "Decrypt", input(right.clone()), denied, "no grant on this key");
        let (id, token) = bench.grant_to_session(&key.id);
        let mut with_token = input(right.clone());
        with_token["GrantTokens"] = json!([token]);
        let answer = bench.ok_as(&session, "Decrypt", with_token.clone());
        assert_eq!(unb64(&answer["Plaintext"]), b"plain");
        let record = bench.last_record("Decrypt").body;
        assert_eq!(
            record["requestParameters"],
            json!({"encryptionContext": right, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"})
        );
        bench.refused_because(&session, "Decrypt", input(json!({"a": "2"})), denied, "encryption context");
        with_token["GrantTokens"] = json!([format!("{token}x")]);
        let (_, body) = bench.call_as(&session, "Decrypt", with_token);
        assert_eq!(body["__type"], "InvalidGrantTokenException");
        bench.ok("RevokeGrant", json!({"KeyId": key.id, "GrantId": id}));
        bench.refused_because(&session, "Decrypt", input(right), denied, "no grant on this key");
    }
}
