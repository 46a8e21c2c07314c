//! Encrypt: 1 to 4,096 bytes under a symmetric key, bound to an encryption context, or fewer under an RSA key. Needs an enabled
//! key.
//!
//! Needs `kms:Encrypt` on the key. Source: KMS API Reference, Encrypt.

use crate::access::{self, Asks};
use crate::crypto::{self, Algorithm};
use crate::find::{self, Accepts};
use crate::grants;
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{Encrypt as Op, EncryptInput, EncryptOutput};
use wire::{Blob, Input};

pub struct Encrypt;

impl Action for Encrypt {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:Encrypt";
    const KEYS: &'static [&'static str] = &[
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn authorise(cx: &mut Cx, input: &EncryptInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "Encrypt", &asks(input))?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: EncryptInput) -> Answer<EncryptOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::Encrypt)?;
        let algorithm = Algorithm::asked(input.encryption_algorithm.as_deref());
        let context = access::context(&input.encryption_context);
        let sealed = crypto::encrypt(cx, &key, algorithm, context, input.plaintext.expose(), "Encrypt")?;
        crypto::note_material(cx, &sealed.material_id);
        Ok(EncryptOutput {
            ciphertext_blob: Some(Blob(sealed.ciphertext)),
            key_id: Some(key.arn()),
            encryption_algorithm: Some(algorithm.name().to_owned()),
        })
    }

    fn request_parameters(input: &EncryptInput) -> Value {
        crypto::shown_parameters(input.trail(), &["encryptionAlgorithm"])
    }
}

fn asks(input: &EncryptInput) -> Asks<'_> {
    let algorithm = Algorithm::asked(input.encryption_algorithm.as_deref());
    Asks::within(access::context(&input.encryption_context)).with("kms:EncryptionAlgorithm", algorithm.name())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::json;

    #[test]
    fn the_answer_names_key_and_algorithm_and_hides_the_plaintext() {
        let bench = Bench::new();
        let key = bench.create_key();
        let plaintext = b"a plaintext that must not show anywhere";
        let input = json!({"KeyId": key.id, "Plaintext": b64(plaintext), "EncryptionContext": {"a": "1"}});
        let answer = bench.ok("Encrypt", input.clone());
        assert_eq!(answer["KeyId"], json!(key.arn));
        assert_eq!(answer["EncryptionAlgorithm"], "SYMMETRIC_DEFAULT");
        let blob = unb64(&answer["CiphertextBlob"]);
        assert!(!blob.windows(8).any(|window| window == &plaintext[..8]));
        assert_ne!(bench.ok("Encrypt", input)["CiphertextBlob"], answer["CiphertextBlob"]);

        let record = bench.last_record("Encrypt");
        assert_eq!(
            record.body["requestParameters"],
            json!({"keyId": key.id, "encryptionContext": {"a": "1"}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"})
        );
        assert_eq!(record.body["responseElements"], json!(null));
        assert_eq!(record.body["additionalEventData"]["keyMaterialId"].as_str().unwrap().len(), 64);
        let shown = record.body.to_string();
        assert!(!shown.contains(&b64(plaintext)) && !shown.contains(&b64(&blob)));
    }

    #[test]
    fn lengths_out_of_range_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": b64(&[0; 4096])}));
        bench.refused(
            "Encrypt",
            json!({"KeyId": key.id, "Plaintext": b64(&[0; 4097])}),
            "ValidationException",
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less \
             than or equal to 4096",
        );
        for input in [json!({"KeyId": key.id, "Plaintext": ""}), json!({"KeyId": key.id})] {
            let (_, body) = bench.call_as(&bench.root(), "Encrypt", input);
            assert_eq!(body["__type"], "ValidationException");
        }
        let big = json!({"KeyId": key.id, "Plaintext": "eA==", "EncryptionContext": {"a": "x".repeat(8192)}});
        let (_, body) = bench.call_as(&bench.root(), "Encrypt", big);
        assert_eq!(body["__type"], "ValidationException");
    }

    #[test]
    fn keys_of_another_usage_or_algorithm_are_refused() {
        let bench = Bench::new();
        let symmetric = bench.create_key();
        let sign = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        let mac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        for (key, usage) in [(&sign, "SIGN_VERIFY"), (&mac, "GENERATE_VERIFY_MAC")] {
            let message = format!("{} key usage is {usage} which is not valid for Encrypt.", key.arn);
            let input = json!({"KeyId": key.id, "Plaintext": "eA=="});
            bench.refused("Encrypt", input, "InvalidKeyUsageException", &message);
        }
        let input =
            json!({"KeyId": symmetric.id, "Plaintext": "eA==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"});
        let message = "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.";
        bench.refused("Encrypt", input, "InvalidKeyUsageException", message);
    }

    #[test]
    fn rsa_keys_encrypt_what_fits_and_take_no_context() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
        let with = |bytes: usize, more: serde_json::Value| {
            let mut input = json!({
                "KeyId": key.id, "Plaintext": b64(&vec![7; bytes]), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256",
            });
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            input
        };
        let blob = bench.ok("Encrypt", with(190, json!({})))["CiphertextBlob"].clone();
        let opened = bench.ok(
            "Decrypt",
            json!({"KeyId": key.id, "CiphertextBlob": blob, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}),
        );
        assert_eq!(unb64(&opened["Plaintext"]), vec![7; 190]);
        let message =
            "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.";
        bench.refused("Encrypt", with(191, json!({})), "ValidationException", message);
        let (_, body) =
            bench.call_as(&bench.root(), "Encrypt", with(1, json!({"EncryptionContext": {"a": "b"}})));
        assert_eq!(body["__type"], "ValidationException");
    }

    #[test]
    fn the_managed_key_encrypts_only_through_ec2() {
        let bench = Bench::new();
        let input = json!({"KeyId": "alias/aws/ebs", "Plaintext": "eA=="});
        let root = bench.root();
        bench.refused_because(
            &root,
            "Encrypt",
            input.clone(),
            "AccessDeniedException",
            "this call came directly",
        );
        assert_eq!(bench.rows(), (0, 0, 0, 0), "a refused call makes no key");
        bench.ok_as(&bench.through_ec2(), "Encrypt", input);
        assert_eq!(bench.rows(), (1, 1, 1, 0));
    }

    #[test]
    fn a_dry_run_tells_that_it_would_work_or_why_not() {
        let bench = Bench::new();
        let key = bench.create_key();
        let input = json!({"KeyId": key.id, "Plaintext": "eA==", "DryRun": true});
        let would = "The request would have succeeded, but the DryRun option is set.";
        bench.refused("Encrypt", input.clone(), "DryRunOperationException", would);
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        bench.refused("Encrypt", input, "DisabledException", &format!("{} is disabled.", key.arn));
    }
}
