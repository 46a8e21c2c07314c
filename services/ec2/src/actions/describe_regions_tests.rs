//! DescribeRegions as wire text.

use crate::testing::{Bench, texts, xml};

#[test]
fn a_region_is_shown_as_aws_shows_it() {
    let bench = Bench::new();
    let expected = xml(
        "DescribeRegions",
        "<regionInfo><item><optInStatus>opted-in</optInStatus><regionName>af-south-1</regionName>
         <regionEndpoint>ec2.af-south-1.amazonaws.com</regionEndpoint></item>
         <item><optInStatus>opt-in-not-required</optInStatus><regionName>us-east-1</regionName>
         <regionEndpoint>ec2.us-east-1.amazonaws.com</regionEndpoint></item></regionInfo>",
    );
    assert_eq!(bench.ok("DescribeRegions&RegionName.1=us-east-1&RegionName.2=af-south-1"), expected);
}

#[test]
fn all_regions_are_served_whether_or_not_all_are_asked_for() {
    let bench = Bench::new();
    let all = texts(&bench.ok("DescribeRegions"), "regionName");
    assert_eq!(all.len(), rules::places::REGIONS.len());
    assert_eq!(texts(&bench.ok("DescribeRegions&AllRegions=true"), "regionName"), all);
}

#[test]
fn filters_choose() {
    let bench = Bench::new();
    let by = |name: &str, value: &str| {
        texts(
            &bench.ok(&format!("DescribeRegions&Filter.1.Name={name}&Filter.1.Value.1={value}")),
            "regionName",
        )
    };
    assert_eq!(by("region-name", "eu-west-*"), ["eu-west-1", "eu-west-2", "eu-west-3"]);
    assert_eq!(by("endpoint", "ec2.us-west-2.amazonaws.com"), ["us-west-2"]);
    assert!(by("opt-in-status", "opted-in").contains(&"eu-south-2".to_owned()));
    assert!(!by("opt-in-status", "opt-in-not-required").contains(&"eu-south-2".to_owned()));
    assert_eq!(by("opt-in-status", "not-opted-in"), [""; 0]);
}

#[test]
fn unknown_names_and_filters_are_refused() {
    let bench = Bench::new();
    for name in ["us-east-9", "US-EAST-1", "us-east-1a", "x"] {
        let message = format!("Invalid region provided: {name}");
        bench.refused(&format!("DescribeRegions&RegionName.1={name}"), "InvalidParameterValue", &message);
    }
    let call = "DescribeRegions&Filter.1.Name=name&Filter.1.Value.1=x";
    bench.refused(call, "InvalidParameterValue", "The filter 'name' is invalid");
    bench.dry_run_passes("DescribeRegions");
    bench.only_root_may("DescribeRegions", "ec2:DescribeRegions", "*");
}
