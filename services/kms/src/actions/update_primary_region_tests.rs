//! Tests of UpdatePrimaryRegion.

use crate::testing::{ACCOUNT, Bench};
use serde_json::{Value, json};

const NAME: &str = "UpdatePrimaryRegion";
const HOME: &str = "us-east-1";
const AWAY: &str = "eu-west-1";
const FAR: &str = "ap-southeast-2";

fn input(key: &str, region: &str) -> Value {
    json!({"KeyId": key, "PrimaryRegion": region})
}

#[test]
fn primary_and_replica_change_places_and_rotation_goes_along() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY, FAR]);
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 200}));
    assert_eq!(bench.ok(NAME, input(&key.id, AWAY)), json!({}));
    let member = |region: &str| json!({"Arn": key.arn.replace(HOME, region), "Region": region});
    for (region, kind) in [(HOME, "REPLICA"), (AWAY, "PRIMARY"), (FAR, "REPLICA")] {
        let shown = bench.described_in(region, &key.id);
        assert_eq!(
            shown["MultiRegionConfiguration"],
            json!({
                "MultiRegionKeyType": kind,
                "PrimaryKey": member(AWAY),
                "ReplicaKeys": [member(HOME), member(FAR)],
            }),
            "{region}"
        );
        assert_eq!(shown["KeyState"], "Enabled");
        let rotation = bench.ok_in(region, "GetKeyRotationStatus", json!({"KeyId": key.id}));
        assert_eq!(rotation["RotationPeriodInDays"], 200, "{region}");
    }
    // The new primary does what only a primary may, and the old one no longer.
    bench.ok_in(AWAY, "RotateKeyOnDemand", json!({"KeyId": key.id}));
    let message = format!("{} is not a multi-region primary key.", key.arn);
    bench.refused(NAME, input(&key.id, FAR), "UnsupportedOperationException", &message);
    let call = json!({"KeyId": key.id, "ReplicaRegion": "us-west-2"});
    bench.refused("ReplicateKey", call, "UnsupportedOperationException", &message);
    // The old primary may now be deleted without waiting for anybody.
    assert_eq!(bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}))["KeyState"], "PendingDeletion");
}

#[test]
fn regions_without_a_usable_replica_are_refused() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    let single = bench.create_key();
    let message = format!("{} is not a multi-region primary key.", single.arn);
    bench.refused(NAME, input(&single.id, AWAY), "UnsupportedOperationException", &message);
    let message = format!("Key '{}' does not exist", key.arn.replace(HOME, FAR));
    bench.refused(NAME, input(&key.id, FAR), "NotFoundException", &message);
    let (_, body) = bench.call_as(&bench.root(), NAME, input(&key.id, HOME));
    assert_eq!(body["__type"], "UnsupportedOperationException");
    let message = "The Region eu-west-9 is not valid.";
    bench.refused(NAME, input(&key.id, "eu-west-9"), "ValidationException", message);

    let replica = key.arn.replace(HOME, AWAY);
    bench.ok_in(AWAY, "DisableKey", json!({"KeyId": key.id}));
    bench.refused(NAME, input(&key.id, AWAY), "DisabledException", &format!("{replica} is disabled."));
    bench.ok_in(AWAY, "ScheduleKeyDeletion", json!({"KeyId": key.id}));
    let message = format!("{replica} is pending deletion.");
    bench.refused(NAME, input(&key.id, AWAY), "KMSInvalidStateException", &message);
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    let message = format!("{} is disabled.", key.arn);
    bench.refused(NAME, input(&key.id, AWAY), "DisabledException", &message);
    let primary = bench.described_in(HOME, &key.id)["MultiRegionConfiguration"]["PrimaryKey"].clone();
    assert_eq!(primary["Region"], HOME);
}

#[test]
fn the_permission_is_needed_on_both_keys() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    for (name, resource) in [("home", key.arn.clone()), ("away", key.arn.replace(HOME, AWAY))] {
        let allow = json!([{"Effect": "Allow", "Action": "kms:UpdatePrimaryRegion", "Resource": resource}]);
        let user = bench.user(ACCOUNT, name, allow);
        let (_, body) = bench.call_as(&user, NAME, input(&key.id, AWAY));
        assert_eq!(body["__type"], "AccessDeniedException", "{name}: {body}");
    }
    let allow = json!([{"Effect": "Allow", "Action": "kms:UpdatePrimaryRegion", "Resource": "*"}]);
    let user = bench.user(ACCOUNT, "both", allow);
    bench.ok_as(&user, NAME, input(&key.id, AWAY));
}
