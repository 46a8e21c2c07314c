//! CancelKeyDeletion: PendingDeletion → Disabled, never Enabled (a key without material goes back to PendingImport).
//!
//! Needs `kms:CancelKeyDeletion` on the key. Source: KMS API Reference, CancelKeyDeletion.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::material;
use api::{Action, Answer, Cx};
use rules::key_state::{self, KeyChange, KeyOrigin};
use wire::generated::kms::{CancelKeyDeletion as Op, CancelKeyDeletionInput, CancelKeyDeletionOutput};

pub struct CancelKeyDeletion;

impl Action for CancelKeyDeletion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:CancelKeyDeletion";

    fn authorise(cx: &mut Cx, input: &CancelKeyDeletionInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "CancelKeyDeletion", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: CancelKeyDeletionInput) -> Answer<CancelKeyDeletionOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        let now = cx.now();
        let complete = material::survey(cx.tx, &mut key, now)?;
        let change = KeyChange::CancelDeletion { material: complete || key.origin != KeyOrigin::External };
        key.state = key_state::after(change, key.state, key.origin).map_err(|no| no.refusal(&key.arn()))?;
        (key.deletion_date, key.pending_window_days, key.reminded) = (None, None, None);
        cx.tx.put(&key)?;
        Ok(CancelKeyDeletionOutput { key_id: Some(key.arn()) })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::{Value, json};

    fn state(bench: &Bench, id: &str) -> Value {
        let metadata = bench.ok("DescribeKey", json!({"KeyId": id}))["KeyMetadata"].clone();
        assert_eq!(metadata["DeletionDate"], Value::Null);
        metadata["KeyState"].clone()
    }

    #[test]
    fn a_saved_key_is_disabled_and_one_without_material_still_waits() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
        assert_eq!(bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}))["KeyId"], json!(key.arn));
        assert_eq!(state(&bench, &key.id), "Disabled");
        bench.ok("EnableKey", json!({"KeyId": key.id}));
        let external = bench.create_key_with(json!({"Origin": "EXTERNAL"}));
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": external.id}));
        bench.ok("CancelKeyDeletion", json!({"KeyId": external.id}));
        assert_eq!(state(&bench, &external.id), "PendingImport");
    }

    #[test]
    fn a_key_that_is_not_to_be_deleted_is_refused() {
        let bench = Bench::new();
        let key = bench.create_key();
        let message = format!("{} is not pending deletion (or pending replica deletion).", key.arn);
        bench.refused("CancelKeyDeletion", json!({"KeyId": key.id}), "KMSInvalidStateException", &message);
        bench.ok("DisableKey", json!({"KeyId": key.id}));
        bench.refused("CancelKeyDeletion", json!({"KeyId": key.id}), "KMSInvalidStateException", &message);
    }
}
