//! Every action of EC2: what it touches with which keys (the golden list); that nobody does it without permission, that exactly its
//! permissions on exactly its resources are enough and each is needed, and that every condition key of every resource decides, in an
//! Allow as in a Deny. An action without a case here fails the first test.

use crate::actions::*;
use crate::testing::{Bench, OTHER, allow, when};
use api::{Action, Caller, InputOf, Touched};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wire::{Call, Input, Operation};

/// One call of one action.
struct Case {
    name: &'static str,
    iam: &'static str,
    keys: &'static [&'static str],
    body: String,
    touches: fn(&Bench, &Caller, &str) -> Vec<Touched>,
}

fn touches<A: Action>(bench: &Bench, caller: &Caller, body: &str) -> Vec<Touched> {
    let call = Call {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: format!("Action={body}&Version=2016-11-15").into(),
        ..Default::default()
    };
    let input = <InputOf<A> as Input>::decode(&call).unwrap();
    let request = bench.request();
    bench.door.transact(caller, &request, A::Op::SERVICE, |cx| A::touches(cx, &input)).unwrap()
}

fn case<A: Action>(more: &str) -> Case {
    let body = format!("{}{more}", A::Op::NAME);
    Case { name: A::Op::NAME, iam: A::IAM, keys: A::KEYS, body, touches: touches::<A> }
}

/// The ids that the calls name.
struct World {
    bench: Bench,
    volume: String,
    instance: String,
    snapshot: String,
    shared: String,
}

fn world() -> World {
    let bench = Bench::new();
    bench.role("app", &[]);
    bench.instance_profile("web", Some("app"));
    let parent = bench.plain_snapshot(2).id;
    let volume = bench.volume(&format!(
        "&SnapshotId={parent}&Size=4&VolumeType=gp3&VolumeInitializationRate=200&TagSpecification.1.ResourceType=volume\
         &TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=red"
    ));
    let instance = bench.instance_with(
        "&InstanceType=m5.large&IamInstanceProfile.Name=web&TagSpecification.1.ResourceType=instance\
         &TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=blue",
    );
    bench.attach(&volume, &instance);
    let snapshot = bench.snapshot(&volume);
    bench.ok(&format!("CreateTags&ResourceId.1={snapshot}&Tag.1.Key=team&Tag.1.Value=green"));
    let key = bench.kms_as(OTHER, "CreateKey", json!({}));
    let key = key["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let foreign = bench.ok_as(
        OTHER,
        &format!("CreateVolume&AvailabilityZone=us-east-1a&Size=3&Encrypted=true&KmsKeyId={key}"),
    );
    bench.run();
    let shared = bench.completed_snapshot(&crate::testing::texts(&foreign, "volumeId")[0]);
    bench.share(&shared, crate::testing::ACCOUNT);
    World { bench, volume, instance, snapshot, shared: shared.id }
}

const NEW_TAG: &str = "&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=prod";

