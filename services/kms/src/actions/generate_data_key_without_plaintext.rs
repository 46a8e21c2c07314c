//! GenerateDataKeyWithoutPlaintext: as GenerateDataKey, but only the wrapped key is answered. EBS makes every volume's data key
//! so: 64 bytes, bound to `aws:ebs:id`. Needs an enabled key.
//!
//! Needs `kms:GenerateDataKeyWithoutPlaintext` on the key. Source: KMS API Reference, GenerateDataKeyWithoutPlaintext.

use super::generate_data_key::{bytes, generate};
use crate::access::{self, Asks};
use crate::crypto::Algorithm;
use crate::find::{self, Accepts};
use crate::{crypto, grants};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{
    GenerateDataKeyWithoutPlaintext as Op, GenerateDataKeyWithoutPlaintextInput,
    GenerateDataKeyWithoutPlaintextOutput,
};
use wire::{Blob, Input};

const NAME: &str = "GenerateDataKeyWithoutPlaintext";

pub struct GenerateDataKeyWithoutPlaintext;

impl Action for GenerateDataKeyWithoutPlaintext {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateDataKeyWithoutPlaintext";
    const KEYS: &'static [&'static str] = &[
        "kms:EncryptionAlgorithm",
        "kms:EncryptionContext:",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
    ];

    fn check(input: &GenerateDataKeyWithoutPlaintextInput) -> Result<(), Refusal> {
        bytes(input.key_spec.as_deref(), input.number_of_bytes).map(|_| ())
    }

    fn authorise(cx: &mut Cx, input: &GenerateDataKeyWithoutPlaintextInput) -> Answer<()> {
        let asks = Asks::within(access::context(&input.encryption_context))
            .with("kms:EncryptionAlgorithm", Algorithm::Symmetric.name());
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, NAME, &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(
        cx: &mut Cx,
        input: GenerateDataKeyWithoutPlaintextInput,
    ) -> Answer<GenerateDataKeyWithoutPlaintextOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GenerateDataKeyWithoutPlaintext)?;
        let bytes = bytes(input.key_spec.as_deref(), input.number_of_bytes)?;
        let context = access::context(&input.encryption_context);
        let (_plaintext, sealed) = generate(cx, &key, bytes, context, NAME)?;
        Ok(GenerateDataKeyWithoutPlaintextOutput {
            ciphertext_blob: Some(Blob(sealed.ciphertext)),
            key_id: Some(key.arn()),
            key_material_id: Some(sealed.material_id),
        })
    }

    fn request_parameters(input: &GenerateDataKeyWithoutPlaintextInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::NAME;
    use crate::testing::{Bench, unb64};
    use serde_json::{Value, json};

    #[test]
    fn a_volume_s_data_key_is_made_and_recorded_as_ebs_does() {
        let bench = Bench::new();
        let context = json!({"aws:ebs:id": "vol-0123456789abcdef0"});
        let input = json!({"KeyId": "alias/aws/ebs", "NumberOfBytes": 64, "EncryptionContext": context});
        let made = bench.ok_as(&bench.through_ec2(), NAME, input);
        assert_eq!(made["Plaintext"], Value::Null);
        let record = bench.last_record(NAME).body;
        assert_eq!(
            record["requestParameters"],
            json!({"keyId": "alias/aws/ebs", "numberOfBytes": 64, "encryptionContext": context})
        );
        assert_eq!(record["responseElements"], Value::Null);
        assert_eq!(record["additionalEventData"], json!({"keyMaterialId": made["KeyMaterialId"]}));
        assert_eq!(record["readOnly"], true);
        assert_eq!(record["resources"][0]["ARN"], made["KeyId"]);
        assert_eq!(record["userIdentity"]["invokedBy"], "ec2-frontend-api.amazonaws.com");
        let input = json!({"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": context});
        let opened = bench.ok_as(&bench.through_ec2(), "Decrypt", input);
        assert_eq!(unb64(&opened["Plaintext"]).len(), 64);
    }

    #[test]
    fn size_key_and_state_are_checked_as_for_generate_data_key() {
        let bench = Bench::new();
        let key = bench.create_key();
        let text = "Please specify either number of bytes or key spec.";
        bench.refused(NAME, json!({"KeyId": key.id}), "ValidationException", text);
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let message = format!("{} key usage is GENERATE_VERIFY_MAC which is not valid for {NAME}.", hmac.arn);
        let input = json!({"KeyId": hmac.id, "NumberOfBytes": 64});
        bench.refused(NAME, input, "InvalidKeyUsageException", &message);
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        let message = format!("{} is pending deletion.", key.arn);
        let input = json!({"KeyId": key.id, "NumberOfBytes": 64});
        bench.refused(NAME, input, "KMSInvalidStateException", &message);
    }

    #[test]
    fn a_denied_call_shows_neither_parameters_nor_resources() {
        let bench = Bench::new();
        let key = bench.create_key();
        let input = json!({"KeyId": key.arn, "NumberOfBytes": 64});
        let (_, body) = bench.call_as(&bench.ec2(), NAME, input);
        assert_eq!(body["__type"], "AccessDeniedException");
        let record = bench.last_record(NAME).body;
        assert_eq!(record["errorCode"], "AccessDenied");
        assert_eq!((&record["requestParameters"], &record["resources"]), (&Value::Null, &Value::Null));
    }
}
