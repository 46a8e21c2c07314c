//! Tests of StartSnapshot.

use crate::testing::{Bench, OTHER};
use ec2::rows::{Settings, Share, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};
use std::time::Duration;

const MISSING: &str = "snap-0123456789abcdef0";

fn by_default(bench: &Bench, key: Option<String>) {
    bench.write(&Settings {
        account: bench.root().account,
        region: bench.region(),
        encryption_by_default: true,
        default_key: key,
        block_public_access: "unblocked".into(),
    });
}

#[test]
fn the_answer_as_the_wire_has_it() {
    let bench = Bench::new();
    let key = bench.key();
    let input = json!({
        "VolumeSize": 3, "KmsKeyArn": key, "Description": "by hand", "Timeout": 10,
        "Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}],
    });
    let got = bench.start(input);
    let row = bench.all::<Snapshot>().remove(0);
    assert_eq!(
        got.json(),
        json!({
            "Description": "by hand", "SnapshotId": row.id, "OwnerId": "111122223333", "Status": "pending",
            "StartTime": row.started.millis() as f64 / 1000.0, "VolumeSize": 3, "BlockSize": 524288,
            "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
            "KmsKeyArn": key, "SseType": "sse-kms",
        })
    );
    assert_eq!(got.status, 201);
    assert_eq!((row.volume.as_str(), row.progress, row.state), ("vol-ffffffff", 0, SnapshotState::Pending));
    assert_eq!(row.encryption.unwrap().context_id, row.id);
}

#[test]
fn the_trail_shows_the_call_and_hides_the_key() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
    let trail = bench.trail();
    let record = |name: &str| trail.iter().rfind(|r| r.event_name == name).unwrap().body.clone();
    let own = record("StartSnapshot");
    assert_eq!(own["responseElements"]["kmsKeyArn"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(own["responseElements"]["snapshotId"], json!(id));
    assert!(!own.to_string().contains(&key) && own["readOnly"] == false);
    let made = record("GenerateDataKey");
    assert_eq!(
        made["requestParameters"],
        json!({"keyId": key, "numberOfBytes": 64, "encryptionContext": {"aws:ebs:id": id}})
    );
    assert_eq!(made["userIdentity"]["invokedBy"], "ebs.amazonaws.com");
    assert_eq!(bench.kms_calls(), ["GenerateDataKey"]);
}

#[test]
fn every_row_of_the_outcome_table_is_followed() {
    let bench = Bench::new();
    let (given, default) = (bench.key(), bench.key());
    let plain = bench.written(json!({"VolumeSize": 1}), &[]);
    let secret = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": given}), &[]);
    let key_of = |got: &Value| got["KmsKeyArn"].as_str().unwrap_or("none").to_owned();
    let refused = "ValidationException";
    for on in [false, true] {
        if on {
            by_default(&bench, Some(default.clone()));
        }
        let managed = if on { default.clone() } else { String::new() };
        let cases: [(Value, &str); 12] = [
            (json!({"ParentSnapshotId": plain}), if on { refused } else { "none" }),
            (json!({"ParentSnapshotId": plain, "Encrypted": false}), refused),
            (json!({"ParentSnapshotId": plain, "Encrypted": true}), refused),
            (json!({"ParentSnapshotId": plain, "KmsKeyArn": given}), refused),
            (json!({"ParentSnapshotId": secret}), &given),
            (json!({"ParentSnapshotId": secret, "Encrypted": true}), refused),
            (json!({"ParentSnapshotId": secret, "KmsKeyArn": given}), refused),
            (json!({}), if on { &managed } else { "none" }),
            (json!({"KmsKeyArn": given}), &given),
            (json!({"Encrypted": true, "KmsKeyArn": given}), &given),
            (json!({"Encrypted": false}), if on { refused } else { "none" }),
            (json!({"Encrypted": false, "KmsKeyArn": given}), refused),
        ];
        for (mut input, expected) in cases {
            input["VolumeSize"] = json!(1);
            let got = bench.start(input.clone());
            let told = if got.status == 201 { key_of(&got.json()) } else { got.refusal().1 };
            assert_eq!(told, expected, "{input} by default {on}");
        }
    }
    let got = bench.start(json!({"VolumeSize": 1, "Encrypted": false, "KmsKeyArn": given}));
    assert_eq!(got.json()["Message"], "Encrypt cannot be false when KmsKeyArn is specified");
    assert_eq!(got.refusal().2, "INVALID_PARAMETER_VALUE");
}

#[test]
fn the_managed_key_is_named_to_kms_by_its_alias() {
    let bench = Bench::new();
    bench.started(json!({"VolumeSize": 1, "Encrypted": true}));
    let record = bench.trail().into_iter().rfind(|r| r.event_name == "GenerateDataKey").unwrap();
    assert_eq!(record.body["requestParameters"]["keyId"], "alias/aws/ebs");
}

#[test]
fn a_child_has_its_parents_lineage_and_data_key_bound_to_itself() {
    let bench = Bench::new();
    let key = bench.key();
    let parent = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[(0, 1)]);
    let before = bench.kms_calls().len();
    let child = bench.started(json!({"VolumeSize": 2, "ParentSnapshotId": parent}));
    assert_eq!(bench.kms_calls()[before..], ["ReEncrypt"]);
    let (one, two) = (bench.row(&parent), bench.row(&child));
    assert_eq!(one.lineage, two.lineage);
    assert_eq!((two.base.as_deref(), two.base_at), (Some(format!("us-east-1/{parent}").as_str()), one.at));
    let open =
        |row: &Snapshot| bench.storage.key_of(&bench.door, &bench.root(), row.encryption.as_ref().unwrap());
    assert_eq!(open(&bench.row(&parent)), open(&bench.row(&child)));
    assert_eq!(bench.row(&child).encryption.unwrap().context_id, child);
    let alone = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
    assert_ne!(bench.row(&alone).lineage, one.lineage);
}

