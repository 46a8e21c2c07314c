//! DeleteTags as wire text.

use crate::testing::{Bench, xml};

/// A volume with the tags a=1, b=2, c= and its DeleteTags.
fn tagged(bench: &Bench) -> (String, String) {
    let volume = bench.volume("");
    bench.ok(&format!(
        "CreateTags&ResourceId.1={volume}&Tag.1.Key=a&Tag.1.Value=1&Tag.2.Key=b&Tag.2.Value=2&Tag.3.Key=c&Tag.3.Value="
    ));
    let call = format!("DeleteTags&ResourceId.1={volume}");
    (volume, call)
}

fn keys(bench: &Bench, volume: &str) -> String {
    bench.row(volume).unwrap().tags.into_iter().map(|t| t.key).collect()
}

#[test]
fn a_key_alone_removes_the_tag_and_a_value_must_be_the_same() {
    let bench = Bench::new();
    let (volume, call) = tagged(&bench);
    assert_eq!(bench.ok(&format!("{call}&Tag.1.Key=a")), xml("DeleteTags", "<return>true</return>"));
    assert_eq!(keys(&bench, &volume), "bc");
    bench.ok(&format!("{call}&Tag.1.Key=b&Tag.1.Value=other"));
    assert_eq!(keys(&bench, &volume), "bc");
    bench.ok(&format!("{call}&Tag.1.Key=b&Tag.1.Value="));
    assert_eq!(keys(&bench, &volume), "bc", "an empty value is a value");
    bench.ok(&format!("{call}&Tag.1.Key=b&Tag.1.Value=2&Tag.2.Key=c&Tag.2.Value="));
    assert_eq!(keys(&bench, &volume), "");
}

#[test]
fn no_tags_named_removes_all() {
    let bench = Bench::new();
    let (volume, call) = tagged(&bench);
    bench.ok(&call);
    assert_eq!(keys(&bench, &volume), "");
}

#[test]
fn what_is_not_there_is_no_error_but_a_resource_must_be() {
    let bench = Bench::new();
    let (volume, call) = tagged(&bench);
    bench.ok(&format!("{call}&Tag.1.Key=A&Tag.2.Key=none"));
    let none = "vol-0123456789abcdef0";
    let message = format!("The volume '{none}' does not exist.");
    bench.refused(&format!("{call}&ResourceId.2={none}&Tag.1.Key=a"), "InvalidVolume.NotFound", &message);
    bench.refused(&format!("{call}&ResourceId.2=vol&Tag.1.Key=a"), "InvalidID", "The ID 'vol' is not valid");
    assert_eq!(keys(&bench, &volume), "abc", "all resources, or none");
    bench.dry_run_passes(&call);
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.only_root_may(&call, "ec2:DeleteTags", &arn);
}
