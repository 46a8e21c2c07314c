//! The guardrail that everybody writes: what would not be encrypted is not made, whichever way in.

use crate::actions::run_instances::RunInstances;
use crate::testing::{Bench, allow, when};
use api::{Action, Caller};
use serde_json::json;

const VOLUMES: &str = "arn:aws:ec2:us-east-1:111122223333:volume/*";
const SNAPSHOTS: &str = "arn:aws:ec2:us-east-1::snapshot/*";

/// A user who may do everything but make what is not encrypted.
fn guarded(bench: &Bench) -> Caller {
    let deny = |action, resource| when("Deny", action, resource, "Bool", "ec2:Encrypted", json!("false"));
    bench.user(&[
        allow("*", &["*"]),
        deny("ec2:CreateVolume", VOLUMES),
        deny(RunInstances::IAM, VOLUMES),
        deny("ec2:CopySnapshot", "arn:aws:ec2:us-east-1::snapshot/*"),
    ])
}

fn create(more: &str) -> String {
    format!("CreateVolume&AvailabilityZone=us-east-1a&Size=8{more}")
}

fn run(more: &str) -> String {
    let mapping: String = more.split('&').skip(1).map(|p| format!("&BlockDeviceMapping.1.Ebs.{p}")).collect();
    format!(
        "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&BlockDeviceMapping.1.DeviceName=/dev/sdf\
         &BlockDeviceMapping.1.Ebs.VolumeSize=8{mapping}"
    )
}

fn copy(snapshot: &str, more: &str) -> String {
    format!("CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={snapshot}{more}")
}

#[test]
fn what_would_not_be_encrypted_is_stopped_on_every_way_in() {
    let bench = Bench::new();
    let user = guarded(&bench);
    let plain = bench.plain_snapshot(1).id;
    let stop = |body: String, action: &str, resource: &str| bench.denied(&user, &body, action, resource);
    for more in ["", "&Encrypted=false"] {
        stop(create(more), "ec2:CreateVolume", VOLUMES);
        stop(create(&format!("{more}&SnapshotId={plain}")), "ec2:CreateVolume", VOLUMES);
        stop(run(more), "ec2:RunInstances", VOLUMES);
        stop(run(&format!("{more}&SnapshotId={plain}")), "ec2:RunInstances", VOLUMES);
        stop(copy(&plain, more), "ec2:CopySnapshot", SNAPSHOTS);
    }
    // One unencrypted volume among encrypted ones stops the whole launch.
    let second = "&BlockDeviceMapping.2.DeviceName=/dev/sdg&BlockDeviceMapping.2.Ebs.VolumeSize=8";
    stop(format!("{}{second}", run("&Encrypted=true")), "ec2:RunInstances", VOLUMES);
    assert_eq!(
        bench.dry(
            &user,
            &format!("{}{second}&BlockDeviceMapping.2.Ebs.Encrypted=true", run("&Encrypted=true"))
        ),
        "allowed"
    );
    assert_eq!(bench.all::<crate::rows::Instance>().len(), 0);
}

#[test]
fn what_will_be_encrypted_passes_whoever_demands_it() {
    let bench = Bench::new();
    let user = guarded(&bench);
    let (plain, encrypted) = (bench.plain_snapshot(1).id, bench.encrypted_snapshot().0.id);
    for body in [
        create("&Encrypted=true"),
        create(&format!("&Encrypted=true&SnapshotId={plain}")),
        create(&format!("&SnapshotId={encrypted}")),
        run("&Encrypted=true"),
        run(&format!("&SnapshotId={encrypted}")),
        copy(&encrypted, ""),
        copy(&encrypted, "&Encrypted=false"),
    ] {
        assert_eq!(bench.dry(&user, &body), "allowed", "{body}");
    }
    // The source of this copy is a snapshot that is not encrypted, and the pattern of the statement fits it too.
    bench.denied(
        &user,
        &copy(&plain, "&Encrypted=true"),
        "ec2:CopySnapshot",
        &SNAPSHOTS.replace('*', &plain),
    );
    bench.ok("EnableEbsEncryptionByDefault");
    for more in ["", "&Encrypted=false"] {
        assert_eq!(bench.dry(&user, &create(more)), "allowed", "by default {more}");
        assert_eq!(bench.dry(&user, &create(&format!("{more}&SnapshotId={plain}"))), "allowed");
        assert_eq!(bench.dry(&user, &run(&format!("{more}&SnapshotId={plain}"))), "allowed");
    }
}

#[test]
fn a_request_that_is_refused_anyway_is_first_asked_about() {
    let bench = Bench::new();
    let encrypted = bench.encrypted_snapshot().0.id;
    let contradiction = create(&format!("&Encrypted=false&SnapshotId={encrypted}"));
    bench.denied(&bench.user(&[]), &contradiction, "ec2:CreateVolume", VOLUMES);
    let may = bench.user(&[allow("*", &["*"])]);
    let (status, text, _) = bench.call_as(&may, &contradiction);
    assert!(status == 400 && text.contains("InvalidParameterCombination"), "{text}");
    let nowhere = create("&SnapshotId=snap-0123456789abcdef0");
    bench.denied(&bench.user(&[]), &nowhere, "ec2:CreateVolume", VOLUMES);
    let (status, text, _) = bench.call_as(&may, &nowhere);
    assert!(status == 400 && text.contains("InvalidSnapshot.NotFound"), "{text}");
}

#[test]
fn the_key_of_the_request_can_be_demanded_where_ec2_shows_it() {
    let bench = Bench::new();
    let key = bench.key();
    let only = when("Allow", "ec2:CreateVolume", "*", "StringEquals", "ec2:KmsKeyId", json!(key));
    let user = bench.user(&[only]);
    assert_eq!(bench.dry(&user, &create(&format!("&Encrypted=true&KmsKeyId={key}"))), "allowed");
    let other = bench.key();
    bench.denied(&user, &create(&format!("&Encrypted=true&KmsKeyId={other}")), "ec2:CreateVolume", VOLUMES);
    bench.denied(&user, &create("&Encrypted=true"), "ec2:CreateVolume", VOLUMES);
    // A launch does not show it.
    let launch = when("Deny", "ec2:RunInstances", "*", "Null", "ec2:KmsKeyId", json!("false"));
    let user = bench.user(&[allow("ec2:RunInstances", &["*"]), launch]);
    assert_eq!(bench.dry(&user, &run(&format!("&Encrypted=true&KmsKeyId={key}"))), "allowed");
}

#[test]
fn numbers_bound_what_may_be_asked_for() {
    let bench = Bench::new();
    let limit = |key, most: i32| {
        bench.user(&[when(
            "Allow",
            "ec2:CreateVolume",
            "*",
            "NumericLessThanEquals",
            key,
            json!(most.to_string()),
        )])
    };
    let small = limit("ec2:VolumeSize", 8);
    assert_eq!(bench.dry(&small, &create("")), "allowed");
    bench.denied(&small, &create("").replace("Size=8", "Size=9"), "ec2:CreateVolume", VOLUMES);
    let slow = limit("ec2:VolumeIops", 3000);
    assert_eq!(bench.dry(&slow, &create("&VolumeType=gp3")), "allowed", "the default counts");
    bench.denied(&slow, &create("&VolumeType=gp3&Iops=3001"), "ec2:CreateVolume", VOLUMES);
    let narrow = limit("ec2:VolumeThroughput", 125);
    assert_eq!(bench.dry(&narrow, &create("&VolumeType=gp3")), "allowed");
    bench.denied(&narrow, &create("&VolumeType=gp3&Throughput=126"), "ec2:CreateVolume", VOLUMES);
}
