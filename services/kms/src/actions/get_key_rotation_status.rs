//! GetKeyRotationStatus: whether a symmetric key of ours rotates by itself. Customer keys do not (EnableKeyRotation comes later);
//! AWS managed keys do, every year.
//!
//! Needs `kms:GetKeyRotationStatus` on the key. EXTERNAL, asymmetric and HMAC keys are refused.
//! Source: KMS API Reference, GetKeyRotationStatus.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_access::KeyManager;
use rules::key_state::KeyOperation;
use wire::generated::kms::{
    GetKeyRotationStatus as Op, GetKeyRotationStatusInput, GetKeyRotationStatusOutput,
};

/// Days between rotations of AWS managed keys.
const YEAR_DAYS: i32 = 365;

pub struct GetKeyRotationStatus;

impl Action for GetKeyRotationStatus {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GetKeyRotationStatus";

    fn authorise(cx: &mut Cx, input: &GetKeyRotationStatusInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "GetKeyRotationStatus", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: GetKeyRotationStatusInput) -> Answer<GetKeyRotationStatusOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::GetKeyRotationStatus)?;
        if !key.is_symmetric() {
            return Err(Refusal::new("UnsupportedOperationException", "")
                .because(format!("{} is not a symmetric encryption key", key.arn()))
                .into());
        }
        let rotates = key.manager == KeyManager::Aws;
        Ok(GetKeyRotationStatusOutput {
            key_rotation_enabled: Some(rotates),
            key_id: Some(key.key_id),
            rotation_period_in_days: rotates.then_some(YEAR_DAYS),
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn customer_keys_do_not_rotate_and_managed_keys_do() {
        let bench = Bench::new();
        let key = bench.create_key();
        let answer = bench.ok("GetKeyRotationStatus", json!({"KeyId": key.arn}));
        assert_eq!(answer, json!({"KeyId": key.id, "KeyRotationEnabled": false}));
        let managed =
            bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"].clone();
        let answer = bench.ok("GetKeyRotationStatus", json!({"KeyId": managed}));
        assert_eq!(
            (&answer["KeyRotationEnabled"], &answer["RotationPeriodInDays"]),
            (&json!(true), &json!(365))
        );
    }

    #[test]
    fn keys_that_cannot_rotate_are_refused() {
        let bench = Bench::new();
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        let message = format!("{} origin is EXTERNAL which is not valid for this operation.", external.arn);
        let input = json!({"KeyId": external.id});
        bench.refused("GetKeyRotationStatus", input, "UnsupportedOperationException", &message);
        let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
        let input = json!({"KeyId": hmac.id});
        bench.refused("GetKeyRotationStatus", input, "UnsupportedOperationException", "");
    }
}
