//! EnableKey: Disabled → Enabled. Enabling an enabled key is fine. A rotation whose day came while the key was disabled runs now.
//!
//! Needs `kms:EnableKey` on the key; not for AWS managed keys. Takes key ids and key ARNs, no aliases.
//! Source: KMS API Reference, EnableKey.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::rows::RotationType;
use crate::{material, rotation};
use api::{Action, Answer, Cx};
use rules::key_state::{self, KeyChange};
use wire::generated::kms::{EnableKey as Op, EnableKeyInput, EnableKeyOutput};

pub struct EnableKey;

impl Action for EnableKey {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:EnableKey";

    fn authorise(cx: &mut Cx, input: &EnableKeyInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "EnableKey", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: EnableKeyInput) -> Answer<EnableKeyOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.state = key_state::after(KeyChange::Enable, key.state, key.origin)
            .map_err(|no| no.refusal(&key.arn()))?;
        let now = cx.now();
        if rotation::is_due(&key, now) && material::is_primary(cx.tx, &key)? {
            rotation::rotate(cx.door, cx.tx, key, RotationType::Automatic, now)?;
        } else {
            cx.tx.put(&key)?;
        }
        Ok(EnableKeyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn enabling_brings_a_disabled_key_back() {
        let bench = Bench::new();
        let key = bench.create_key();
        let encrypt = || json!({"KeyId": key.id, "Plaintext": "eA=="});
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        bench.ok("EnableKey", json!({"KeyId": key.arn}));
        bench.ok("EnableKey", json!({"KeyId": key.arn}));
        bench.ok("Encrypt", encrypt());
        let metadata = bench.ok("DescribeKey", json!({"KeyId": key.id}))["KeyMetadata"].clone();
        assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("Enabled"), &json!(true)));
    }

    #[test]
    fn a_key_that_is_to_be_deleted_or_waits_for_material_is_not_enabled() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        let message = format!("{} is pending deletion.", key.arn);
        bench.refused("EnableKey", json!({"KeyId": key.id}), "KMSInvalidStateException", &message);
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        let message = format!("{} is pending import.", external.arn);
        bench.refused("EnableKey", json!({"KeyId": external.id}), "KMSInvalidStateException", &message);
    }
}
