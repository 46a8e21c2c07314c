//! DeriveSharedSecret: the raw secret that a key on a NIST curve and a peer's public key agree on (ECDH). Needs an enabled key.
//!
//! Needs `kms:DeriveSharedSecret` on the key. Source: KMS API Reference, DeriveSharedSecret.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::usage::{self, KeyUsage};
use crate::{crypto, grants, material};
use api::{Action, Answer, Cx, Failure};
use base::{Fault, Refusal};
use keys::KeysError;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{DeriveSharedSecret as Op, DeriveSharedSecretInput, DeriveSharedSecretOutput};
use wire::{Input, SecretBlob};

pub struct DeriveSharedSecret;

impl Action for DeriveSharedSecret {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:DeriveSharedSecret";
    const KEYS: &'static [&'static str] = &["kms:KeyAgreementAlgorithm", "kms:RequestAlias"];

    fn check(input: &DeriveSharedSecretInput) -> Result<(), Refusal> {
        crypto::no_recipient(&input.recipient)
    }

    fn authorise(cx: &mut Cx, input: &DeriveSharedSecretInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:KeyAgreementAlgorithm", &input.key_agreement_algorithm);
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "DeriveSharedSecret", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: DeriveSharedSecretInput) -> Answer<DeriveSharedSecretOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::DeriveSharedSecret)?;
        usage::require(&key, KeyUsage::KeyAgreement, "DeriveSharedSecret")?;
        let (material_id, material) = material::current(cx, &key)?;
        crypto::note_material(cx, &material_id);
        let shared = keys::agree(key.spec, &material, &input.public_key.0).map_err(|error| match error {
            KeysError::Malformed(_) => Failure::from(bad_peer(key.spec.name())),
            other => Fault::caused(format!("agreeing with {}", key.arn()), other).into(),
        })?;
        Ok(DeriveSharedSecretOutput {
            key_id: Some(key.arn()),
            shared_secret: Some(SecretBlob::new(shared.expose().to_vec())),
            // The wire lets only ECDH pass.
            key_agreement_algorithm: Some(input.key_agreement_algorithm),
            key_origin: Some(key.origin.name().to_owned()),
            ..Default::default()
        })
    }

    fn request_parameters(input: &DeriveSharedSecretInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

/// AWS gives no message.
fn bad_peer(spec: &str) -> Refusal {
    Refusal::new("ValidationException", "").because(format!(
        "PublicKey is not the DER SubjectPublicKeyInfo of a point on the curve of this key, {spec}"
    ))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::{Value, json};

    const NAME: &str = "DeriveSharedSecret";

    fn key(bench: &Bench, spec: &str) -> (crate::testing::Made, Value) {
        let key = bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": "KEY_AGREEMENT"}));
        let public = bench.ok("GetPublicKey", json!({"KeyId": key.id}));
        assert_eq!(public["KeyAgreementAlgorithms"], json!(["ECDH"]));
        (key, public["PublicKey"].clone())
    }

    fn input(key: &str, public: &Value) -> Value {
        json!({"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": public})
    }

    #[test]
    fn two_keys_agree_on_one_secret() {
        let bench = Bench::new();
        for (spec, bytes) in [("ECC_NIST_P256", 32), ("ECC_NIST_P384", 48), ("ECC_NIST_P521", 66)] {
            let ((a, a_public), (b, b_public)) = (key(&bench, spec), key(&bench, spec));
            let ours = bench.ok(NAME, input(&a.id, &b_public));
            let theirs = bench.ok(NAME, input(&b.id, &a_public));
            assert_eq!(ours["SharedSecret"], theirs["SharedSecret"]);
            assert_eq!(unb64(&ours["SharedSecret"]).len(), bytes);
            assert_eq!((&ours["KeyId"], &ours["KeyOrigin"]), (&json!(a.arn), &json!("AWS_KMS")));
            assert_eq!(ours["KeyAgreementAlgorithm"], "ECDH");
        }
        let shown = bench.last_record(NAME).body;
        assert_eq!(shown["requestParameters"]["keyAgreementAlgorithm"], "ECDH");
        assert_eq!(shown["responseElements"], Value::Null);
    }

    #[test]
    fn public_keys_that_are_none_of_this_curve_are_refused() {
        let bench = Bench::new();
        let (ours, good) = key(&bench, "ECC_NIST_P256");
        let (_, other_curve) = key(&bench, "ECC_NIST_P384");
        let mut off_curve = unb64(&good);
        off_curve[90] ^= 1;
        let point = unb64(&good)[26..].to_vec();
        for bad in [
            json!(b64(b"InvalidPublicKey")),
            other_curve,
            json!(b64(&off_curve)),
            json!(b64(&point)),
            json!(b64(&unb64(&good)[..90])),
        ] {
            bench.refused(NAME, input(&ours.id, &bad), "ValidationException", "");
        }
        assert!(bench.last_record(NAME).reason.unwrap().contains("ECC_NIST_P256"));
        let mut bad = input(&ours.id, &good);
        bad["KeyAgreementAlgorithm"] = json!("INVALID");
        let message = "1 validation error detected: Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: \
                       Member must satisfy enum value set: [ECDH]";
        bench.refused(NAME, bad, "ValidationException", message);
    }

    #[test]
    fn keys_of_other_usages_and_states_and_enclaves_are_refused() {
        let bench = Bench::new();
        let (ours, public) = key(&bench, "ECC_NIST_P256");
        for (spec, usage) in [("ECC_NIST_P256", "SIGN_VERIFY"), ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")] {
            let other = bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": usage}));
            let message =
                format!("{} key usage is {usage} which is not valid for DeriveSharedSecret.", other.arn);
            bench.refused(NAME, input(&other.id, &public), "InvalidKeyUsageException", &message);
        }
        let mut to_enclave = input(&ours.id, &public);
        to_enclave["Recipient"] = json!({"AttestationDocument": "eA=="});
        let (_, body) = bench.call_as(&bench.root(), NAME, to_enclave);
        assert_eq!(body["__type"], "UnsupportedOperationException");
        let mut dry = input(&ours.id, &public);
        dry["DryRun"] = json!(true);
        let would = "The request would have succeeded, but the DryRun option is set.";
        bench.refused(NAME, dry, "DryRunOperationException", would);
        bench.ok("DisableKey", json!({"KeyId": ours.id}));
        let message = format!("{} is disabled.", ours.arn);
        bench.refused(NAME, input(&ours.id, &public), "DisabledException", &message);
    }
}
