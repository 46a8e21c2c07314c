//! Rotation, driven by a simulated clock: on demand, by itself, caught up, listed.

use super::*;
use crate::testing::{Bench, text};
use crate::upkeep;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

fn current(bench: &Bench, id: &str) -> String {
    text(&bench.metadata(id)["CurrentKeyMaterialId"])
}

fn list(bench: &Bench, id: &str, more: Value) -> Vec<Value> {
    let mut input = json!({"KeyId": id});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    bench.ok("ListKeyRotations", input)["Rotations"].as_array().unwrap().clone()
}

#[test]
fn every_older_material_still_decrypts_and_the_arn_stays() {
    let bench = Bench::new();
    let key = bench.create_key();
    let mut blobs = vec![bench.encrypt(&key.id)];
    let mut seen = BTreeSet::from([current(&bench, &key.id)]);
    for _ in 0..25 {
        assert_eq!(bench.ok("RotateKeyOnDemand", json!({"KeyId": key.arn}))["KeyId"], json!(key.id));
        assert!(seen.insert(current(&bench, &key.id)), "another material each time");
        blobs.push(bench.encrypt(&key.id));
    }
    assert!(blobs.iter().all(|blob| bench.decrypts(blob)));
    assert_eq!(bench.metadata(&key.id)["Arn"], json!(key.arn));
    let message = format!(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for \
         this key: {}",
        key.arn
    );
    bench.refused("RotateKeyOnDemand", json!({"KeyId": key.id}), "LimitExceededException", &message);
}

#[test]
fn an_enabled_key_rotates_on_its_day_and_not_before() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 90}));
    let status = bench.ok("GetKeyRotationStatus", json!({"KeyId": key.id}));
    assert_eq!((&status["KeyRotationEnabled"], &status["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    let (first, blob) = (current(&bench, &key.id), bench.encrypt(&key.id));
    bench.clock.advance(DAY * 90 - Duration::from_secs(1));
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(rotate_due(&bench.door).unwrap(), 1);
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
    let second = current(&bench, &key.id);
    assert_ne!(first, second);
    assert!(bench.decrypts(&blob));
    let record = bench.last_record("RotateKey");
    assert_eq!(
        record.body["serviceEventDetails"],
        json!({
            "keyId": key.id, "rotationType": "AUTOMATIC", "keyOrigin": "AWS_KMS",
            "previousKeyMaterialId": first, "currentKeyMaterialId": second,
        })
    );
    assert_eq!((record.body["eventType"].clone(), record.read_only), (json!("AwsServiceEvent"), false));
    assert_eq!(bench.events("KMS CMK Rotation")[0].detail, json!({"key-id": key.id}));
    let next = bench.ok("GetKeyRotationStatus", json!({"KeyId": key.id}))["NextRotationDate"].clone();
    let days = (next.as_f64().unwrap() - bench.door.env.clock.now().secs() as f64) / 86_400.0;
    assert!((days - 90.0).abs() < 0.01, "{days}");
}

#[test]
fn a_server_that_was_off_rotates_when_it_is_back() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id}));
    let first = current(&bench, &key.id);
    bench.clock.advance(DAY * (365 + 400));
    upkeep::run(&bench.door).unwrap();
    assert_ne!(current(&bench, &key.id), first);
    assert_eq!(rotate_due(&bench.door).unwrap(), 0, "once, not once per year missed");
}

#[test]
fn a_disabled_key_waits_and_catches_up_when_it_is_enabled() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 100}));
    let first = current(&bench, &key.id);
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    bench.clock.advance(DAY * 120);
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
    assert_eq!(current(&bench, &key.id), first);
    bench.ok("EnableKey", json!({"KeyId": key.id}));
    assert_ne!(current(&bench, &key.id), first);
    assert_eq!(list(&bench, &key.id, json!({}))[0]["RotationType"], "AUTOMATIC");
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
    // Not due: enabling rotates nothing.
    let second = current(&bench, &key.id);
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    bench.ok("EnableKey", json!({"KeyId": key.id}));
    assert_eq!(current(&bench, &key.id), second);
}

