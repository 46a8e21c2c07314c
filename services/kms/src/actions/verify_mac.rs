//! VerifyMac: whether a MAC is that of this message under an HMAC key. Needs an enabled key.
//!
//! Needs `kms:VerifyMac` on the key. A MAC that does not verify is refused (KMSInvalidMacException), so the answer's `MacValid`
//! is always true. Source: KMS API Reference, VerifyMac.

use super::generate_mac::algorithm;
use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{crypto, grants, material};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::Input;
use wire::generated::kms::{VerifyMac as Op, VerifyMacInput, VerifyMacOutput};

pub struct VerifyMac;

impl Action for VerifyMac {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:VerifyMac";
    const KEYS: &'static [&'static str] = &["kms:MacAlgorithm", "kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &VerifyMacInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:MacAlgorithm", &input.mac_algorithm);
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "VerifyMac", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: VerifyMacInput) -> Answer<VerifyMacOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::VerifyMac)?;
        let algorithm = algorithm(&key, &input.mac_algorithm, "VerifyMac")?;
        let (material_id, material) = material::current(cx, &key)?;
        crypto::note_material(cx, &material_id);
        let valid = algorithm
            .verify(key.spec, &material, input.message.expose(), &input.mac.0)
            .map_err(|e| Fault::caused(format!("verifying a MAC with {}", key.arn()), e))?;
        if !valid {
            return Err(Refusal::new("KMSInvalidMacException", "")
                .because("the MAC does not verify: it is damaged, or of another message or key")
                .into());
        }
        Ok(VerifyMacOutput {
            key_id: Some(key.arn()),
            mac_valid: Some(true),
            mac_algorithm: Some(algorithm.name().to_owned()),
        })
    }

    fn request_parameters(input: &VerifyMacInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::json;

    #[test]
    fn only_the_whole_mac_of_this_message_and_key_is_valid() {
        let bench = Bench::new();
        let make =
            || bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let (key, other) = (make(), make());
        let algorithm = "HMAC_SHA_256";
        let made = bench.ok(
            "GenerateMac",
            json!({"KeyId": key.id, "Message": b64(b"message"), "MacAlgorithm": algorithm}),
        );
        let good = unb64(&made["Mac"]);
        let input = |id: &str, message: &[u8], mac: &[u8]| json!({"KeyId": id, "Message": b64(message), "MacAlgorithm": algorithm, "Mac": b64(mac)});
        let answer = bench.ok("VerifyMac", input(&key.id, b"message", &good));
        assert_eq!(answer, json!({"KeyId": key.arn, "MacValid": true, "MacAlgorithm": algorithm}));
        let mut damaged = good.clone();
        damaged[31] ^= 0x80;
        for bad in [
            input(&key.id, b"Message", &good),
            input(&other.id, b"message", &good),
            input(&key.id, b"message", &damaged),
            input(&key.id, b"message", &good[..31]),
            input(&key.id, b"message", &[&good[..], &[0]].concat()),
        ] {
            bench.refused("VerifyMac", bad, "KMSInvalidMacException", "");
        }
        assert!(bench.last_record("VerifyMac").reason.unwrap().contains("another message or key"));
    }

    #[test]
    fn other_keys_and_algorithms_are_refused() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let sign = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
        let input = |id: &str, algorithm: &str| json!({"KeyId": id, "Message": b64(b"m"), "MacAlgorithm": algorithm, "Mac": b64(&[1; 64])});
        let message = "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.";
        bench.refused("VerifyMac", input(&key.id, "HMAC_SHA_512"), "InvalidKeyUsageException", message);
        let message = format!("{} key usage is SIGN_VERIFY which is not valid for VerifyMac.", sign.arn);
        bench.refused("VerifyMac", input(&sign.id, "HMAC_SHA_256"), "InvalidKeyUsageException", &message);
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        let message = format!("{} is pending deletion.", key.arn);
        bench.refused("VerifyMac", input(&key.id, "HMAC_SHA_256"), "KMSInvalidStateException", &message);
    }
}
