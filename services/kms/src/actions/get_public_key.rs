//! GetPublicKey: the public half of an asymmetric key, as DER SubjectPublicKeyInfo. Needs an enabled key.
//!
//! Needs `kms:GetPublicKey` on the key. Source: KMS API Reference, GetPublicKey.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::usage::{KeyUsage, algorithms};
use crate::{crypto, grants, material};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::KeysError;
use rules::key_state::KeyOperation;
use wire::Blob;
use wire::generated::kms::{GetPublicKey as Op, GetPublicKeyInput, GetPublicKeyOutput};

pub struct GetPublicKey;

impl Action for GetPublicKey {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GetPublicKey";
    const KEYS: &'static [&'static str] = &["kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &GetPublicKeyInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "GetPublicKey", &Asks::nothing())?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: GetPublicKeyInput) -> Answer<GetPublicKeyOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GetPublicKey)?;
        let (material_id, secret) = material::current(cx, &key)?;
        let public = keys::public_key_der(key.spec, &secret).map_err(|error| match error {
            KeysError::WrongSpec(spec) => api::Failure::from(
                Refusal::new("UnsupportedOperationException", "")
                    .because(format!("a key of spec {spec} has no public key")),
            ),
            other => Fault::caused(format!("reading the public key of {}", key.arn()), other).into(),
        })?;
        crypto::note_material(cx, &material_id);
        let listed = |usage: KeyUsage| (key.usage == usage).then(|| algorithms(key.spec, usage));
        let spec = key.spec.name().to_owned();
        Ok(GetPublicKeyOutput {
            key_id: Some(key.arn()),
            public_key: Some(Blob(public)),
            customer_master_key_spec: Some(spec.clone()),
            key_spec: Some(spec),
            key_usage: Some(key.usage.name().to_owned()),
            encryption_algorithms: listed(KeyUsage::EncryptDecrypt),
            signing_algorithms: listed(KeyUsage::SignVerify),
            key_agreement_algorithms: listed(KeyUsage::KeyAgreement),
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, unb64};
    use serde_json::json;

    #[test]
    fn the_public_key_is_der_and_always_the_same() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        let answer = bench.ok("GetPublicKey", json!({"KeyId": key.id}));
        assert_eq!(answer["KeyId"], json!(key.arn));
        assert_eq!(answer["SigningAlgorithms"], json!(["ECDSA_SHA_256"]));
        // SEQUENCE of 89 bytes: the SubjectPublicKeyInfo of an uncompressed point on P-256.
        assert_eq!(unb64(&answer["PublicKey"])[..2], [0x30, 0x59]);
        assert_eq!(bench.ok("GetPublicKey", json!({"KeyId": key.arn})), answer);
    }

    #[test]
    fn keys_without_a_public_half_and_disabled_keys_are_refused() {
        let bench = Bench::new();
        let symmetric = bench.create_key();
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        for key in [&symmetric, &hmac] {
            bench.refused("GetPublicKey", json!({"KeyId": key.id}), "UnsupportedOperationException", "");
        }
        bench.ok("DisableKey", json!({"KeyId": symmetric.id}));
        let message = format!("{} is disabled.", symmetric.arn);
        bench.refused("GetPublicKey", json!({"KeyId": symmetric.id}), "DisabledException", &message);
    }
}
