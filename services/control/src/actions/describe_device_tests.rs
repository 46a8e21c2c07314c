//! DescribeDevice as wire text.

use crate::testing::{ACCOUNT, Attaching, Bench, OTHER, root};
use api::Caller;
use base::AccountId;
use serde_json::{Value, json};
use std::time::Duration;

fn asked(volume: &str) -> Value {
    json!({"VolumeId": volume})
}

#[test]
fn the_device_of_an_attached_volume_is_told_to_its_owner() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume("&Encrypted=true"), bench.instance());
    bench.attach(&volume, &instance);
    let expected = json!({
        "VolumeId": volume, "InstanceId": instance, "Device": "/dev/sdf", "Encrypted": true,
        "Uri": format!("nbd+unix:///{volume}?socket=/run/{instance}.sock"),
    });
    assert_eq!(bench.ask("DescribeDevice", asked(&volume)), expected);
    assert_eq!(bench.ask("DescribeDevice", json!({"VolumeId": volume, "InstanceId": instance})), expected);
}

#[test]
fn nobody_else_hears_of_it() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    bench.attach(&volume, &instance);
    let message = format!("The volume '{volume}' does not exist.");
    bench.refused_as(&root(OTHER), "DescribeDevice", asked(&volume), "InvalidVolume.NotFound", &message);
    let session = Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), &instance);
    let message = format!(
        "User: {} is not authorized to perform: sealvol:DescribeDevice on resource: \
         arn:aws:ec2:us-east-1:111122223333:volume/{volume} because no identity-based policy allows the sealvol:DescribeDevice action",
        session.arn()
    );
    bench.refused_as(&session, "DescribeDevice", asked(&volume), "AccessDeniedException", &message);
}

#[test]
fn a_volume_that_is_not_attached_or_not_there_has_no_device() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let message = format!("Volume {volume} is not attached");
    bench.refused("DescribeDevice", asked(&volume), "IncorrectState", &message);
    let instance = "i-0123456789abcdef0";
    let input = json!({"VolumeId": volume, "InstanceId": instance});
    bench.refused("DescribeDevice", input, "IncorrectState", &format!("{message} to {instance}"));
    let none = "vol-0123456789abcdef0";
    let message = format!("The volume '{none}' does not exist.");
    bench.refused("DescribeDevice", asked(none), "InvalidVolume.NotFound", &message);
    for bad in ["x", "i-0123456789abcdef0", "vol-../../etc"] {
        let message = format!("'{bad}' is not a volume id");
        bench.refused("DescribeDevice", asked(bad), "InvalidVolumeID.Malformed", &message);
    }
    for input in [json!({}), json!({"VolumeId": ""}), json!({"VolumeId": 7})] {
        assert_eq!(bench.ask_as(&root(ACCOUNT), "DescribeDevice", input.clone()).0, 400, "{input}");
    }
}

#[test]
fn while_attaching_the_caller_hears_to_wait() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    *bench.host.attaching.lock().unwrap() = Attaching::Fails;
    bench.ec2(&format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf"));
    bench.door.env.clock.sleep(Duration::from_millis(100));
    let message = format!("Volume {volume} is being attached; its device will be there in a moment");
    bench.refused("DescribeDevice", asked(&volume), "DeviceNotReadyException", &message);
    *bench.host.attaching.lock().unwrap() = Attaching::Works;
    bench.settle();
    bench.ask("DescribeDevice", asked(&volume));
}

#[test]
fn while_detaching_waiting_would_not_help() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    bench.attach(&volume, &instance);
    *bench.host.attaching.lock().unwrap() = Attaching::Fails;
    bench.ec2(&format!("DetachVolume&VolumeId={volume}"));
    let message = format!("Volume {volume} is detaching");
    bench.refused("DescribeDevice", asked(&volume), "IncorrectState", &message);
}

#[test]
fn a_device_that_a_key_stopped_is_told_with_the_cause() {
    let bench = Bench::new();
    let key = bench.key();
    let (volume, instance) = (bench.volume(&format!("&Encrypted=true&KmsKeyId={key}")), bench.instance());
    bench.attach(&volume, &instance);
    *bench.host.refusal.lock().unwrap() = format!("{key} is disabled.");
    *bench.host.attaching.lock().unwrap() = Attaching::Refused;
    ec2::resume::reattach(&bench.door, ec2::resume::Which::All).unwrap();
    bench.settle();
    let message = format!("Volume {volume} is attached, but its device is not there: {key} is disabled.");
    bench.refused("DescribeDevice", asked(&volume), "IncorrectState", &message);
}

#[test]
fn of_several_devices_one_must_be_named() {
    let bench = Bench::new();
    let volume = bench
        .made(
            "CreateVolume&Size=4&AvailabilityZone=us-east-1a&VolumeType=io2&Iops=100&MultiAttachEnabled=true",
            "volumeId",
        )
        .0;
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.attach(&volume, &two);
    let message = format!("Volume {volume} is attached to several instances; name one");
    bench.refused("DescribeDevice", asked(&volume), "InvalidParameterCombination", &message);
    let found = bench.ask("DescribeDevice", json!({"VolumeId": volume, "InstanceId": two}));
    assert_eq!(found["InstanceId"], two);
}
