//! CreateTags as wire text.

use crate::testing::{Bench, OTHER, texts, xml};

fn tags(bench: &Bench, volume: &str) -> Vec<(String, String)> {
    bench.row(volume).unwrap().tags.into_iter().map(|t| (t.key, t.value)).collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.into(), value.into())
}

#[test]
fn tags_are_added_and_written_over_on_all_resources_named() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    let both = format!("CreateTags&ResourceId.1={volume}&ResourceId.2={instance}");
    let body = bench.ok(&format!("{both}&Tag.1.Key=b&Tag.1.Value=1&Tag.2.Key=a&Tag.2.Value="));
    assert_eq!(body, xml("CreateTags", "<return>true</return>"));
    bench.ok(&format!("{both}&Tag.1.Key=b&Tag.1.Value=2"));
    assert_eq!(tags(&bench, &volume), [pair("a", ""), pair("b", "2")]);
    assert_eq!(bench.instance_row(&instance).tags.len(), 2);
    assert_eq!(texts(&bench.ok(&format!("DescribeVolumes&VolumeId.1={volume}")), "value"), ["", "2"]);
}

#[test]
fn one_bad_resource_leaves_all_as_they_were() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let foreign =
        texts(&bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    for (id, code, message) in [
        (
            "vol-0123456789abcdef0",
            "InvalidVolume.NotFound",
            "The volume 'vol-0123456789abcdef0' does not exist.".to_owned(),
        ),
        (&foreign, "InvalidVolume.NotFound", format!("The volume '{foreign}' does not exist.")),
        (
            "i-0123456789abcdef0",
            "InvalidInstanceID.NotFound",
            "The instance ID 'i-0123456789abcdef0' does not exist".into(),
        ),
        (
            "snap-0123456789abcdef0",
            "InvalidSnapshot.NotFound",
            "The snapshot 'snap-0123456789abcdef0' does not exist.".into(),
        ),
        (
            "ami-0123456789abcdef0",
            "InvalidAMIID.NotFound",
            "The image id '[ami-0123456789abcdef0]' does not exist".into(),
        ),
        ("r-0123456789abcdef0", "InvalidID", "The ID 'r-0123456789abcdef0' is not valid".into()),
        ("x", "InvalidID", "The ID 'x' is not valid".into()),
    ] {
        let call = format!("CreateTags&ResourceId.1={volume}&ResourceId.2={id}&Tag.1.Key=k&Tag.1.Value=v");
        bench.refused(&call, code, &message);
    }
    assert_eq!(tags(&bench, &volume), []);
}

#[test]
fn bad_tags_are_refused() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let (long_key, long_value) = ("k".repeat(129), "v".repeat(257));
    for (tags, message) in [
        ("&Tag.1.Key=".to_owned(), "Tag key cannot be empty"),
        ("&Tag.1.Key=aws:x".into(), "Tag keys starting with 'aws:' are reserved for internal use"),
        ("&Tag.1.Key=AWS:x".into(), "Tag keys starting with 'aws:' are reserved for internal use"),
        (format!("&Tag.1.Key={long_key}"), "Tag key exceeds the maximum length of 128 characters"),
        (
            format!("&Tag.1.Key=k&Tag.1.Value={long_value}"),
            "Tag value exceeds the maximum length of 256 characters",
        ),
        ("&Tag.1.Key=k&Tag.2.Key=k".into(), "Duplicate tag key 'k' specified."),
    ] {
        bench.refused(&format!("CreateTags&ResourceId.1={volume}{tags}"), "InvalidParameterValue", message);
    }
    for missing in [format!("CreateTags&ResourceId.1={volume}"), "CreateTags&Tag.1.Key=k".into()] {
        let (status, body) = bench.call(&missing);
        assert!(status == 400 && body.contains("MissingParameter"), "{body}");
    }
}

#[test]
fn a_resource_has_at_most_fifty_tags() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = |from: u32, to: u32| {
        let tags: String = (from..to).map(|n| format!("&Tag.{}.Key=k{n}", n - from + 1)).collect();
        format!("CreateTags&ResourceId.1={volume}{tags}")
    };
    bench.ok(&call(0, 40));
    bench.refused(&call(40, 51), "TagLimitExceeded", "The maximum number of tags for a resource is 50");
    assert_eq!(tags(&bench, &volume).len(), 40);
    bench.ok(&call(30, 50));
    assert_eq!(tags(&bench, &volume).len(), 50);
}

#[test]
fn a_dry_run_changes_nothing_and_others_may_not() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = format!("CreateTags&ResourceId.1={volume}&Tag.1.Key=k&Tag.1.Value=v");
    bench.dry_run_passes(&call);
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.only_root_may(&call, "ec2:CreateTags", &arn);
    assert_eq!(tags(&bench, &volume), []);
}

#[test]
fn snapshots_carry_tags_for_their_owner_only() {
    let bench = Bench::new();
    let snapshot = bench.snapshot(&bench.volume(""));
    bench.ok(&format!(
        "CreateTags&ResourceId.1={snapshot}&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b&Tag.2.Value="
    ));
    let shown = texts(&bench.ok(&format!("DescribeSnapshots&SnapshotId.1={snapshot}")), "key");
    assert_eq!(shown, ["a", "b"]);
    let described = bench.ok("DescribeTags&Filter.1.Name=resource-type&Filter.1.Value.1=snapshot");
    assert_eq!(texts(&described, "resourceId"), [snapshot.as_str(), &snapshot]);
    bench.ok(&format!("DeleteTags&ResourceId.1={snapshot}&Tag.1.Key=a"));
    assert_eq!(bench.snapshot_row(&snapshot).unwrap().tags.len(), 1);
    bench.ok(&format!(
        "ModifySnapshotAttribute&SnapshotId={snapshot}&CreateVolumePermission.Add.1.UserId={OTHER}"
    ));
    let gone = format!("The snapshot '{snapshot}' does not exist.");
    for call in ["CreateTags", "DeleteTags"] {
        let call = format!("{call}&ResourceId.1={snapshot}&Tag.1.Key=b&Tag.1.Value=x");
        bench.refused_as(&bench.root_of(OTHER), &call, 400, "InvalidSnapshot.NotFound", &gone);
        bench.only_root_may(
            &call,
            &format!("ec2:{}", call.split('&').next().unwrap()),
            &format!("arn:aws:ec2:us-east-1::snapshot/{snapshot}"),
        );
    }
}
