//! The end of keys, driven by a simulated clock.

use super::*;
use crate::testing::Bench;
use serde_json::json;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn nothing_is_left_of_a_key_after_its_window_and_everything_before() {
    let bench = Bench::new();
    let (doomed, kept) = (bench.create_key(), bench.create_key());
    bench.ok("CreateAlias", json!({"AliasName": "alias/doomed", "TargetKeyId": doomed.id}));
    bench.grant_to_session(&doomed.id);
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": doomed.id, "PendingWindowInDays": 7}));
    bench.clock.advance(DAY * 7 - Duration::from_secs(1));
    assert_eq!(destroy_due(&bench.door).unwrap(), 0);
    assert_eq!(bench.rows(), (2, 2, 1, 1));

    bench.clock.advance(Duration::from_secs(1));
    // Gone for callers at once, whether or not the sweep has run.
    let message = format!("Key '{}' does not exist", doomed.arn);
    bench.refused("DescribeKey", json!({"KeyId": doomed.id}), "NotFoundException", &message);
    bench.refused("CancelKeyDeletion", json!({"KeyId": doomed.id}), "NotFoundException", &message);
    assert_eq!(destroy_due(&bench.door).unwrap(), 1);
    assert_eq!(bench.rows(), (1, 1, 0, 0));
    assert_eq!(destroy_due(&bench.door).unwrap(), 0);
    bench.ok("DescribeKey", json!({"KeyId": kept.id}));
}

#[test]
fn a_cancelled_deletion_destroys_nothing() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}));
    bench.clock.advance(DAY * 8);
    assert_eq!(destroy_due(&bench.door).unwrap(), 0);
    assert_eq!(bench.rows(), (1, 1, 0, 0));
}
