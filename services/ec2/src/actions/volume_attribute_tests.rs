//! ModifyVolumeAttribute, DescribeVolumeAttribute and EnableVolumeIO as wire text.

use crate::resume::{Which, reattach};
use crate::rows::Volume;
use crate::testing::{Bench, OTHER, xml};
use serde_json::json;

const NONE: &str = "vol-0123456789abcdef0";

fn damage(bench: &Bench, volume: &str, what: &str) {
    let mut row: Volume = bench.row(volume).unwrap();
    row.damage.push(what.to_owned());
    bench.put(&row);
}

#[test]
fn auto_enable_io_is_kept_and_shown() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let describe = format!("DescribeVolumeAttribute&VolumeId={volume}&Attribute=autoEnableIO");
    let golden = |value: bool| {
        let inner =
            format!("<autoEnableIO><value>{value}</value></autoEnableIO><volumeId>{volume}</volumeId>");
        xml("DescribeVolumeAttribute", &inner)
    };
    assert_eq!(bench.ok(&describe), golden(false));
    for value in [true, false, true] {
        let call = format!("ModifyVolumeAttribute&VolumeId={volume}&AutoEnableIO.Value={value}");
        assert_eq!(bench.ok(&call), xml("ModifyVolumeAttribute", "<return>true</return>"));
        assert_eq!(bench.ok(&describe), golden(value));
    }
    let codes = bench.ok(&format!("DescribeVolumeAttribute&VolumeId={volume}&Attribute=productCodes"));
    let inner = format!("<productCodes></productCodes><volumeId>{volume}</volumeId>");
    assert_eq!(codes, xml("DescribeVolumeAttribute", &inner));
}

#[test]
fn bad_requests_about_attributes_are_refused() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let gone = format!("The volume '{NONE}' does not exist.");
    let malformed = "Value (x) for parameter volumeId is invalid. Expected: 'vol-...'.";
    for (call, code, message) in [
        (
            format!("DescribeVolumeAttribute&VolumeId={NONE}&Attribute=autoEnableIO"),
            "InvalidVolume.NotFound",
            gone.as_str(),
        ),
        (
            format!("ModifyVolumeAttribute&VolumeId={NONE}&AutoEnableIO.Value=true"),
            "InvalidVolume.NotFound",
            &gone,
        ),
        (
            "DescribeVolumeAttribute&VolumeId=x&Attribute=autoEnableIO".into(),
            "InvalidParameterValue",
            malformed,
        ),
        (
            "ModifyVolumeAttribute&VolumeId=x&AutoEnableIO.Value=true".into(),
            "InvalidParameterValue",
            malformed,
        ),
        (
            format!("DescribeVolumeAttribute&VolumeId={volume}&Attribute=size"),
            "InvalidParameterValue",
            "Value (size) for parameter attribute is invalid. Unknown attribute.",
        ),
        (
            format!("ModifyVolumeAttribute&VolumeId={volume}"),
            "InvalidParameterCombination",
            "No attributes specified.",
        ),
    ] {
        bench.refused(&call, code, message);
    }
    let describe = format!("DescribeVolumeAttribute&VolumeId={volume}&Attribute=autoEnableIO");
    let modify = format!("ModifyVolumeAttribute&VolumeId={volume}&AutoEnableIO.Value=true");
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.dry_run_passes(&describe);
    bench.dry_run_passes(&modify);
    bench.only_root_may(&describe, "ec2:DescribeVolumeAttribute", &arn);
    bench.only_root_may(&modify, "ec2:ModifyVolumeAttribute", &arn);
    bench.refused_as(
        &bench.root_of(OTHER),
        &modify,
        400,
        "InvalidVolume.NotFound",
        &format!("The volume '{volume}' does not exist."),
    );
}

#[test]
fn a_healthy_volume_has_io_enabled_already() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = format!("EnableVolumeIO&VolumeId={volume}");
    bench.refused(&call, "IncorrectState", &format!("Volume {volume} already has IO enabled"));
    bench.dry_run_passes(&call);
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.only_root_may(&call, "ec2:EnableVolumeIO", &arn);
    bench.refused(
        "EnableVolumeIO&VolumeId=x",
        "InvalidParameterValue",
        "Value (x) for parameter volumeId is invalid. Expected: 'vol-...'.",
    );
    let gone = format!("The volume '{NONE}' does not exist.");
    bench.refused(&format!("EnableVolumeIO&VolumeId={NONE}"), "InvalidVolume.NotFound", &gone);
    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
    bench.refused(&call, "InvalidVolume.NotFound", &format!("The volume '{volume}' does not exist."));
}

#[test]
fn accepted_damage_is_no_longer_reported() {
    let bench = Bench::new();
    let volume = bench.volume("");
    damage(&bench, &volume, "bytes 0 to 524287 cannot be read: the chunk is missing");
    let status = bench.ok("DescribeVolumeStatus");
    for part in [
        "<status>impaired</status>",
        "<code>enable-volume-io</code>",
        "<description>bytes 0 to 524287 cannot be read: the chunk is missing</description>",
    ] {
        assert!(status.contains(part), "{part}: {status}");
    }
    assert_eq!(
        bench.ok(&format!("EnableVolumeIO&VolumeId={volume}")),
        xml("EnableVolumeIO", "<return>true</return>")
    );
    assert!(bench.ok("DescribeVolumeStatus").contains("<volumeStatus><details>"), "shown");
    assert!(!bench.ok("DescribeVolumeStatus").contains("impaired"));
    assert_eq!(bench.jobs().len(), 0, "no attachment was broken");
}

#[test]
fn a_broken_attachment_is_tried_again_at_once() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    let id = key.rsplit('/').next().unwrap();
    bench.kms("DisableKey", json!({"KeyId": id}));
    bench.host.restart();
    reattach(&bench.door, Which::All).unwrap();
    bench.run();
    let call = format!("EnableVolumeIO&VolumeId={volume}");
    bench.ok(&call);
    bench.ok(&call);
    assert_eq!(bench.jobs().len(), 1, "one in line is enough");
    bench.run();
    assert!(bench.row(&volume).unwrap().attachments[0].broken.is_some(), "the key is still disabled");
    bench.kms("EnableKey", json!({"KeyId": id}));
    bench.ok(&call);
    bench.run();
    assert!(bench.ok("DescribeVolumeStatus").contains("<status>ok</status>"));
    bench.assert_tidy();
}
