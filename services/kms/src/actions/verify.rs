//! Verify: whether a signature was made with a key's private half over this message. Needs an enabled key.
//!
//! Needs `kms:Verify` on the key. A signature that does not verify is refused (KMSInvalidSignatureException), so the answer's
//! `SignatureValid` is always true. Source: KMS API Reference, Verify.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{grants, signing};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::Input;
use wire::generated::kms::{Verify as Op, VerifyInput, VerifyOutput};

pub struct Verify;

impl Action for Verify {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:Verify";
    const KEYS: &'static [&'static str] = &["kms:SigningAlgorithm", "kms:MessageType", "kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &VerifyInput) -> Answer<()> {
        let asks = Asks::nothing()
            .with("kms:SigningAlgorithm", &input.signing_algorithm)
            .with("kms:MessageType", signing::message_type(&input.message_type));
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "Verify", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: VerifyInput) -> Answer<VerifyOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::Verify)?;
        let message = signing::message(signing::message_type(&input.message_type), input.message.expose());
        let signing = signing::prepare(cx, &key, &input.signing_algorithm, message, "Verify")?;
        let valid = signing
            .algorithm
            .verify(key.spec, &signing.material, message, &input.signature.0)
            .map_err(|e| Fault::caused(format!("verifying with {}", key.arn()), e))?;
        if !valid {
            return Err(Refusal::new("KMSInvalidSignatureException", "")
                .because(
                    "the signature does not verify: it is damaged, or was made over another message, with another \
                     algorithm or by another key",
                )
                .into());
        }
        Ok(VerifyOutput {
            key_id: Some(key.arn()),
            signature_valid: Some(true),
            signing_algorithm: Some(signing.algorithm.name().to_owned()),
        })
    }

    fn request_parameters(input: &VerifyInput) -> Value {
        signing::shown_parameters(input.trail())
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::{Value, json};

    fn signed(bench: &Bench, key: &str, algorithm: &str) -> Value {
        let input = json!({"KeyId": key, "Message": b64(b"message"), "SigningAlgorithm": algorithm});
        bench.ok("Sign", input)["Signature"].clone()
    }

    #[test]
    fn only_the_signature_of_this_message_algorithm_and_key_is_valid() {
        let bench = Bench::new();
        let make = || bench.create_key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}));
        let (key, other) = (make(), make());
        let algorithm = "RSASSA_PSS_SHA_256";
        let signature = signed(&bench, &key.id, algorithm);
        let input = |id: &str, message: &[u8], algorithm: &str| json!({"KeyId": id, "Message": b64(message), "SigningAlgorithm": algorithm, "Signature": signature});
        let answer = bench.ok("Verify", input(&key.id, b"message", algorithm));
        assert_eq!(
            answer,
            json!({"KeyId": key.arn, "SignatureValid": true, "SigningAlgorithm": "RSASSA_PSS_SHA_256"})
        );
        for bad in [
            input(&key.id, b"Message", algorithm),
            input(&other.id, b"message", algorithm),
            input(&key.id, b"message", "RSASSA_PSS_SHA_384"),
            input(&key.id, b"message", "RSASSA_PKCS1_V1_5_SHA_256"),
        ] {
            bench.refused("Verify", bad, "KMSInvalidSignatureException", "");
        }
        let told = bench.last_record("Verify").reason.unwrap();
        assert!(told.contains("another message"), "{told}");
        let dry = json!({
            "KeyId": key.id, "Message": b64(b"message"), "SigningAlgorithm": algorithm, "Signature": signature,
            "DryRun": true,
        });
        let would = "The request would have succeeded, but the DryRun option is set.";
        bench.refused("Verify", dry, "DryRunOperationException", would);
    }

    #[test]
    fn damaged_signatures_are_refused_with_the_documented_exception() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        let good = unb64(&signed(&bench, &key.id, "ECDSA_SHA_256"));
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1 << (at % 8);
            let input = json!({
                "KeyId": key.id, "Message": b64(b"message"), "SigningAlgorithm": "ECDSA_SHA_256",
                "Signature": b64(&bad),
            });
            bench.refused("Verify", input, "KMSInvalidSignatureException", "");
        }
        for (length, code) in [(0, "ValidationException"), (6145, "ValidationException")] {
            let input = json!({
                "KeyId": key.id, "Message": b64(b"m"), "SigningAlgorithm": "ECDSA_SHA_256",
                "Signature": b64(&vec![1; length]),
            });
            let (_, body) = bench.call_as(&bench.root(), "Verify", input);
            assert_eq!(body["__type"], code, "{length}");
        }
    }

    #[test]
    fn keys_that_do_not_sign_do_not_verify() {
        let bench = Bench::new();
        let key = bench.create_key();
        let input = json!({
            "KeyId": key.id, "Message": b64(b"m"), "SigningAlgorithm": "ECDSA_SHA_256", "Signature": b64(b"s"),
        });
        let message = format!("{} key usage is ENCRYPT_DECRYPT which is not valid for Verify.", key.arn);
        bench.refused("Verify", input, "InvalidKeyUsageException", &message);
    }
}