fn cases(w: &World) -> Vec<Case> {
    let (v, i, s, shared) = (&w.volume, &w.instance, &w.snapshot, &w.shared);
    let tags = "&Tag.1.Key=env&Tag.1.Value=prod";
    let permission = "&Attribute=createVolumePermission";
    vec![
        case::<attach_volume::AttachVolume>(&format!("&VolumeId={v}&InstanceId={i}&Device=/dev/sdf")),
        case::<copy_snapshot::CopySnapshot>(&format!(
            "&SourceSnapshotId={s}&SourceRegion=us-east-1&TagSpecification.1.ResourceType=snapshot{NEW_TAG}"
        )),
        case::<create_snapshot::CreateSnapshot>(&format!(
            "&VolumeId={v}&TagSpecification.1.ResourceType=snapshot{NEW_TAG}"
        )),
        case::<create_snapshots::CreateSnapshots>(&format!(
            "&InstanceSpecification.InstanceId={i}&TagSpecification.1.ResourceType=snapshot{NEW_TAG}"
        )),
        case::<create_tags::CreateTags>(&format!(
            "&ResourceId.1={v}&ResourceId.2={i}&ResourceId.3={s}{tags}"
        )),
        case::<create_volume::CreateVolume>(&format!(
            "&AvailabilityZone=us-east-1b&SnapshotId={shared}&Encrypted=true&KmsKeyId=alias/aws/ebs&VolumeType=gp3\
             &VolumeInitializationRate=100&TagSpecification.1.ResourceType=volume{NEW_TAG}"
        )),
        case::<delete_snapshot::DeleteSnapshot>(&format!("&SnapshotId={s}")),
        case::<delete_tags::DeleteTags>(&format!("&ResourceId.1={s}{tags}")),
        case::<delete_volume::DeleteVolume>(&format!("&VolumeId={v}")),
        case::<describe_availability_zones::DescribeAvailabilityZones>(""),
        case::<describe_fast_snapshot_restores::DescribeFastSnapshotRestores>(""),
        case::<describe_instances::DescribeInstances>(""),
        case::<describe_locked_snapshots::DescribeLockedSnapshots>(""),
        case::<describe_regions::DescribeRegions>(""),
        case::<describe_snapshot_attribute::DescribeSnapshotAttribute>(&format!(
            "&SnapshotId={s}{permission}"
        )),
        case::<describe_snapshots::DescribeSnapshots>(""),
        case::<describe_tags::DescribeTags>(""),
        case::<describe_volume_attribute::DescribeVolumeAttribute>(&format!(
            "&VolumeId={v}&Attribute=autoEnableIO"
        )),
        case::<describe_volume_status::DescribeVolumeStatus>(""),
        case::<describe_volumes::DescribeVolumes>(""),
        case::<describe_volumes_modifications::DescribeVolumesModifications>(""),
        case::<detach_volume::DetachVolume>(&format!("&VolumeId={v}")),
        case::<disable_ebs_encryption_by_default::DisableEbsEncryptionByDefault>(""),
        case::<disable_fast_snapshot_restores::DisableFastSnapshotRestores>(&format!(
            "&SourceSnapshotId.1={s}&AvailabilityZone.1=us-east-1a"
        )),
        case::<disable_snapshot_block_public_access::DisableSnapshotBlockPublicAccess>(""),
        case::<enable_ebs_encryption_by_default::EnableEbsEncryptionByDefault>(""),
        case::<enable_fast_snapshot_restores::EnableFastSnapshotRestores>(&format!(
            "&SourceSnapshotId.1={shared}&AvailabilityZone.1=us-east-1a"
        )),
        case::<enable_snapshot_block_public_access::EnableSnapshotBlockPublicAccess>(
            "&State=block-all-sharing",
        ),
        case::<enable_volume_io::EnableVolumeIO>(&format!("&VolumeId={v}")),
        case::<get_ebs_default_kms_key_id::GetEbsDefaultKmsKeyId>(""),
        case::<get_ebs_encryption_by_default::GetEbsEncryptionByDefault>(""),
        case::<get_snapshot_block_public_access_state::GetSnapshotBlockPublicAccessState>(""),
        case::<lock_snapshot::LockSnapshot>(&format!(
            "&SnapshotId={s}&LockMode=compliance&CoolOffPeriod=2&LockDuration=30"
        )),
        case::<modify_ebs_default_kms_key_id::ModifyEbsDefaultKmsKeyId>("&KmsKeyId=alias/aws/ebs"),
        case::<modify_snapshot_attribute::ModifySnapshotAttribute>(&format!(
            "&SnapshotId={s}{permission}&OperationType=add&UserId.1={OTHER}&UserGroup.1=all"
        )),
        case::<modify_volume::ModifyVolume>(&format!("&VolumeId={v}&Iops=4000")),
        case::<modify_volume_attribute::ModifyVolumeAttribute>(&format!(
            "&VolumeId={v}&AutoEnableIO.Value=true"
        )),
        case::<reset_ebs_default_kms_key_id::ResetEbsDefaultKmsKeyId>(""),
        case::<reset_snapshot_attribute::ResetSnapshotAttribute>(&format!("&SnapshotId={s}{permission}")),
        case::<run_instances::RunInstances>(&format!(
            "&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&InstanceType=m5.large\
             &Placement.AvailabilityZone=us-east-1b&IamInstanceProfile.Name=web\
             &BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.SnapshotId={s}\
             &BlockDeviceMapping.1.Ebs.VolumeType=gp3&BlockDeviceMapping.1.Ebs.VolumeInitializationRate=100\
             &TagSpecification.1.ResourceType=volume{NEW_TAG}"
        )),
        case::<terminate_instances::TerminateInstances>(&format!("&InstanceId.1={i}")),
        case::<unlock_snapshot::UnlockSnapshot>(&format!("&SnapshotId={s}")),
    ]
}

fn arns(touched: &[Touched]) -> Vec<&str> {
    touched.iter().map(|thing| thing.arn.as_str()).collect()
}

/// Another resource of the call is named by a pattern that fits this one too.
fn is_covered(arn: &str, rest: &[&str]) -> bool {
    rest.iter().any(|other| other.strip_suffix('*').is_some_and(|start| arn.starts_with(start)))
}

/// What the caller may do around the action itself, so that only the action is in question.
fn around(case: &Case) -> Vec<Value> {
    let mut around = Vec::new();
    if case.name != "CreateTags" {
        around.push(allow("ec2:CreateTags", &["*"]));
    }
    around.push(allow("iam:PassRole", &["*"]));
    around
}

#[test]
fn every_action_has_a_case_and_declares_the_keys_that_it_sets() {
    let w = world();
    let cases = cases(&w);
    let with_case: BTreeSet<&str> = cases.iter().map(|case| case.name).collect();
    let all: BTreeSet<&str> = crate::table().iter().map(|entry| entry.name).collect();
    assert_eq!(with_case, all);
    for case in &cases {
        for thing in (case.touches)(&w.bench, &w.bench.root(), &case.body) {
            for (key, _) in thing.keys.all() {
                let declared =
                    case.keys.iter().any(|k| key == *k || (k.ends_with('/') && key.starts_with(k)));
                assert!(declared, "{} does not declare {key}", case.name);
            }
        }
    }
}

