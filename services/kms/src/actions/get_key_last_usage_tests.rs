//! Tests of `get_key_last_usage`.

use crate::testing::Bench;
use serde_json::{Value, json};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn last(bench: &Bench, id: &str) -> Value {
    bench.ok("GetKeyLastUsage", json!({"KeyId": id}))
}

#[test]
fn the_last_use_that_succeeded_is_told_from_the_trail() {
    let bench = Bench::new();
    let (key, other) = (bench.create_key(), bench.create_key());
    let unused = last(&bench, &key.id);
    assert_eq!(unused["KeyLastUsage"], Value::Null);
    assert_eq!(unused["TrackingStartDate"], unused["KeyCreationDate"]);
    let blob = bench.encrypt(&key.id);
    let told = last(&bench, &key.id)["KeyLastUsage"].clone();
    let record = bench.last_record("Encrypt");
    assert_eq!(told["Operation"], "Encrypt");
    assert_eq!(told["CloudTrailEventId"], json!(record.event_id));
    assert_eq!(told["KmsRequestId"], json!(record.request_id));
    assert!(bench.decrypts(&blob));
    assert_eq!(last(&bench, &key.id)["KeyLastUsage"]["Operation"], "Decrypt");
    assert_eq!(last(&bench, &other.id)["KeyLastUsage"], Value::Null);
    // Both keys of a ReEncrypt were used.
    bench.ok("ReEncrypt", json!({"CiphertextBlob": blob, "DestinationKeyId": other.id}));
    for id in [&key.id, &other.id] {
        assert_eq!(last(&bench, id)["KeyLastUsage"]["Operation"], "ReEncrypt");
    }
}

#[test]
fn managing_a_key_and_refusals_are_no_use_of_it() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.encrypt(&key.id);
    bench.ok("DescribeKey", json!({"KeyId": key.id}));
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    let message = format!("{} is disabled.", key.arn);
    let encrypt = json!({"KeyId": key.id, "Plaintext": "eA=="});
    bench.refused("Encrypt", encrypt, "DisabledException", &message);
    let told = last(&bench, &key.id)["KeyLastUsage"].clone();
    let first = bench.records("Encrypt").into_iter().min_by_key(|record| record.time).unwrap();
    assert_eq!(told["CloudTrailEventId"], json!(first.event_id));
}

#[test]
fn what_is_older_than_the_event_history_is_not_told() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.encrypt(&key.id);
    bench.clock.advance(DAY * 89);
    assert_eq!(last(&bench, &key.id)["KeyLastUsage"]["Operation"], "Encrypt");
    bench.clock.advance(DAY * 2);
    let told = last(&bench, &key.id);
    assert_eq!(told["KeyLastUsage"], Value::Null);
    assert_ne!(told["TrackingStartDate"], told["KeyCreationDate"]);
}
