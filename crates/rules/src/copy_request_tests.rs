//! Tests of the checks of a copy's request.

use super::*;

const ID: &str = "snap-0123456789abcdef0";
const OTHER: &str = "snap-0fedcba9876543210";

fn here() -> Region {
    Region::parse("us-east-1").unwrap()
}

fn good<'a>() -> CopyRequest<'a> {
    CopyRequest { source_snapshot_id: Some(ID), source_region: Some("us-west-2"), ..Default::default() }
}

fn answer(asked: CopyRequest) -> String {
    check(asked, &here()).map_or_else(|r| format!("{}: {}", r.code, r.message), |_| "ok".into())
}

fn with_url(url: &str) -> String {
    answer(CopyRequest { presigned_url: Some(url), ..good() })
}

#[test]
fn a_whole_request_becomes_a_plan() {
    let asked = CopyRequest { destination_region: Some("us-east-1"), completion_minutes: Some(30), ..good() };
    let plan = check(asked, &here()).unwrap();
    assert_eq!(plan.snapshot.as_str(), ID);
    assert_eq!(plan.source_region.as_str(), "us-west-2");
    assert_eq!(plan.completion_minutes, Some(30));
    assert_eq!(check(good(), &here()).unwrap().completion_minutes, None);
    assert_eq!(answer(CopyRequest { destination_region: Some(""), presigned_url: Some(""), ..good() }), "ok");
}

#[test]
fn the_source_must_be_named_and_well_formed() {
    let missing = "MissingParameter: The request must contain the parameter SourceSnapshotId";
    let malformed = "InvalidParameterValue: The specified snapshotId is invalid";
    for (id, expected) in [
        (None, missing),
        (Some(""), missing),
        (Some("snap"), malformed),
        (Some("snap-1"), malformed),
        (Some("vol-0123456789abcdef0"), malformed),
        (Some("snap-0123456789abcdef0 "), malformed),
        (Some("snap-0123456789ABCDEF0"), malformed),
    ] {
        assert_eq!(answer(CopyRequest { source_snapshot_id: id, ..good() }), expected, "{id:?}");
    }
    let absent = "MissingParameter: The request must contain the parameter SourceRegion";
    assert_eq!(answer(CopyRequest { source_region: None, ..good() }), absent);
    assert_eq!(answer(CopyRequest { source_region: Some(""), ..good() }), absent);
}

#[test]
fn regions_must_be_served_and_the_destination_is_here() {
    for bad in ["us-west-9", "mars", "us-west-2a", "US-WEST-2", "us-west-2/.."] {
        let expected = format!("InvalidRegion: {bad} is not a valid region name");
        assert_eq!(answer(CopyRequest { source_region: Some(bad), ..good() }), expected);
    }
    for bad in ["us-west-2", "us-east-2", "nowhere"] {
        let expected = format!(
            "InvalidParameterValue: DestinationRegion '{bad}' does not match the current region (us-east-1)"
        );
        assert_eq!(answer(CopyRequest { destination_region: Some(bad), ..good() }), expected);
    }
    assert_eq!(answer(CopyRequest { source_region: Some("us-east-1"), ..good() }), "ok");
}

#[test]
fn a_presigned_url_of_this_very_copy_passes_whatever_its_signature() {
    for url in [
        format!(
            "https://ec2.us-west-2.amazonaws.com/?Action=CopySnapshot&SourceSnapshotId={ID}&DestinationRegion=us-east-1"
        ),
        format!(
            "HTTP://localhost:4566?DestinationRegion=us-east-1&SourceSnapshotId={ID}&X-Amz-Signature=bad#x"
        ),
        format!("http://h/?SourceSnapshotId=snap%2D{}&DestinationRegion=us%2Deast%2d1", &ID[5..]),
    ] {
        assert_eq!(with_url(&url), "ok", "{url}");
    }
}

#[test]
fn a_presigned_url_of_another_copy_is_refused() {
    let protocol = "InvalidParameterValue: The protocol in PresignedUrl should be http or https";
    for url in ["ftp://h/?SourceSnapshotId=x", "h/?a=b", "://", "x", "httpss://h/", "javascript:alert(1)"] {
        assert_eq!(with_url(url), protocol, "{url}");
    }
    let source = |named: &str| {
        format!(
            "InvalidParameterValue: The source snapshot specified in PresignedUrl '{named}' does not match the source snapshot in \
             the request: '{ID}'"
        )
    };
    let region = |named: &str| {
        format!(
            "InvalidParameterValue: The destination region specified in PresignedUrl: '{named}' is incorrect"
        )
    };
    for (query, expected) in [
        (format!("SourceSnapshotId={OTHER}&DestinationRegion=us-east-1"), source(OTHER)),
        (
            format!("Action=DeleteSnapshot&SourceSnapshotId={ID}&DestinationRegion=us-east-1"),
            "InvalidParameterValue: The action specified in PresignedUrl: 'DeleteSnapshot' is incorrect"
                .to_owned(),
        ),
        (
            format!("SourceSnapshotId={ID}&SourceRegion=sa-east-1&DestinationRegion=us-east-1"),
            "InvalidParameterValue: The source region specified in PresignedUrl: 'sa-east-1' is incorrect"
                .to_owned(),
        ),
        ("DestinationRegion=us-east-1".to_owned(), source("")),
        ("SourceSnapshotId&DestinationRegion=us-east-1".to_owned(), source("")),
        (String::new(), source("")),
        // The first one counts, and names have one spelling.
        (
            format!("SourceSnapshotId={OTHER}&SourceSnapshotId={ID}&DestinationRegion=us-east-1"),
            source(OTHER),
        ),
        (format!("sourcesnapshotid={ID}&DestinationRegion=us-east-1"), source("")),
        ("SourceSnapshotId=%ff%fe&DestinationRegion=us-east-1".to_owned(), source("\u{fffd}\u{fffd}")),
        (format!("SourceSnapshotId={ID}&DestinationRegion=us-west-2"), region("us-west-2")),
        (format!("SourceSnapshotId={ID}"), region("")),
        (format!("SourceSnapshotId={ID}#DestinationRegion=us-east-1"), region("")),
        (format!("SourceSnapshotId={ID}&DestinationRegion=%"), region("%")),
    ] {
        assert_eq!(with_url(&format!("https://ec2.us-west-2.amazonaws.com/?{query}")), expected, "{query}");
    }
}

#[test]
fn a_completion_time_is_a_multiple_of_a_quarter_of_an_hour() {
    for good_minutes in [15, 30, 2865, 2880] {
        assert_eq!(answer(CopyRequest { completion_minutes: Some(good_minutes), ..good() }), "ok");
    }
    for bad in [i32::MIN, -15, 0, 1, 14, 16, 29, 2881, 2895, i32::MAX] {
        let text = answer(CopyRequest { completion_minutes: Some(bad), ..good() });
        assert!(text.starts_with("InvalidParameterValue"), "{bad}: {text}");
    }
}