#[test]
fn a_key_that_is_to_be_deleted_does_not_rotate() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 90}));
    bench.clock.advance(DAY * 89);
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    bench.clock.advance(DAY * 3);
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
}

#[test]
fn rotation_can_be_stopped_and_its_period_changed() {
    let bench = Bench::new();
    let key = bench.create_key();
    let status = || bench.ok("GetKeyRotationStatus", json!({"KeyId": key.id}));
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id}));
    assert_eq!(status()["RotationPeriodInDays"], 365);
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 2560}));
    assert_eq!(status()["RotationPeriodInDays"], 2560);
    bench.ok("DisableKeyRotation", json!({"KeyId": key.id}));
    assert_eq!(status(), json!({"KeyId": key.id, "KeyRotationEnabled": false}));
    bench.clock.advance(DAY * 2600);
    assert_eq!(rotate_due(&bench.door).unwrap(), 0);
    for days in [89, 2561, 0, -1] {
        let input = json!({"KeyId": key.id, "RotationPeriodInDays": days});
        let (_, body) = bench.call_as(&bench.root(), "EnableKeyRotation", input);
        assert_eq!(body["__type"], "ValidationException", "{days}: {body}");
    }
}

#[test]
fn on_demand_leaves_the_day_and_avoids_it() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.ok("EnableKeyRotation", json!({"KeyId": key.id, "RotationPeriodInDays": 90}));
    let next = || bench.ok("GetKeyRotationStatus", json!({"KeyId": key.id}))["NextRotationDate"].clone();
    let planned = next();
    bench.clock.advance(DAY * 30);
    bench.ok("RotateKeyOnDemand", json!({"KeyId": key.id}));
    assert_eq!(next(), planned);
    bench.clock.advance(DAY * 60 - Duration::from_secs(19 * 60));
    let (_, body) = bench.call_as(&bench.root(), "RotateKeyOnDemand", json!({"KeyId": key.id}));
    assert_eq!(body["__type"], "ConflictException");
}

#[test]
fn managed_keys_rotate_every_year_and_cannot_be_told_to() {
    let bench = Bench::new();
    let id = text(&bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"]);
    let first = current(&bench, &id);
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand"] {
        let (_, body) = bench.call_as(&bench.root(), operation, json!({"KeyId": id}));
        assert_eq!(body["__type"], "AccessDeniedException", "{operation}");
    }
    bench.clock.advance(DAY * 366);
    assert_eq!(rotate_due(&bench.door).unwrap(), 1);
    assert_ne!(current(&bench, &id), first);
}

