//! DescribeAvailabilityZones as wire text.

use crate::testing::{Bench, texts};

#[test]
fn a_zone_is_shown_as_aws_shows_it() {
    let bench = Bench::new();
    let body = bench.ok("DescribeAvailabilityZones&ZoneName.1=us-east-1b");
    for (element, text) in [
        ("zoneName", "us-east-1b"),
        ("zoneId", "use1-az2"),
        ("zoneState", "available"),
        ("regionName", "us-east-1"),
        ("zoneType", "availability-zone"),
        ("groupName", "us-east-1-zg-1"),
        ("networkBorderGroup", "us-east-1"),
        ("optInStatus", "opt-in-not-required"),
    ] {
        assert_eq!(texts(&body, element), [text], "{element}");
    }
}

#[test]
fn the_zones_are_those_of_the_requests_region() {
    let bench = Bench::new();
    assert_eq!(texts(&bench.ok("DescribeAvailabilityZones"), "zoneName").len(), 6);
    bench.in_region("us-west-1");
    assert_eq!(texts(&bench.ok("DescribeAvailabilityZones"), "zoneName"), ["us-west-1a", "us-west-1b"]);
    bench.in_region("eu-south-1");
    assert_eq!(texts(&bench.ok("DescribeAvailabilityZones&ZoneId.1=eus1-az1"), "optInStatus"), ["opted-in"]);
}

#[test]
fn filters_choose() {
    let bench = Bench::new();
    let by = |name: &str, value: &str| {
        let call = format!("DescribeAvailabilityZones&Filter.1.Name={name}&Filter.1.Value.1={value}");
        texts(&bench.ok(&call), "zoneName")
    };
    assert_eq!(by("zone-name", "*c"), ["us-east-1c"]);
    assert_eq!(by("zone-id", "use1-az4"), ["us-east-1d"]);
    assert_eq!(by("state", "available").len(), 6);
    assert_eq!(by("state", "impaired"), [""; 0]);
    assert_eq!(by("region-name", "us-west-2"), [""; 0]);
    assert_eq!(by("zone-type", "local-zone"), [""; 0]);
    assert_eq!(by("message", "*"), [""; 0]);
}

#[test]
fn unknown_names_and_filters_are_refused() {
    let bench = Bench::new();
    for call in ["ZoneName.1=us-east-1z", "ZoneName.1=us-west-2a", "ZoneId.1=use1-az7", "ZoneId.1=us-east-1a"]
    {
        let given = call.split_once('=').unwrap().1;
        let message = format!("Invalid availability zone: [{given}]");
        bench.refused(&format!("DescribeAvailabilityZones&{call}"), "InvalidParameterValue", &message);
    }
    let call = "DescribeAvailabilityZones&Filter.1.Name=zone&Filter.1.Value.1=x";
    bench.refused(call, "InvalidParameterValue", "The filter 'zone' is invalid");
    bench.dry_run_passes("DescribeAvailabilityZones");
    bench.only_root_may("DescribeAvailabilityZones", "ec2:DescribeAvailabilityZones", "*");
}
