//! ScheduleKeyDeletion: any state → PendingDeletion for 7 to 30 days (default 30), then the key is gone for good.
//!
//! A multi-Region primary with replicas → PendingReplicaDeletion until they are gone; then its window begins.
//!
//! Needs `kms:ScheduleKeyDeletion` on the key; not for AWS managed keys. Aliases and grants stay until the end. The trail record
//! and an event, which comes again every day of the window, say what depends on the key.
//! Source: KMS API Reference, ScheduleKeyDeletion.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::{deletion, material};
use api::{Action, Answer, Cx};
use base::Refusal;
use rules::key_state::{self, KeyChange};
use serde_json::json;
use std::time::Duration;
use wire::generated::kms::{ScheduleKeyDeletion as Op, ScheduleKeyDeletionInput, ScheduleKeyDeletionOutput};

const DAYS_MIN: i32 = 7;
const DAYS_MAX: i32 = 30;
const DAY: Duration = Duration::from_secs(86_400);

pub struct ScheduleKeyDeletion;

impl Action for ScheduleKeyDeletion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:ScheduleKeyDeletion";
    const KEYS: &'static [&'static str] = &["kms:ScheduleKeyDeletionPendingWindowInDays"];

    fn check(input: &ScheduleKeyDeletionInput) -> Result<(), Refusal> {
        let days = days(input);
        let constraint = match days {
            ..DAYS_MIN => format!("greater than or equal to {DAYS_MIN}"),
            DAYS_MIN..=DAYS_MAX => return Ok(()),
            _ => format!("less than or equal to {DAYS_MAX}"),
        };
        Err(Refusal::new(
            "ValidationException",
            format!(
                "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member \
                 must have value {constraint}"
            ),
        ))
    }

    fn authorise(cx: &mut Cx, input: &ScheduleKeyDeletionInput) -> Answer<()> {
        let asks =
            Asks::nothing().with("kms:ScheduleKeyDeletionPendingWindowInDays", days(input).to_string());
        access::key(cx, &input.key_id, Accepts::Key, "ScheduleKeyDeletion", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: ScheduleKeyDeletionInput) -> Answer<ScheduleKeyDeletionOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        let family = material::family(cx.tx, &key)?;
        let replicas = family.is_some_and(|f| f.primary == key.region && !f.replicas.is_empty());
        let change = KeyChange::ScheduleDeletion { replicas };
        key.state = key_state::after(change, key.state, key.origin).map_err(|no| no.refusal(&key.arn()))?;
        let days = days(&input);
        let ends = cx.now().plus(DAY * days.unsigned_abs());
        key.deletion_date = (!replicas).then_some(ends);
        key.pending_window_days = Some(days);
        key.reminded = None;
        let now = cx.now();
        let used = deletion::tell(cx.door, cx.tx, &mut key, now)?;
        cx.tx.put(&key)?;
        cx.trail.additional.insert("reason".into(), json!(used.told()));
        cx.trail.additional.insert("dependants".into(), used.value());
        Ok(ScheduleKeyDeletionOutput {
            key_id: Some(key.arn()),
            deletion_date: key.deletion_date,
            key_state: Some(key.state.name().to_owned()),
            pending_window_in_days: Some(days),
        })
    }
}

fn days(input: &ScheduleKeyDeletionInput) -> i32 {
    input.pending_window_in_days.unwrap_or(DAYS_MAX)
}

#[cfg(test)]
mod tests {
    use crate::testing::Bench;
    use serde_json::json;

    #[test]
    fn the_key_is_out_of_use_until_its_day() {
        let bench = Bench::new();
        let key = bench.create_key();
        let blob =
            bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="}))["CiphertextBlob"].clone();
        let answer = bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
        assert_eq!(answer["KeyId"], json!(key.arn));
        assert_eq!(
            (&answer["KeyState"], &answer["PendingWindowInDays"]),
            (&json!("PendingDeletion"), &json!(7))
        );
        let metadata = bench.ok("DescribeKey", json!({"KeyId": key.id}))["KeyMetadata"].clone();
        assert_eq!(metadata["DeletionDate"], answer["DeletionDate"]);
        let message = format!("{} is pending deletion.", key.arn);
        for (operation, input) in [
            ("Decrypt", json!({"CiphertextBlob": blob})),
            ("ScheduleKeyDeletion", json!({"KeyId": key.id})),
            ("TagResource", json!({"KeyId": key.id, "Tags": [{"TagKey": "a", "TagValue": "b"}]})),
            ("CreateAlias", json!({"AliasName": "alias/x", "TargetKeyId": key.id})),
            ("UpdateKeyDescription", json!({"KeyId": key.id, "Description": "x"})),
        ] {
            bench.refused(operation, input, "KMSInvalidStateException", &message);
        }
    }

    #[test]
    fn the_window_is_7_to_30_days_and_30_by_default() {
        let bench = Bench::new();
        let key = bench.create_key();
        for (days, words) in [(6, "'6'"), (31, "'31'"), (1, "'1'"), (365, "'365'")] {
            let (_, body) = bench.call_as(
                &bench.root(),
                "ScheduleKeyDeletion",
                json!({"KeyId": key.id, "PendingWindowInDays": days}),
            );
            assert!(body["message"].as_str().unwrap().contains(words), "{body}");
            assert_eq!(body["__type"], "ValidationException");
        }
        assert_eq!(bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}))["PendingWindowInDays"], 30);
    }
}
