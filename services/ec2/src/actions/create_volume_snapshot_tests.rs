//! CreateVolume from snapshots: which key, which bytes, which calls to KMS, and what can go wrong.

use crate::rows::Snapshot;
use crate::testing::{Bench, OTHER, encoded, texts};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};

const ZONE: &str = "&AvailabilityZone=us-east-1a";
const REENCRYPTED: [&str; 5] =
    ["ReEncrypt", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt", "Decrypt"];

fn call(snapshot: &Snapshot, more: &str) -> String {
    format!("CreateVolume{ZONE}&SnapshotId={}{more}", snapshot.id)
}

fn create(bench: &Bench, snapshot: &Snapshot, more: &str) -> String {
    let body = bench.ok(&call(snapshot, more));
    let id = texts(&body, "volumeId").remove(0);
    assert_eq!(texts(&body, "snapshotId"), [snapshot.id.as_str()]);
    assert_eq!(texts(&body, "status"), ["creating"]);
    bench.run();
    id
}

/// KMS calls since the last look.
fn calls_since(bench: &Bench, before: usize) -> Vec<String> {
    bench.kms_calls().split_off(before)
}

fn retired(calls: &[&str]) -> Vec<String> {
    calls.iter().chain(&["RetireGrant"]).map(|c| (*c).to_owned()).collect()
}

#[test]
fn a_plain_snapshot_gives_a_plain_volume_that_takes_its_bytes_over() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(2);
    let volume = create(&bench, &snapshot, "");
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.size_gib, row.encryption.is_none()), (2, true));
    assert_eq!(row.lineage, snapshot.lineage);
    assert_eq!(bench.host.stores.lock().unwrap()[&volume].source, snapshot.at);
    assert_eq!(bench.kms_calls(), [""; 0]);
    let source = row.source.unwrap();
    assert!(!source.loading && source.progress == 100, "{source:?}");
    assert_eq!(bench.told(&volume), ["createVolume available", "initializeVolume succeeded"]);
    bench.assert_tidy();
}

#[test]
fn an_own_encrypted_snapshot_keeps_its_key_with_one_call_to_kms() {
    let bench = Bench::new();
    let (snapshot, key) = bench.encrypted_snapshot();
    for more in ["".to_owned(), "&Encrypted=true".into(), format!("&Encrypted=true&KmsKeyId={key}")] {
        let before = bench.kms_calls().len();
        let body = bench.ok(&call(&snapshot, &more));
        assert_eq!(texts(&body, "kmsKeyId"), [key.as_str()], "{more}");
        let volume = texts(&body, "volumeId").remove(0);
        bench.run();
        assert_eq!(calls_since(&bench, before), ["ReEncrypt"], "{more}");
        let row = bench.row(&volume).unwrap();
        assert_eq!((&row.lineage, row.size_gib), (&snapshot.lineage, 1));
        let encryption = row.encryption.unwrap();
        assert_eq!((&encryption.key_arn, &encryption.context_id), (&key, &volume));
        assert_ne!(encryption.wrapped_key, snapshot.encryption.as_ref().unwrap().wrapped_key);
        let store = bench.host.stores.lock().unwrap()[&volume].clone();
        assert_eq!(
            (store.source, store.encryption.unwrap().wrapped_key),
            (snapshot.at.clone(), encryption.wrapped_key.unwrap())
        );
        assert_eq!(bench.grants().len(), 0);
    }
    let record = bench.record("ReEncrypt");
    let source_context = json!({"aws:ebs:id": snapshot.volume});
    assert_eq!(record["requestParameters"]["sourceEncryptionContext"], source_context);
    assert_eq!(record["requestParameters"]["destinationKeyId"], json!(key));
    assert_eq!(record["requestParameters"]["sourceKeyId"], Value::Null, "not named in the request");
    assert_eq!(record["userIdentity"]["invokedBy"], "ec2-frontend-api.amazonaws.com");
    bench.assert_tidy();
}

#[test]
fn another_key_writes_the_data_anew_under_a_new_data_key() {
    let bench = Bench::new();
    let (snapshot, _) = bench.encrypted_snapshot();
    let (key, before) = (bench.key(), bench.kms_calls().len());
    let volume = create(&bench, &snapshot, &format!("&Encrypted=true&KmsKeyId={key}&Size=3"));
    assert_eq!(calls_since(&bench, before), retired(&REENCRYPTED));
    let row = bench.row(&volume).unwrap();
    assert_ne!(row.lineage, snapshot.lineage);
    assert_eq!((row.encryption.as_ref().unwrap().key_arn.as_str(), row.size_gib), (key.as_str(), 3));
    assert_eq!(bench.host.stores.lock().unwrap()[&volume].source, None);
    let source = row.source.unwrap();
    assert!(!source.loading && source.grant.is_none() && source.rewrapped_key.is_none(), "{source:?}");
    assert_eq!(bench.told(&volume), ["createVolume available"], "nothing is left to be loaded");
    let grant = bench.record("CreateGrant");
    assert_eq!(grant["requestParameters"]["granteePrincipal"], "ebs.amazonaws.com");
    assert_eq!(grant["requestParameters"]["retiringPrincipal"], "ebs.amazonaws.com");
    assert_eq!(grant["requestParameters"]["operations"], json!(["Decrypt"]));
    let context = json!({"encryptionContextSubset": {"aws:ebs:id": volume}});
    assert_eq!(grant["requestParameters"]["constraints"], context);
    let decrypt = bench.record("Decrypt");
    assert_eq!(decrypt["userIdentity"], json!({"type": "AWSService", "invokedBy": "ebs.amazonaws.com"}));
    bench.assert_tidy();
}