#[test]
fn a_parent_must_be_there_completed_for_the_caller_and_not_larger() {
    let bench = Bench::new();
    let pending = bench.started(json!({"VolumeSize": 1}));
    let large = bench.written(json!({"VolumeSize": 2}), &[]);
    for (parent, status, code, word) in [
        (MISSING, 404, "ResourceNotFoundException", "SNAPSHOT_NOT_FOUND"),
        ("vol-0123456789abcdef0", 400, "ValidationException", "INVALID_SNAPSHOT_ID"),
        (&pending, 400, "ValidationException", "INVALID_SNAPSHOT_ID"),
        (&large, 400, "ValidationException", "INVALID_VOLUME_SIZE"),
    ] {
        let got = bench.start(json!({"VolumeSize": 1, "ParentSnapshotId": parent}));
        assert_eq!(got.refusal(), (status, code.into(), word.into()), "{parent}");
    }
    let small = bench.written(json!({"VolumeSize": 1}), &[]);
    let theirs = json!({"VolumeSize": 1, "ParentSnapshotId": small});
    let stranger = bench.root_of(OTHER);
    assert_eq!(bench.start_as(&stranger, &theirs).status, 404);
    bench.write(&Share {
        region: bench.region(),
        with: OTHER.into(),
        snapshot: small,
        owner: bench.root().account,
    });
    assert_eq!(bench.start_as(&stranger, &theirs).status, 201);
}

#[test]
fn bad_requests_are_refused_before_anything_is_made() {
    let bench = Bench::new();
    let tag = |key: &str| json!([{"Key": key, "Value": "x"}]);
    for (input, word) in [
        (json!({}), ""),
        (json!({"VolumeSize": 0}), ""),
        (json!({"VolumeSize": -1}), ""),
        (json!({"VolumeSize": 65537}), "INVALID_VOLUME_SIZE"),
        (json!({"VolumeSize": 5_000_000_000_i64}), "INVALID_VOLUME_SIZE"),
        (json!({"VolumeSize": 1, "Timeout": 9}), ""),
        (json!({"VolumeSize": 1, "Timeout": 4321}), ""),
        (json!({"VolumeSize": 1, "ClientToken": "x".repeat(256)}), ""),
        (json!({"VolumeSize": 1, "Description": "x".repeat(256)}), ""),
        (json!({"VolumeSize": 1, "KmsKeyArn": "alias/aws/ebs"}), "INVALID_CUSTOMER_KEY"),
        (
            json!({"VolumeSize": 1, "KmsKeyArn": "1234abcd-12ab-34cd-56ef-1234567890ab"}),
            "INVALID_CUSTOMER_KEY",
        ),
        (json!({"VolumeSize": 1, "Tags": tag("aws:x")}), "INVALID_TAG"),
        (json!({"VolumeSize": 1, "Tags": tag("")}), "INVALID_TAG"),
        (json!({"VolumeSize": 1, "ParentSnapshotId": "snap-x"}), "INVALID_SNAPSHOT_ID"),
    ] {
        let got = bench.start(input.clone());
        assert_eq!(got.refusal(), (400, "ValidationException".into(), word.into()), "{input}");
    }
    assert!(bench.all::<Snapshot>().is_empty());
    assert!(bench.start(json!({"VolumeSize": 65536, "Timeout": 4320})).status == 201);
}

