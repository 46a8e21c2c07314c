//! RunInstances whose mappings name snapshots, keys or nothing: the same outcomes as CreateVolume, in the words of a launch.

use crate::rows::{Snapshot, Volume};
use crate::testing::{Bench, OTHER, texts};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::json;

fn launch(snapshot: &Snapshot, more: &str) -> String {
    let more: String =
        more.split('&').filter(|m| !m.is_empty()).map(|m| format!("&BlockDeviceMapping.1.Ebs.{m}")).collect();
    format!(
        "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&BlockDeviceMapping.1.DeviceName=/dev/sdf\
         &BlockDeviceMapping.1.Ebs.SnapshotId={}{more}",
        snapshot.id
    )
}

/// The launch's one volume, once all is done.
fn volume_of(bench: &Bench, call: &str) -> Volume {
    let instance = texts(&bench.ok(call), "instanceId").remove(0);
    bench.run();
    assert_eq!(bench.instance_row(&instance).state.as_str(), "running", "{call}");
    bench.assert_tidy();
    bench.row(&bench.instance_row(&instance).volumes[0]).unwrap()
}

#[test]
fn a_launch_restores_attaches_and_loads() {
    let bench = Bench::new();
    let (encrypted, key) = bench.encrypted_snapshot();
    let before = bench.kms_calls().len();
    let row = volume_of(&bench, &launch(&encrypted, "VolumeSize=4&VolumeInitializationRate=300"));
    assert_eq!((row.size_gib, row.state.as_str(), row.attachments.len()), (4, "in-use", 1));
    assert_eq!((&row.lineage, &row.encryption.unwrap().key_arn), (&encrypted.lineage, &key));
    assert_eq!(row.source.unwrap().rate, Some(300));
    assert_eq!(bench.kms_calls().split_off(before), ["ReEncrypt", "CreateGrant", "Decrypt"]);
}

#[test]
fn the_defaults_apply_to_launches_too() {
    let bench = Bench::new();
    let (plain, (encrypted, key)) = (bench.plain_snapshot(1), bench.encrypted_snapshot());
    let chosen = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={chosen}"));
    let under = |call: &str| volume_of(&bench, call).encryption.map(|e| e.key_arn);
    assert_eq!(under(&launch(&plain, "")), None);
    assert_eq!(under(&launch(&plain, "Encrypted=true")), Some(chosen.clone()));
    bench.ok("EnableEbsEncryptionByDefault");
    assert_eq!(under(&launch(&plain, "")), Some(chosen.clone()));
    assert_eq!(under(&launch(&encrypted, "")), Some(key));
    let named = bench.key();
    assert_eq!(under(&launch(&encrypted, &format!("Encrypted=true&KmsKeyId={named}"))), Some(named));
    let empty = "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&BlockDeviceMapping.1.DeviceName=/dev/sdf\
                 &BlockDeviceMapping.1.Ebs.VolumeSize=1";
    assert_eq!(under(empty), Some(chosen));
}

#[test]
fn what_is_wrong_is_refused_in_the_words_of_a_launch() {
    let bench = Bench::new();
    let (encrypted, key) = bench.encrypted_snapshot();
    let pending = bench.snapshot_like(&bench.row(&encrypted.volume).unwrap(), SnapshotState::Pending);
    let big = bench.plain_snapshot(30);
    let body = bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a");
    bench.run();
    let foreign = bench.completed_snapshot(&texts(&body, "volumeId").remove(0));
    let small = format!("Volume of size 15GB is smaller than  snapshot '{}', expect size >= 30GB", big.id);
    let before = bench.everything();
    for (call, code, message) in [
        (launch(&big, "VolumeSize=15"), "InvalidBlockDeviceMapping", small.as_str()),
        (launch(&pending, ""), "IncorrectState", "Snapshot is in invalid state - pending"),
        (launch(&foreign, ""), "InvalidSnapshot.NotFound", "Snapshot does not exist"),
        (
            launch(&encrypted, "Encrypted=false"),
            "InvalidParameterCombination",
            "EncryptedVolume parameter [false] is inconsistent with snapshot encryption state [true]",
        ),
        (
            launch(&encrypted, &format!("KmsKeyId={key}")),
            "InvalidParameterDependency",
            "The parameter KmsKeyId requires the parameter Encrypted to be set.",
        ),
    ] {
        bench.refused(&call, code, message);
    }
    assert_eq!(bench.everything(), before);
}

#[test]
fn a_bad_key_ends_the_launch() {
    let bench = Bench::new();
    let (encrypted, key) = bench.encrypted_snapshot();
    bench.kms("DisableKey", json!({"KeyId": key.rsplit('/').next().unwrap()}));
    let instance = texts(&bench.ok(&launch(&encrypted, "")), "instanceId").remove(0);
    bench.run();
    let row = bench.instance_row(&instance);
    assert_eq!(row.state.as_str(), "terminated");
    assert_eq!(row.state_reason.unwrap().because, format!("{key} is disabled."));
    assert!(bench.all::<Volume>().iter().all(|v| v.id == encrypted.volume));
}
