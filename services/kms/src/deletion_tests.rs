//! The end of keys, driven by a simulated clock.

use super::*;
use crate::dependants::{Dependants, DependantsHandle, KeyDependants, Listed};
use crate::rows::KeyMaterial;
use crate::testing::Bench;
use crate::upkeep;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

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

/// A service with two volumes and a snapshot under the key that it is given.
struct Encrypts(String);

impl KeyDependants for Encrypts {
    fn of(&self, _tx: &mut Tx, key_arn: &str) -> Answer<Dependants> {
        if key_arn != self.0 {
            return Ok(Dependants::default());
        }
        Ok(Dependants {
            volumes: Listed::of(vec!["vol-1".into(), "vol-2".into()]),
            snapshots: Listed::of(vec!["snap-1".into()]),
            images: Listed::default(),
        })
    }
}

/// A bench with a key under which something is encrypted.
fn with_dependants() -> (Bench, crate::testing::Made) {
    let bench = Bench::new();
    let key = bench.create_key();
    let Bench { door, clock, dir } = bench;
    let handle = DependantsHandle(Arc::new(Encrypts(key.arn.clone())));
    (Bench { door: door.with_dependency(Arc::new(handle)), clock, dir }, key)
}

#[test]
fn scheduling_tells_at_once_what_depends_on_the_key() {
    let (bench, key) = with_dependants();
    bench.grant_to_session(&key.id);
    bench.ok("CreateAlias", json!({"AliasName": "alias/doomed", "TargetKeyId": key.id}));
    let told = bench.with_cx(|cx| dependants::usage_of(cx, &key.arn).unwrap());
    assert_eq!(told.told(), "depending on the key: 2 volumes, 1 snapshot and 1 grant");
    assert_eq!(told.aliases.ids, ["alias/doomed"]);
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    let record = bench.last_record("ScheduleKeyDeletion");
    let additional = &record.body["additionalEventData"];
    assert_eq!(additional["reason"], "depending on the key: 2 volumes, 1 snapshot and 1 grant");
    assert_eq!(additional["dependants"]["volumes"]["ids"], json!(["vol-1", "vol-2"]));
    let events = bench.events(SCHEDULED);
    let (event, detail) = (events[0].envelope(), &events[0].detail);
    assert_eq!(
        (events.len(), &event["source"], &event["resources"]),
        (1, &json!("aws.kms"), &json!([key.arn]))
    );
    assert_eq!((&detail["key-id"], &detail["pending-window-in-days"]), (&json!(key.id), &json!(7)));
    assert_eq!(detail["dependants"]["snapshots"]["count"], 1);
    // A key that nothing depends on says so too.
    let idle = bench.create_key();
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": idle.id}));
    let record = bench.last_record("ScheduleKeyDeletion");
    assert_eq!(record.body["additionalEventData"]["reason"], "nothing known here depends on the key");
}

#[test]
fn the_event_comes_every_day_of_the_window_and_ends_with_it() {
    let (bench, key) = with_dependants();
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    for hour in (4..=24 * 8).step_by(4) {
        bench.clock.advance(Duration::from_secs(4 * 3600));
        upkeep::run(&bench.door).unwrap();
        let days = (hour / 24).min(6);
        assert_eq!(bench.events(SCHEDULED).len(), 1 + days, "hour {hour}");
    }
    assert_eq!(bench.events("KMS CMK Deletion")[0].resources, std::slice::from_ref(&key.arn));
    let record = bench.last_record("DeleteKey");
    assert_eq!(record.body["serviceEventDetails"], json!({"keyId": key.id}));
}

#[test]
fn a_cancelled_deletion_is_told_of_no_more_and_a_new_one_again() {
    let (bench, key) = with_dependants();
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}));
    bench.clock.advance(DAY * 2);
    upkeep::run(&bench.door).unwrap();
    assert_eq!(bench.events(SCHEDULED).len(), 1);
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    assert_eq!(bench.events(SCHEDULED).len(), 2);
    // A server that was off for days tells once.
    bench.clock.advance(DAY * 3);
    upkeep::run(&bench.door).unwrap();
    upkeep::run(&bench.door).unwrap();
    assert_eq!(bench.events(SCHEDULED).len(), 3);
}