#[test]
fn a_key_that_cannot_be_used_is_refused_at_once() {
    let bench = Bench::new();
    let key = bench.key();
    bench.kms("DisableKey", json!({"KeyId": key}));
    let hmac = bench.kms("CreateKey", json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    let hmac = hmac["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let arn = |region: &str, account: &str| format!("arn:aws:kms:{region}:{account}:key/{id}");
    for (key, status, code, word) in [
        (key.clone(), 400, "ValidationException", "INVALID_CUSTOMER_KEY"),
        (hmac, 400, "ValidationException", "INVALID_CUSTOMER_KEY"),
        (arn("eu-west-1", "111122223333"), 400, "ValidationException", "INVALID_CUSTOMER_KEY"),
        (arn("us-east-1", "111122223333"), 404, "ResourceNotFoundException", "DEPENDENCY_RESOURCE_NOT_FOUND"),
        (arn("us-east-1", OTHER), 403, "AccessDeniedException", "DEPENDENCY_ACCESS_DENIED"),
    ] {
        let got = bench.start(json!({"VolumeSize": 1, "KmsKeyArn": key}));
        assert_eq!(got.refusal(), (status, code.into(), word.into()), "{key}");
    }
    // A default key that went bad is found out by KMS only.
    by_default(&bench, Some(key));
    let got = bench.start(json!({"VolumeSize": 1}));
    assert_eq!(got.refusal(), (400, "ValidationException".into(), "INVALID_CUSTOMER_KEY".into()));
    assert!(bench.all::<Snapshot>().is_empty());
}

#[test]
fn a_client_token_makes_one_snapshot() {
    let bench = Bench::new();
    let key = bench.key();
    let input = json!({"VolumeSize": 1, "ClientToken": "t", "KmsKeyArn": key});
    let first = bench.start(input.clone());
    assert_eq!(bench.start(input).json(), first.json());
    assert_eq!((bench.all::<Snapshot>().len(), bench.kms_calls().len()), (1, 1));
    let other = bench.key();
    for other in [
        json!({"VolumeSize": 2, "ClientToken": "t", "KmsKeyArn": key}),
        json!({"VolumeSize": 1, "ClientToken": "t", "KmsKeyArn": other}),
        json!({"VolumeSize": 1, "ClientToken": "t"}),
        json!({"VolumeSize": 1, "ClientToken": "t", "KmsKeyArn": key, "Timeout": 60}),
    ] {
        assert_eq!(
            bench.start(other.clone()).refusal(),
            (409, "ConflictException".into(), String::new()),
            "{other}"
        );
    }
    assert_eq!(
        bench.start_as(&bench.root_of(OTHER), &json!({"VolumeSize": 2, "ClientToken": "t"})).status,
        201
    );
    assert_ne!(bench.started(json!({"VolumeSize": 1, "ClientToken": "u"})), first.json()["SnapshotId"]);
}

#[test]
fn a_hundred_snapshots_may_be_pending_in_an_account_and_region() {
    let bench = Bench::new();
    let first = bench.started(json!({"VolumeSize": 1}));
    let row = bench.row(&first);
    for n in 1..100 {
        bench.write(&Snapshot { id: format!("snap-{n:017x}"), ..row.clone() });
    }
    let got = bench.start(json!({"VolumeSize": 1}));
    assert_eq!(got.refusal(), (400, "ConcurrentLimitExceededException".into(), String::new()));
    assert_eq!(bench.start_as(&bench.root_of(OTHER), &json!({"VolumeSize": 1})).status, 201);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.complete_with(&first, 0, None).status, 202);
    bench.run();
    assert_eq!(bench.start(json!({"VolumeSize": 1})).status, 201);
}

#[test]
fn nobody_but_the_root_may() {
    let bench = Bench::new();
    let got = bench.start_as(&bench.session(), &json!({"VolumeSize": 1}));
    assert_eq!(got.refusal().1, "AccessDeniedException");
    let record = bench.trail().into_iter().rfind(|r| r.event_name == "StartSnapshot").unwrap();
    assert!(record.reason.unwrap().contains("ebs:StartSnapshot on arn:aws:ec2:us-east-1::snapshot/*"));
}
