//! GetKeyRotationStatus: whether a key rotates by itself, how often, and when next. AWS managed keys do, every year; asymmetric and
//! HMAC keys never do, which is an answer and no error: Terraform asks it of every key that it makes.
//!
//! Needs `kms:GetKeyRotationStatus` on the key. EXTERNAL keys are refused.
//! Source: KMS API Reference, GetKeyRotationStatus.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::material;
use crate::rows::{Key, Rotation};
use api::{Action, Answer, Cx};
use rules::key_access::KeyManager;
use rules::key_state::KeyOperation;
use rules::rotation::PERIOD_DAYS_DEFAULT;
use wire::generated::kms::{
    GetKeyRotationStatus as Op, GetKeyRotationStatusInput, GetKeyRotationStatusOutput,
};

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
        let managed = key.manager == KeyManager::Aws;
        // A related multi-Region key shows what is set at the primary.
        let set = match material::is_primary(cx.tx, &key)? {
            true => key.rotation,
            false => primary_rotation(cx, &key)?,
        };
        let period = set.as_ref().map(|rotation| rotation.period_days);
        Ok(GetKeyRotationStatusOutput {
            key_rotation_enabled: Some(set.is_some() || managed),
            key_id: Some(key.key_id),
            rotation_period_in_days: period.or(managed.then_some(PERIOD_DAYS_DEFAULT)),
            next_rotation_date: set.map(|rotation| rotation.next),
            // Rotations on demand take no time here, so none is ever under way.
            on_demand_rotation_start_date: None,
        })
    }
}

fn primary_rotation(cx: &mut Cx, key: &Key) -> Answer<Option<Rotation>> {
    let primary = material::family(cx.tx, key)?.map(|family| family.primary);
    let relatives = material::relatives(cx.tx, key)?;
    Ok(relatives.into_iter().find(|r| Some(&r.region) == primary.as_ref()).and_then(|r| r.rotation))
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
    fn external_keys_are_refused() {
        let bench = Bench::new();
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        let message = format!("{} origin is EXTERNAL which is not valid for this operation.", external.arn);
        let input = json!({"KeyId": external.id});
        bench.refused("GetKeyRotationStatus", input, "UnsupportedOperationException", &message);
    }

    #[test]
    fn keys_that_never_rotate_say_so() {
        let bench = Bench::new();
        for more in [
            json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
            json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
        ] {
            let key = bench.create_key_with(more);
            let answer = bench.ok("GetKeyRotationStatus", json!({"KeyId": key.id}));
            assert_eq!(answer, json!({"KeyId": key.id, "KeyRotationEnabled": false}));
        }
    }
}
