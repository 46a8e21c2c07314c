//! GenerateMac: the HMAC of a message of 1 to 4,096 bytes under an HMAC key. Needs an enabled key.
//!
//! Needs `kms:GenerateMac` on the key. Source: KMS API Reference, GenerateMac.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rows::Key;
use crate::usage::{self, KeyUsage};
use crate::{crypto, grants, material};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use keys::MacAlgorithm;
use rules::key_state::KeyOperation;
use serde_json::Value;
use wire::generated::kms::{GenerateMac as Op, GenerateMacInput, GenerateMacOutput};
use wire::{Blob, Input};

pub struct GenerateMac;

impl Action for GenerateMac {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GenerateMac";
    const KEYS: &'static [&'static str] = &["kms:MacAlgorithm", "kms:RequestAlias"];

    fn authorise(cx: &mut Cx, input: &GenerateMacInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:MacAlgorithm", &input.mac_algorithm);
        access::key(cx, &input.key_id, Accepts::KeyOrAlias, "GenerateMac", &asks)?;
        grants::check_tokens(cx, &input.grant_tokens)
    }

    fn handle(cx: &mut Cx, input: GenerateMacInput) -> Answer<GenerateMacOutput> {
        let key = find::key(cx, &input.key_id, Accepts::KeyOrAlias)?;
        key.check(KeyOperation::GenerateMac)?;
        let algorithm = algorithm(&key, &input.mac_algorithm, "GenerateMac")?;
        let (material_id, material) = material::current(cx, &key)?;
        crypto::note_material(cx, &material_id);
        let mac = algorithm
            .make(key.spec, &material, input.message.expose())
            .map_err(|e| Fault::caused(format!("making a MAC with {}", key.arn()), e))?;
        Ok(GenerateMacOutput {
            mac: Some(Blob(mac)),
            mac_algorithm: Some(algorithm.name().to_owned()),
            key_id: Some(key.arn()),
        })
    }

    fn request_parameters(input: &GenerateMacInput) -> Value {
        crypto::shown_parameters(input.trail(), &[])
    }
}

/// The algorithm of a request, if it is the key's.
pub(super) fn algorithm(key: &Key, named: &str, operation: &str) -> Result<MacAlgorithm, Refusal> {
    usage::require(key, KeyUsage::GenerateVerifyMac, operation)?;
    MacAlgorithm::parse(named)
        .filter(|algorithm| algorithm.fits(key.spec))
        .ok_or_else(|| usage::incompatible(named, key.spec))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, b64, unb64};
    use serde_json::{Value, json};

    fn input(key: &str, algorithm: &str) -> Value {
        json!({"KeyId": key, "Message": b64(b"message"), "MacAlgorithm": algorithm})
    }

    #[test]
    fn the_mac_of_each_spec_has_its_length_and_is_always_the_same() {
        let bench = Bench::new();
        for (bits, bytes) in [(224, 28), (256, 32), (384, 48), (512, 64)] {
            let spec = format!("HMAC_{bits}");
            let key = bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"}));
            let algorithm = format!("HMAC_SHA_{bits}");
            let answer = bench.ok("GenerateMac", input(&key.id, &algorithm));
            assert_eq!(unb64(&answer["Mac"]).len(), bytes);
            assert_eq!((&answer["KeyId"], &answer["MacAlgorithm"]), (&json!(key.arn), &json!(algorithm)));
            assert_eq!(bench.ok("GenerateMac", input(&key.arn, &algorithm)), answer);
        }
    }

    #[test]
    fn other_algorithms_usages_states_and_lengths_are_refused() {
        let bench = Bench::new();
        let mac = bench.create_key_with(json!({"KeySpec": "HMAC_224", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        for algorithm in ["HMAC_SHA_256", "HMAC_SHA_512"] {
            let message = format!("Algorithm {algorithm} is incompatible with key spec HMAC_224.");
            bench.refused("GenerateMac", input(&mac.id, algorithm), "InvalidKeyUsageException", &message);
        }
        let symmetric = bench.create_key();
        let message =
            format!("{} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.", symmetric.arn);
        bench.refused(
            "GenerateMac",
            input(&symmetric.id, "HMAC_SHA_256"),
            "InvalidKeyUsageException",
            &message,
        );
        for bad in [
            input(&mac.id, "INVALID"),
            json!({"KeyId": mac.id, "Message": "", "MacAlgorithm": "HMAC_SHA_224"}),
            json!({"KeyId": mac.id, "Message": b64(&[0; 4097]), "MacAlgorithm": "HMAC_SHA_224"}),
        ] {
            let (_, body) = bench.call_as(&bench.root(), "GenerateMac", bad);
            assert_eq!(body["__type"], "ValidationException");
        }
        let mut dry = input(&mac.id, "HMAC_SHA_224");
        dry["DryRun"] = json!(true);
        let would = "The request would have succeeded, but the DryRun option is set.";
        bench.refused("GenerateMac", dry, "DryRunOperationException", would);
        bench.ok("DisableKey", json!({"KeyId": mac.id}));
        let message = format!("{} is disabled.", mac.arn);
        bench.refused("GenerateMac", input(&mac.id, "HMAC_SHA_224"), "DisabledException", &message);
    }

    #[test]
    fn the_record_shows_neither_message_nor_mac() {
        let bench = Bench::new();
        let key = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        bench.ok("GenerateMac", input(&key.id, "HMAC_SHA_256"));
        let record = bench.last_record("GenerateMac").body;
        assert_eq!(record["requestParameters"], json!({"keyId": key.id, "macAlgorithm": "HMAC_SHA_256"}));
        assert_eq!(record["responseElements"], Value::Null);
    }
}