#[test]
fn what_each_action_touches_is_as_listed() {
    let w = world();
    let names = [
        (w.volume.as_str(), "VOLUME"),
        (w.instance.as_str(), "INSTANCE"),
        (w.snapshot.as_str(), "SNAPSHOT"),
        (w.shared.as_str(), "SHARED"),
    ];
    let parents: Vec<String> = w.bench.all::<crate::rows::Volume>().iter().map(|v| v.id.clone()).collect();
    let started: Vec<String> =
        w.bench.all::<crate::rows::Snapshot>().iter().map(|s| wire::time::iso_seconds(s.started)).collect();
    let mut listed = String::new();
    for case in cases(&w) {
        listed += &format!("{}\n", case.name);
        for thing in (case.touches)(&w.bench, &w.bench.root(), &case.body) {
            listed += &format!("  {}\n", thing.arn);
            for (key, values) in thing.keys.all().filter(|(key, _)| *key != "ec2:Region") {
                listed += &format!("    {key} = {}\n", values.join(", "));
            }
            assert_eq!(thing.keys.values("ec2:Region"), ["us-east-1"], "{}", case.name);
        }
    }
    for (id, name) in names {
        listed = listed.replace(id, name);
    }
    for id in parents {
        listed = listed.replace(&id, "PARENT-VOLUME");
    }
    for snapshot in w.bench.all::<crate::rows::Snapshot>() {
        listed = listed.replace(&snapshot.id, "PARENT");
    }
    for time in started {
        listed = listed.replace(&time, "TIME");
    }
    assert_eq!(listed, include_str!("golden.txt"), "\n{listed}");
}

#[test]
fn without_a_permission_nothing_goes_and_with_just_it_everything() {
    let w = world();
    for case in cases(&w) {
        let stranger = w.bench.user(&[]);
        let touched = (case.touches)(&w.bench, &stranger, &case.body);
        w.bench.denied(&stranger, &case.body, case.iam, &touched[0].arn);
        let just = [vec![allow(case.iam, &arns(&touched))], around(&case)].concat();
        assert_eq!(w.bench.dry(&w.bench.user(&just), &case.body), "allowed", "{}", case.name);
        let other =
            if case.iam == "ec2:DescribeRegions" { "ec2:DescribeTags" } else { "ec2:DescribeRegions" };
        let other = w.bench.user(&[allow(other, &["*"])]);
        w.bench.denied(&other, &case.body, case.iam, &touched[0].arn);
    }
}

#[test]
fn each_resource_of_a_call_must_be_allowed() {
    let w = world();
    for case in cases(&w) {
        let touched = (case.touches)(&w.bench, &w.bench.root(), &case.body);
        for missing in arns(&touched) {
            let rest: Vec<&str> = arns(&touched).into_iter().filter(|arn| *arn != missing).collect();
            if is_covered(missing, &rest) {
                continue;
            }
            let statements = match rest.is_empty() {
                true => around(&case),
                false => [vec![allow(case.iam, &rest)], around(&case)].concat(),
            };
            w.bench.denied(&w.bench.user(&statements), &case.body, case.iam, missing);
        }
    }
}

/// Operator, the values that the key has, and one that it has not.
fn condition(key: &str, values: &[String]) -> (&'static str, Value, Value) {
    if key == "aws:TagKeys" || values.len() > 1 {
        return ("ForAnyValue:StringEquals", json!(values), json!("something-else"));
    }
    ("StringEquals", json!(values), json!("something-else"))
}

#[test]
fn each_condition_key_of_each_resource_decides() {
    let w = world();
    let mut tried = 0;
    for case in cases(&w) {
        let touched = (case.touches)(&w.bench, &w.bench.root(), &case.body);
        for thing in &touched {
            let rest: Vec<&str> = arns(&touched).into_iter().filter(|arn| *arn != thing.arn).collect();
            let mut base = around(&case);
            if !rest.is_empty() {
                base.push(allow(case.iam, &rest));
            }
            let dry = |statements: Vec<Value>| {
                let all = [base.clone(), statements].concat();
                w.bench.dry(&w.bench.user(&all), &case.body) == "allowed"
            };
            for (key, values) in thing.keys.all() {
                let (operator, fitting, other) = condition(key, values);
                let about =
                    |effect, value: &Value| when(effect, case.iam, &thing.arn, operator, key, value.clone());
                let free = allow(case.iam, &[&thing.arn]);
                let at = format!("{} {} {key}", case.name, thing.arn);
                assert!(dry(vec![about("Allow", &fitting)]), "{at}: allowed if it is so");
                if !is_covered(&thing.arn, &rest) {
                    assert!(!dry(vec![about("Allow", &other)]), "{at}: not allowed if it is not");
                }
                assert!(!dry(vec![free.clone(), about("Deny", &fitting)]), "{at}: denied if it is so");
                assert!(dry(vec![free, about("Deny", &other)]), "{at}: not denied if it is not");
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "{tried}");
}
