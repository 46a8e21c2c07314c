//! Tests of ReplicateKey.

use crate::testing::{ACCOUNT, Bench};
use serde_json::{Value, json};

const NAME: &str = "ReplicateKey";
const AWAY: &str = "eu-west-1";

fn input(key: &str, region: &str) -> Value {
    json!({"KeyId": key, "ReplicaRegion": region})
}

#[test]
fn the_replica_has_id_and_material_of_its_primary_and_all_else_of_its_own() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({"Description": "primary"}), &[]);
    let tags = json!([{"TagKey": "t", "TagValue": "v"}]);
    let mut call = input(&key.id, AWAY);
    (call["Tags"], call["Description"]) = (tags.clone(), json!("replica"));
    let answer = bench.ok(NAME, call);
    let (primary, replica) = (bench.described_in("us-east-1", &key.id), bench.described_in(AWAY, &key.id));
    let shown = &answer["ReplicaKeyMetadata"];
    assert_eq!((&shown["KeyState"], &shown["Enabled"]), (&json!("Creating"), &json!(false)));
    assert_eq!((&replica["KeyState"], &replica["Enabled"]), (&json!("Enabled"), &json!(true)));
    assert_eq!(shown["Arn"], json!(key.arn.replace("us-east-1", AWAY)));
    assert_eq!((&replica["Description"], &answer["ReplicaTags"]), (&json!("replica"), &tags));
    assert_eq!(bench.ok_in(AWAY, "ListResourceTags", json!({"KeyId": key.id}))["Tags"], tags);
    for same in ["KeyId", "KeySpec", "KeyUsage", "Origin", "CurrentKeyMaterialId"] {
        assert_eq!(primary[same], replica[same], "{same}");
    }
    let policy: Value = serde_json::from_str(answer["ReplicaPolicy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Id"], "key-default-1");
    let family = |kind| {
        json!({
            "MultiRegionKeyType": kind,
            "PrimaryKey": {"Arn": key.arn, "Region": "us-east-1"},
            "ReplicaKeys": [{"Arn": key.arn.replace("us-east-1", AWAY), "Region": AWAY}],
        })
    };
    assert_eq!(primary["MultiRegionConfiguration"], family("PRIMARY"));
    assert_eq!(replica["MultiRegionConfiguration"], family("REPLICA"));
    assert_eq!(bench.rows(), (2, 2, 0, 0));
}

#[test]
fn only_primaries_are_replicated_and_once_to_each_region() {
    let bench = Bench::new();
    let single = bench.create_key();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    let replica = key.arn.replace("us-east-1", AWAY);
    let unsupported = "UnsupportedOperationException";
    let message = format!("{} is not a multi-region primary key.", single.arn);
    bench.refused(NAME, input(&single.id, AWAY), unsupported, &message);
    let message = format!("{replica} is not a multi-region primary key.");
    bench.refused_in(AWAY, NAME, input(&key.id, "us-west-2"), unsupported, &message);
    for (region, arn) in [(AWAY, &replica), ("us-east-1", &key.arn)] {
        let message = format!("Key {arn} already exists.");
        bench.refused(NAME, input(&key.id, region), "AlreadyExistsException", &message);
    }
    let message = "The Region eu-west-9 is not valid.";
    bench.refused(NAME, input(&key.id, "eu-west-9"), "ValidationException", message);
    let (_, body) = bench.call_as(&bench.root(), NAME, input(&key.id, "EU"));
    assert_eq!(body["__type"], "ValidationException");
    bench.refused(NAME, input("alias/x", AWAY), "NotFoundException", "Invalid keyId 'alias/x'");
    assert_eq!(bench.rows(), (3, 3, 0, 0));
}

#[test]
fn state_policy_and_tags_are_checked_and_a_refused_call_leaves_nothing() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[]);
    let with = |member: &str, value: Value| {
        let mut call = input(&key.id, AWAY);
        call[member] = value;
        call
    };
    let tag = json!({"TagKey": "a", "TagValue": "b"});
    bench.refused(NAME, with("Tags", json!([tag, tag])), "TagException", "Duplicate tag keys");
    for policy in ["{}", "no policy"] {
        let (_, body) = bench.call_as(&bench.root(), NAME, with("Policy", json!(policy)));
        assert_eq!(body["__type"], "MalformedPolicyDocumentException", "{policy}");
    }
    let locks_out = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "kms:Encrypt",
        "Resource": "*",
    }]});
    let (_, body) = bench.call_as(&bench.root(), NAME, with("Policy", json!(locks_out.to_string())));
    assert_eq!(body["__type"], "MalformedPolicyDocumentException");
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    let message = format!("{} is disabled.", key.arn);
    bench.refused(NAME, input(&key.id, AWAY), "DisabledException", &message);
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
    let message = format!("{} is pending deletion.", key.arn);
    bench.refused(NAME, input(&key.id, AWAY), "KMSInvalidStateException", &message);
    let external = bench.multi_region_key(json!({"Origin": "EXTERNAL"}), &[]);
    let message = format!("{} is pending import.", external.arn);
    bench.refused(NAME, input(&external.id, AWAY), "KMSInvalidStateException", &message);
    assert_eq!(bench.rows(), (2, 1, 0, 0));
}

#[test]
fn both_permissions_are_needed() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[]);
    let allow = |actions: Value| json!([{"Effect": "Allow", "Action": actions, "Resource": "*"}]);
    let refused = |name: &str, statements: Value, missing: &str| {
        let user = bench.user(ACCOUNT, name, statements);
        let (_, body) = bench.call_as(&user, NAME, input(&key.id, AWAY));
        assert_eq!(body["__type"], "AccessDeniedException", "{body}");
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.contains(&format!("not authorized to perform: {missing} on")), "{message}");
    };
    refused("none", json!([]), "kms:ReplicateKey");
    refused("create", allow(json!("kms:CreateKey")), "kms:ReplicateKey");
    refused("replicate", allow(json!("kms:ReplicateKey")), "kms:CreateKey");
    let elsewhere = json!([
        {"Effect": "Allow", "Action": ["kms:ReplicateKey", "kms:CreateKey"], "Resource": "*"},
        {"Effect": "Deny", "Action": "kms:ReplicateKey", "Resource": "*",
         "Condition": {"StringEquals": {"kms:ReplicaRegion": AWAY}}},
    ]);
    refused("elsewhere", elsewhere, "kms:ReplicateKey");
    let both = bench.user(ACCOUNT, "both", allow(json!(["kms:ReplicateKey", "kms:CreateKey"])));
    let mut tagged = input(&key.id, AWAY);
    tagged["Tags"] = json!([{"TagKey": "a", "TagValue": "b"}]);
    let (_, body) = bench.call_as(&both, NAME, tagged);
    assert!(body["message"].as_str().unwrap().contains("kms:TagResource"), "{body}");
    bench.ok_as(&both, NAME, input(&key.id, AWAY));
}