#[test]
fn rotations_are_listed_with_their_materials_and_in_pages() {
    let bench = Bench::new();
    let key = bench.create_key();
    let mut materials = vec![current(&bench, &key.id)];
    for _ in 0..4 {
        bench.ok("RotateKeyOnDemand", json!({"KeyId": key.id}));
        materials.push(current(&bench, &key.id));
    }
    let ids =
        |entries: &[Value]| -> Vec<String> { entries.iter().map(|e| text(&e["KeyMaterialId"])).collect() };
    let rotations = list(&bench, &key.id, json!({}));
    assert_eq!(ids(&rotations), materials[1..]);
    let states: Vec<&Value> = rotations.iter().map(|e| &e["KeyMaterialState"]).collect();
    assert_eq!(states, ["NON_CURRENT", "NON_CURRENT", "NON_CURRENT", "CURRENT"]);
    assert!(rotations.iter().all(|e| e["RotationType"] == "ON_DEMAND" && e["RotationDate"].is_number()));
    assert!(rotations.iter().all(|e| e["ImportState"].is_null() && e["ExpirationModel"].is_null()));
    let all = list(&bench, &key.id, json!({"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}));
    assert_eq!(ids(&all), materials);
    assert_eq!((&all[0]["RotationDate"], &all[0]["RotationType"]), (&Value::Null, &Value::Null));
    let mut paged = vec![];
    let mut marker = Value::Null;
    loop {
        let mut input = json!({"KeyId": key.id, "Limit": 3, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"});
        if !marker.is_null() {
            input["Marker"] = marker;
        }
        let page = bench.ok("ListKeyRotations", input);
        paged.extend(page["Rotations"].as_array().unwrap().clone());
        marker = page["NextMarker"].clone();
        assert_eq!(page["Truncated"], json!(!marker.is_null()));
        if marker.is_null() {
            break;
        }
    }
    assert_eq!(ids(&paged), materials);
    let bad = json!({"KeyId": key.id, "Marker": "x"});
    let (_, body) = bench.call_as(&bench.root(), "ListKeyRotations", bad);
    assert_eq!(body["__type"], "InvalidMarkerException");
}

#[test]
fn imported_materials_are_listed_with_what_became_of_them() {
    let bench = Bench::new();
    let key = bench.external();
    let all = || list(&bench, &key.id, json!({"IncludeKeyMaterial": "ALL_KEY_MATERIAL"}));
    assert!(all().is_empty());
    let first = bench.import(&key.id, &[1; 32], json!({}));
    let until = bench.in_seconds(1000);
    let new = json!({
        "ImportType": "NEW_KEY_MATERIAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until,
    });
    let second = bench.import(&key.id, &[2; 32], new);
    let entries = all();
    let shown = |entry: &Value| {
        json!([
            entry["KeyMaterialId"],
            entry["KeyMaterialState"],
            entry["ImportState"],
            entry["ExpirationModel"]
        ])
    };
    assert_eq!(shown(&entries[0]), json!([first, "CURRENT", "IMPORTED", "KEY_MATERIAL_DOES_NOT_EXPIRE"]));
    assert_eq!(shown(&entries[1]), json!([second, "PENDING_ROTATION", "IMPORTED", "KEY_MATERIAL_EXPIRES"]));
    assert_eq!(entries[1]["ValidTo"], until);
    bench.ok("RotateKeyOnDemand", json!({"KeyId": key.id}));
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id, "KeyMaterialId": first}));
    let entries = all();
    assert_eq!(shown(&entries[0]), json!([first, "NON_CURRENT", "PENDING_IMPORT", null]));
    assert_eq!(shown(&entries[1]), json!([second, "CURRENT", "IMPORTED", "KEY_MATERIAL_EXPIRES"]));
    // Material that waits and expires was never used: nothing of it stays, and the key goes on.
    let other = bench.external();
    bench.import(&other.id, &[1; 32], json!({}));
    let new = json!({
        "ImportType": "NEW_KEY_MATERIAL", "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ValidTo": bench.in_seconds(60),
    });
    bench.import(&other.id, &[2; 32], new);
    bench.clock.advance(Duration::from_secs(61));
    let message = format!("No available key material pending rotation for the key: {}.", other.arn);
    bench.refused("RotateKeyOnDemand", json!({"KeyId": other.id}), "KMSInvalidStateException", &message);
    upkeep::run(&bench.door).unwrap();
    assert_eq!(bench.metadata(&other.id)["KeyState"], "Enabled");
    assert_eq!(list(&bench, &other.id, json!({"IncludeKeyMaterial": "ALL_KEY_MATERIAL"})).len(), 1);
}

#[test]
fn keys_that_have_no_rotation_say_so() {
    let bench = Bench::new();
    let hmac = bench.create_key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    let pair = bench.create_key_with(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}));
    let unsupported = "UnsupportedOperationException";
    for id in [&hmac.id, &pair.id] {
        for operation in ["EnableKeyRotation", "DisableKeyRotation", "RotateKeyOnDemand", "ListKeyRotations"]
        {
            bench.refused(operation, json!({"KeyId": id}), unsupported, "");
        }
    }
    let external = bench.external();
    let message = format!("{} origin is EXTERNAL which is not valid for this operation.", external.arn);
    for operation in ["EnableKeyRotation", "DisableKeyRotation", "GetKeyRotationStatus"] {
        bench.refused(operation, json!({"KeyId": external.id}), unsupported, &message);
    }
}