#[test]
fn a_plain_snapshot_is_encrypted_when_asked_or_by_default() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(1);
    let key = bench.key();
    bench.ok("EnableEbsEncryptionByDefault");
    for more in [
        "".to_owned(),
        "&Encrypted=false".into(),
        "&Encrypted=true".into(),
        format!("&Encrypted=true&KmsKeyId={key}"),
    ] {
        let before = bench.kms_calls().len();
        let body = bench.ok(&call(&snapshot, &more));
        let named = more.contains("KmsKeyId");
        assert_eq!(
            (texts(&body, "encrypted").remove(0).as_str(), texts(&body, "kmsKeyId").len()),
            ("true", usize::from(named)),
            "{more}"
        );
        let volume = texts(&body, "volumeId").remove(0);
        bench.run();
        let expected = retired(&["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"]);
        assert_eq!(calls_since(&bench, before), expected, "{more}");
        let row = bench.row(&volume).unwrap();
        assert_ne!(row.lineage, snapshot.lineage);
        assert_eq!(row.encryption.unwrap().key_arn == key, named, "{more}");
        assert_eq!(bench.host.stores.lock().unwrap()[&volume].source, None);
    }
    bench.assert_tidy();
}

#[test]
fn fast_snapshot_restore_loads_before_the_volume_is_available() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(1);
    bench.fast_restore(&snapshot, "us-east-1a", "enabled");
    bench.fast_restore(&snapshot, "us-east-1b", "optimizing");
    let volume = create(&bench, &snapshot, "");
    assert_eq!(bench.told(&volume), ["createVolume available"], "it was loaded before");
    let shown = bench.ok(&format!(
        "DescribeVolumes&VolumeId.1={volume}&Filter.1.Name=fast-restored&Filter.1.Value.1=true"
    ));
    assert_eq!(texts(&shown, "fastRestored"), ["true"]);
    assert!(bench.row(&volume).unwrap().source.is_some_and(|s| s.fast && !s.loading));
    let elsewhere = texts(
        &bench.ok(&format!("CreateVolume&AvailabilityZone=us-east-1b&SnapshotId={}", snapshot.id)),
        "volumeId",
    )
    .remove(0);
    bench.run();
    assert!(bench.row(&elsewhere).unwrap().source.is_some_and(|s| !s.fast), "not enabled in that zone yet");
    bench.assert_tidy();
}

