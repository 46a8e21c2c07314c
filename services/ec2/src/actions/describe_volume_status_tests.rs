//! DescribeVolumeStatus as wire text. What a broken attachment makes of it is in `resume_tests.rs` too.

use crate::resume::{Which, reattach};
use crate::testing::{Bench, texts, xml};
use serde_json::json;

/// An attached volume whose key was disabled before the host restarted.
fn impaired(bench: &Bench) -> (String, String, String) {
    let (volume, instance, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key.rsplit('/').next().unwrap()}));
    bench.host.restart();
    reattach(&bench.door, Which::All).unwrap();
    bench.run();
    (volume, instance, key)
}

#[test]
fn a_volume_that_works_is_ok() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=4&VolumeType=io2&Iops=100");
    let body = bench.ok("DescribeVolumeStatus");
    assert_eq!(texts(&body, "volumeId"), [volume]);
    for part in [
        "<status>ok</status>",
        "<name>io-enabled</name><status>passed</status>",
        "<name>io-performance</name><status>normal</status>",
        "<availabilityZone>us-east-1a</availabilityZone>",
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    let gp2 = bench.volume("");
    let body = bench.ok(&format!("DescribeVolumeStatus&VolumeId.1={gp2}"));
    assert!(body.contains("<name>io-performance</name><status>not-applicable</status>"), "{body}");
}

#[test]
fn a_volume_in_the_making_is_not_known_yet() {
    let bench = Bench::new();
    bench.ok("CreateVolume&Size=1&AvailabilityZone=us-east-1a");
    assert!(bench.ok("DescribeVolumeStatus").contains("<status>insufficient-data</status>"));
}

#[test]
fn an_impaired_volume_tells_its_key_and_its_instance() {
    let bench = Bench::new();
    let (volume, instance, key) = impaired(&bench);
    let body = bench.ok("DescribeVolumeStatus");
    assert_eq!(texts(&body, "volumeId"), [volume]);
    for part in [
        "<status>impaired</status>".to_owned(),
        "<name>io-enabled</name><status>failed</status>".into(),
        format!("<description>{key} is disabled.</description>"),
        "<eventType>io-enabled:failed</eventType>".into(),
        format!("<instanceId>{instance}</instanceId>"),
    ] {
        assert!(body.contains(&part), "{part}: {body}");
    }
}

#[test]
fn filters_choose_by_status() {
    let bench = Bench::new();
    let (broken, _, _) = impaired(&bench);
    let fine = bench.volume("");
    let by = |name: &str, value: &str| {
        texts(
            &bench.ok(&format!("DescribeVolumeStatus&Filter.1.Name={name}&Filter.1.Value.1={value}")),
            "volumeId",
        )
    };
    assert_eq!(by("volume-status.status", "impaired"), [broken.as_str()]);
    assert_eq!(by("volume-status.status", "ok"), [fine.as_str()]);
    assert_eq!(by("volume-status.details-status", "failed"), [broken.as_str()]);
    assert_eq!(by("volume-status.details-name", "io-enabled").len(), 2);
    assert_eq!(by("volume-id", &fine), [fine.as_str()]);
    assert_eq!(by("availability-zone", "us-east-1b"), [""; 0]);
    assert_eq!(by("action.code", "enable-volume-io"), [broken.as_str()]);
    assert_eq!(by("event.event-type", "io-enabled:failed"), [broken.as_str()]);
    assert_eq!(by("volume-status.details-name", "initialization-state"), [""; 0]);
}

#[test]
fn bad_requests_are_refused() {
    let bench = Bench::new();
    let none = "vol-0123456789abcdef0";
    let call = format!("DescribeVolumeStatus&VolumeId.1={none}");
    bench.refused(&call, "InvalidVolume.NotFound", &format!("The volume '{none}' does not exist."));
    let malformed = "Invalid id: \"x\" (expecting \"vol-...\")";
    bench.refused("DescribeVolumeStatus&VolumeId.1=x", "InvalidVolumeID.Malformed", malformed);
    let filter = "DescribeVolumeStatus&Filter.1.Name=status&Filter.1.Value.1=ok";
    bench.refused(filter, "InvalidParameterValue", "The filter 'status' is invalid");
    let message = "Value ( 2 ) for parameter maxResults is invalid. Expecting a value greater than 5.";
    bench.refused("DescribeVolumeStatus&MaxResults=2", "InvalidParameterValue", message);
    bench.dry_run_passes("DescribeVolumeStatus");
    bench.only_root_may("DescribeVolumeStatus", "ec2:DescribeVolumeStatus", "*");
    let empty = xml("DescribeVolumeStatus", "<volumeStatusSet></volumeStatusSet>");
    assert_eq!(bench.ok("DescribeVolumeStatus"), empty);
}
