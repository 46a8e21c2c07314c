//! GenerateDataKeyPairWithoutPlaintext: as GenerateDataKeyPair, but the private key is answered only wrapped. Needs an enabled
//! key.
//!
//! Needs `kms:GenerateDataKeyPairWithoutPlaintext` on the key. Source: KMS API Reference, GenerateDataKeyPairWithoutPlaintext.

use super::generate_data_key_pair::{generate, pair_spec};
use crate::access::{self, Asks};
use crate::crypto::Algorithm;
use crate::find::{self, Accepts};
use crate::{crypto, grants};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{
    GenerateDataKeyPairWithoutPlaintext as Op, GenerateDataKeyPairWithoutPlaintextInput,
    GenerateDataKeyPairWithoutPlaintextOutput,
};
use wire::{Blob, Input};

const NAME: &str = "GenerateDataKeyPairWithoutPlaintext";

pub struct GenerateDataKeyPairWithoutPlaintext;

impl Action for GenerateDataKeyPairWithoutPlaintext {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateDataKeyPairWithoutPlaintext";
    const KEYS: &'static [&'static str] = &[
        "kms:DataKeyPairSpec",
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn check(input: &GenerateDataKeyPairWithoutPlaintextInput) -> Result<(), Refusal> {
        pair_spec(&input.key_pair_spec).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &GenerateDataKeyPairWithoutPlaintextInput) -> Answer<()> {
        let context = access::context(&input.encryption_context);
        let asks = Asks::within(context)
            .with("kms:DataKeyPairSpec", &input.key_pair_spec)
            .with("kms:EncryptionAlgorithm", Algorithm::Symmetric.name());
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, NAME, &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(
        cx: &mut Cx,
        input: GenerateDataKeyPairWithoutPlaintextInput,
    ) -> Answer<GenerateDataKeyPairWithoutPlaintextOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GenerateDataKeyPairWithoutPlaintext)?;
        let spec = pair_spec(&input.key_pair_spec)?;
        let context = access::context(&input.encryption_context);
        let pair = generate(cx, &key, spec, context, NAME)?;
        Ok(GenerateDataKeyPairWithoutPlaintextOutput {
            private_key_ciphertext_blob: Some(Blob(pair.sealed.ciphertext)),
            public_key: Some(Blob(pair.public)),
            key_id: Some(key.arn()),
            key_pair_spec: Some(input.key_pair_spec),
            key_material_id: Some(pair.sealed.material_id),
        })
    }

    fn request_parameters(input: &GenerateDataKeyPairWithoutPlaintextInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::NAME;
    use crate::testing::{Bench, unb64};
    use serde_json::{Value, json};

    #[test]
    fn the_private_key_comes_only_wrapped_and_belongs_to_the_public_one() {
        let bench = Bench::new();
        let key = bench.create_key();
        let made = bench.ok(NAME, json!({"KeyId": key.id, "KeyPairSpec": "ECC_NIST_P521"}));
        assert_eq!(made["PrivateKeyPlaintext"], Value::Null);
        let opened = bench.ok("Decrypt", json!({"CiphertextBlob": made["PrivateKeyCiphertextBlob"]}));
        let private = keys::Secret::copy_of(&unb64(&opened["Plaintext"])).unwrap();
        let public = keys::public_key_der(keys::KeySpec::EccNistP521, &private).unwrap();
        assert_eq!(unb64(&made["PublicKey"]), public);
        let record = bench.last_record(NAME).body;
        assert_eq!(record["requestParameters"], json!({"keyId": key.id, "keyPairSpec": "ECC_NIST_P521"}));
        assert_eq!(record["responseElements"], Value::Null);
    }

    #[test]
    fn keys_states_and_specs_are_checked_as_for_generate_data_key_pair() {
        let bench = Bench::new();
        let mac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let input = |key: &str| json!({"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"});
        let message = format!("{} key usage is GENERATE_VERIFY_MAC which is not valid for {NAME}.", mac.arn);
        bench.refused(NAME, input(&mac.id), "InvalidKeyUsageException", &message);
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        let message = format!("{} is pending import.", external.arn);
        bench.refused(NAME, input(&external.id), "KMSInvalidStateException", &message);
        let sm2 = json!({"KeyId": mac.id, "KeyPairSpec": "SM2"});
        let message = "Key pair spec SM2 is not offered by this server.";
        bench.refused(NAME, sm2, "UnsupportedOperationException", message);
    }
}