#[test]
fn a_rate_is_kept_shown_and_told() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(1);
    let body = bench.ok(&call(&snapshot, "&VolumeInitializationRate=200"));
    assert_eq!(texts(&body, "volumeInitializationRate"), ["200"]);
    let volume = texts(&body, "volumeId").remove(0);
    let status = bench.ok(&format!("DescribeVolumeStatus&VolumeId.1={volume}"));
    for part in [
        "<name>initialization-state</name><status>initializing</status>",
        "<initializationType>provisioned-rate</initializationType>",
        "<progress>0</progress>",
        "<estimatedTimeToCompleteInSeconds>5</estimatedTimeToCompleteInSeconds>",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    bench.run();
    let status = bench.ok(&format!("DescribeVolumeStatus&VolumeId.1={volume}"));
    for part in [
        "<name>initialization-state</name><status>completed</status>",
        "<progress>100</progress>",
        "<estimatedTimeToCompleteInSeconds>0</estimatedTimeToCompleteInSeconds>",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
}

#[test]
fn what_is_wrong_with_snapshot_or_size_is_refused() {
    let bench = Bench::new();
    let (snapshot, key) = bench.encrypted_snapshot();
    let like = bench.row(&snapshot.volume).unwrap();
    let pending = bench.snapshot_like(&like, SnapshotState::Pending);
    let failed = bench.snapshot_like(&like, SnapshotState::Error);
    let foreign = {
        let body = bench.ok_as(OTHER, &format!("CreateVolume{ZONE}&Size=1"));
        bench.run();
        bench.completed_snapshot(&texts(&body, "volumeId").remove(0))
    };
    let big = bench.plain_snapshot(20);
    let brackets = "The parameter [KmsKeyId] requires the parameter Encrypted to be set.";
    let inconsistent =
        "EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]";
    let small = format!("Volume of size 19GB is smaller than  snapshot '{}', expect size >= 20GB", big.id);
    let before = bench.everything();
    for (call, code, message) in [
        (call(&pending, ""), "IncorrectState", "Snapshot is in invalid state - pending"),
        (
            call(&pending, "&Size=0"),
            "InvalidParameterValue",
            "Volume of 0GiB is too small for volume type gp2; minimum is 1GiB.",
        ),
        (call(&failed, ""), "IncorrectState", "Snapshot is in invalid state - error"),
        (call(&foreign, ""), "InvalidSnapshot.NotFound", "Snapshot does not exist"),
        (call(&snapshot, "&Encrypted=false"), "InvalidParameterCombination", inconsistent),
        (call(&snapshot, &format!("&KmsKeyId={key}")), "InvalidParameterDependency", brackets),
        (
            call(&snapshot, &format!("&KmsKeyId={key}&Encrypted=false")),
            "InvalidParameterDependency",
            brackets,
        ),
        (call(&big, "&Size=19"), "InvalidParameterValue", small.as_str()),
        (
            call(&big, "&VolumeInitializationRate=99"),
            "InvalidParameterValue",
            "Volume initialization rate of 99 MiB/s is invalid; it must be between 100 and 300 MiB/s.",
        ),
        (
            call(&big, "&VolumeType=st1"),
            "InvalidParameterValue",
            "Volume of 20GiB is too small for volume type st1; minimum is 125GiB.",
        ),
        (
            call(&big, "&VolumeType=io1&Iops=1001"),
            "InvalidParameterValue",
            "Iops to volume size ratio of 50.050000 is too high; maximum is 50.0.",
        ),
    ] {
        bench.refused(&call, code, message);
    }
    assert_eq!(bench.everything(), before);
    bench.ok(&call(&big, "&VolumeType=io1&Iops=1000"));
    bench.ok(&call(&big, "&VolumeType=st1&Size=125"));
}

#[test]
fn a_shared_snapshot_goes_to_the_default_key_and_its_owner_hears_of_it() {
    let bench = Bench::new();
    let snapshot = bench.plain_snapshot(1);
    bench.share(&snapshot, OTHER);
    let body = bench.ok_as(OTHER, &call(&snapshot, "&Encrypted=true"));
    assert_eq!(texts(&body, "kmsKeyId"), [""; 0]);
    bench.run();
    let row = bench.row(&texts(&body, "volumeId")[0]).unwrap();
    assert_eq!(row.account.as_str(), OTHER);
    assert!(row.encryption.unwrap().key_arn.starts_with(&format!("arn:aws:kms:us-east-1:{OTHER}:key/")));
    let record = bench.record("SharedSnapshotVolumeCreated");
    for (name, value) in [
        ("eventType", json!("AwsServiceEvent")),
        ("recipientAccountId", json!("111122223333")),
        ("serviceEventDetails", json!({"snapshotId": snapshot.id})),
        ("userIdentity", json!({"type": "AWSAccount", "accountId": OTHER, "invokedBy": "ec2.amazonaws.com"})),
    ] {
        assert_eq!(record[name], value, "{name}");
    }
    let told = |b: &Bench| b.trail().iter().filter(|r| r.event_name == "SharedSnapshotVolumeCreated").count();
    create(&bench, &snapshot, "");
    assert_eq!(told(&bench), 1, "the owner's own use is no news");
    bench.assert_tidy();
}

#[test]
fn a_bad_key_lets_the_volume_vanish_and_leaves_nothing() {
    let bench = Bench::new();
    let (encrypted, source_key) = bench.encrypted_snapshot();
    let plain = bench.plain_snapshot(1);
    let id = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    let target = bench.key();
    bench.kms("DisableKey", json!({"KeyId": id(&target)}));
    let none = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555";
    let hmac = bench.key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    for (key, trouble) in [
        (target.as_str(), "is disabled."),
        (none, "does not exist."),
        (hmac.as_str(), "is not a symmetric encryption key."),
        ("alias/none", "does not exist."),
    ] {
        for snapshot in [&encrypted, &plain] {
            let volume = create(&bench, snapshot, &format!("&Encrypted=true&KmsKeyId={}", encoded(key)));
            assert!(bench.row(&volume).is_none(), "{key}");
            let failure = bench.former(&volume).unwrap().failure.unwrap();
            assert!(failure.ends_with(trouble), "{key}: {failure}");
            let told = bench.told(&volume);
            assert_eq!(told, [format!("createVolume failed {failure}"), "deleteVolume deleted".into()]);
            bench.assert_tidy();
        }
    }
    // The snapshot's own key in trouble is named as the cause.
    bench.kms("DisableKey", json!({"KeyId": id(&source_key)}));
    for more in ["".to_owned(), format!("&Encrypted=true&KmsKeyId={}", bench.key())] {
        let volume = create(&bench, &encrypted, &more);
        assert_eq!(
            bench.former(&volume).unwrap().failure,
            Some(format!("{source_key} is disabled.")),
            "{more}"
        );
    }
    bench.assert_tidy();
}