/// Every file of the catalog: the main one, its log, what else there may be.
// The test looks at the real files behind the program's back.
#[allow(clippy::disallowed_methods)]
fn holds(bench: &Bench, bytes: &[u8]) -> bool {
    std::fs::read_dir(bench.dir.path()).unwrap().any(|entry| {
        let content = std::fs::read(entry.unwrap().path()).unwrap();
        content.windows(bytes.len()).any(|window| window == bytes)
    })
}

/// What the catalog keeps of each material of the key, as it stands on the disk, less what all of them begin with.
fn sealed(bench: &Bench, id: &str) -> Vec<Vec<u8>> {
    let all = bench.door.catalog.begin().unwrap().scan::<KeyMaterial>("", None, 10_000).unwrap();
    let ours = all.into_iter().filter(|material| material.key_id == id);
    ours.map(|material| hex::encode(material.sealed.get(12..).unwrap_or_default()).into_bytes()).collect()
}

#[test]
fn no_byte_of_destroyed_material_is_left_in_any_file_of_the_catalog() {
    let bench = Bench::new();
    let keys: Vec<String> = (0..40).map(|_| bench.create_key().id).collect();
    let mut doomed = vec![];
    for (i, id) in keys.iter().enumerate() {
        // Rows move between pages as they come and go.
        for _ in 0..i % 5 {
            bench.ok("RotateKeyOnDemand", json!({"KeyId": id}));
        }
        if i % 2 == 0 {
            doomed.extend(sealed(&bench, id));
            bench.ok("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": 7}));
        }
    }
    let kept = sealed(&bench, &keys[1]);
    assert!(doomed.len() > 40 && doomed.iter().all(|bytes| holds(&bench, bytes)), "they can be found");
    bench.clock.advance(DAY * 8);
    assert_eq!(destroy_due(&bench.door).unwrap(), 20);
    assert_eq!(scrubbing::run(&bench.door).unwrap(), 20);
    assert_eq!(scrubbing::run(&bench.door).unwrap(), 0);
    assert!(doomed.iter().all(|bytes| !holds(&bench, bytes)));
    assert!(kept.iter().all(|bytes| holds(&bench, bytes)), "and only they are gone");
}

#[test]
fn deleted_and_expired_imported_material_leaves_nothing_either() {
    let bench = Bench::new();
    let (deleted, expired) = (bench.external(), bench.external());
    bench.import(&deleted.id, &[1; 32], json!({}));
    let until = json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": bench.in_seconds(60)});
    bench.import(&expired.id, &[2; 32], until);
    let (one, two) = (sealed(&bench, &deleted.id), sealed(&bench, &expired.id));
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": deleted.id}));
    assert!(sealed(&bench, &deleted.id)[0].is_empty(), "out of the table at once");
    upkeep::run(&bench.door).unwrap();
    assert!(!holds(&bench, &one[0]) && holds(&bench, &two[0]));
    bench.clock.advance(Duration::from_secs(61));
    upkeep::run(&bench.door).unwrap();
    assert!(!holds(&bench, &two[0]));
}

#[test]
fn the_metadata_of_a_key_that_is_to_be_deleted_has_its_date() {
    let bench = Bench::new();
    let key = bench.create_key();
    let answer = bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 9}));
    let metadata = bench.metadata(&key.id);
    assert_eq!(metadata["DeletionDate"], answer["DeletionDate"]);
    assert_eq!(metadata["PendingDeletionWindowInDays"], Value::Null);
    assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("PendingDeletion"), &json!(false)));
    bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}));
    assert_eq!(bench.metadata(&key.id)["DeletionDate"], Value::Null);
}
