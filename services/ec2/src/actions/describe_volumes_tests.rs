//! DescribeVolumes as wire text: shapes, filters, pages.

use crate::testing::{Bench, OTHER, encoded, texts, xml};

fn ids(body: &str) -> Vec<String> {
    // Attachments name the volume once more; the first of each item is its own.
    let mut ids = texts(body, "volumeId");
    ids.dedup();
    ids
}

fn filtered(bench: &Bench, name: &str, values: &[&str]) -> Vec<String> {
    let mut call = format!("DescribeVolumes&Filter.1.Name={}", encoded(name));
    for (n, value) in values.iter().enumerate() {
        call.push_str(&format!("&Filter.1.Value.{}={}", n + 1, encoded(value)));
    }
    ids(&bench.ok(&call))
}

#[test]
fn a_volume_in_use_shows_every_member() {
    let bench = Bench::new();
    let key = bench.key();
    let volume = bench.volume(&format!(
        "&Size=8&VolumeType=gp3&Encrypted=true&KmsKeyId={key}&TagSpecification.1.ResourceType=volume\
         &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a%26b"
    ));
    let instance = bench.instance();
    bench.attach(&volume, &instance);
    let body = bench.ok("DescribeVolumes");
    let created = texts(&body, "createTime").remove(0);
    assert_eq!(created, "2026-01-02T03:04:05.002Z", "milliseconds, unlike CreateVolume's");
    let attached = texts(&body, "attachTime").remove(0);
    let expected = xml(
        "DescribeVolumes",
        &format!(
            "<volumeSet><item>
             <availabilityZoneId>use1-az1</availabilityZoneId>
             <iops>3000</iops>
             <tagSet><item><key>Name</key><value>a&amp;b</value></item></tagSet>
             <volumeType>gp3</volumeType>
             <multiAttachEnabled>false</multiAttachEnabled>
             <throughput>125</throughput>
             <volumeId>{volume}</volumeId>
             <size>8</size>
             <snapshotId></snapshotId>
             <availabilityZone>us-east-1a</availabilityZone>
             <status>in-use</status>
             <createTime>{created}</createTime>
             <attachmentSet><item>
             <deleteOnTermination>false</deleteOnTermination>
             <volumeId>{volume}</volumeId>
             <instanceId>{instance}</instanceId>
             <device>/dev/sdf</device>
             <status>attached</status>
             <attachTime>{attached}</attachTime>
             </item></attachmentSet>
             <encrypted>true</encrypted>
             <kmsKeyId>{key}</kmsKeyId>
             </item></volumeSet>"
        ),
    );
    assert_eq!(body, expected);
    assert_eq!(
        bench.ok(&format!("DescribeVolumes&VolumeId.1={volume}&VolumeId.2={volume}")),
        expected,
        "once"
    );
}

#[test]
fn no_volumes_are_an_empty_set_and_a_free_one_has_an_empty_attachment_set() {
    let bench = Bench::new();
    assert_eq!(bench.ok("DescribeVolumes"), xml("DescribeVolumes", "<volumeSet></volumeSet>"));
    bench.volume("");
    let body = bench.ok("DescribeVolumes");
    assert!(
        !body.contains("<tagSet") && !body.contains("<kmsKeyId") && !body.contains("<throughput"),
        "{body}"
    );
    assert!(body.contains("<attachmentSet></attachmentSet>"), "{body}");
}

#[test]
fn each_filter_finds_its_own_and_no_more() {
    let bench = Bench::new();
    let (used, instance, _) = bench.attached();
    let tagged = bench.volume(
        "&Size=4&VolumeType=io2&Iops=100&MultiAttachEnabled=true&AvailabilityZone=us-east-1b\
         &TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=Team&TagSpecification.1.Tag.1.Value=red",
    );
    let row = bench.row(&used).unwrap();
    let created = wire::time::iso_millis(row.created);
    let attached = wire::time::iso_millis(row.attachments[0].attached);
    for (name, of_used) in [
        ("attachment.attach-time", attached.as_str()),
        ("attachment.delete-on-termination", "false"),
        ("attachment.device", "/dev/sdf"),
        ("attachment.instance-id", &instance),
        ("attachment.status", "attached"),
        ("availability-zone", "us-east-1a"),
        ("availability-zone-id", "use1-az1"),
        ("create-time", &created),
        ("encrypted", "true"),
        ("multi-attach-enabled", "false"),
        ("size", "1"),
        ("status", "in-use"),
        ("volume-id", &used),
        ("volume-type", "gp2"),
    ] {
        assert_eq!(filtered(&bench, name, &[of_used]), [used.as_str()], "{name}");
        assert_eq!(filtered(&bench, name, &["no such value"]), [""; 0], "{name}");
    }
    for (name, value) in [("tag:Team", "red"), ("tag:Team", "r*"), ("tag-key", "Team"), ("tag-key", "T??m")] {
        assert_eq!(filtered(&bench, name, &[value]), [tagged.as_str()], "{name}={value}");
    }
    for (name, value) in [
        ("tag:team", "red"),
        ("tag:Team", "Red"),
        ("tag-key", "red"),
        ("status", "IN-USE"),
        ("snapshot-id", "snap-0"),
    ] {
        assert_eq!(filtered(&bench, name, &[value]), [""; 0], "{name}={value}");
    }
    assert_eq!(filtered(&bench, "fast-restored", &["false"]).len(), 2);
    assert_eq!(filtered(&bench, "operator.managed", &["true"]).len(), 0);
}

#[test]
fn values_are_alternatives_and_filters_all_must_hold() {
    let bench = Bench::new();
    let small = bench.volume("&Size=1");
    let large = bench.volume("&Size=2");
    assert_eq!(filtered(&bench, "size", &["1", "2", "3"]).len(), 2);
    let both = "DescribeVolumes&Filter.1.Name=size&Filter.1.Value.1=1&Filter.1.Value.2=2&Filter.2.Name=volume-id&Filter.2.Value.1=";
    assert_eq!(ids(&bench.ok(&format!("{both}{large}"))), [large.as_str()]);
    let by_id = format!("DescribeVolumes&VolumeId.1={small}&Filter.1.Name=size&Filter.1.Value.1=2");
    assert_eq!(ids(&bench.ok(&by_id)), [""; 0], "filters sift what ids name");
    assert_eq!(filtered(&bench, "size", &[]), [""; 0]);
}

#[test]
fn an_unknown_filter_is_refused() {
    let bench = Bench::new();
    for name in ["kms-key-id", "Status", "tag:", "attachment", ""] {
        let message = format!("The filter '{name}' is invalid");
        let call = format!("DescribeVolumes&Filter.1.Name={}&Filter.1.Value.1=x", encoded(name));
        bench.refused(&call, "InvalidParameterValue", &message);
    }
}

#[test]
fn ids_that_are_malformed_or_name_nothing_refuse_the_whole_call() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let foreign =
        texts(&bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    let none = "vol-0123456789abcdef0";
    for id in [none, &foreign] {
        let call = format!("DescribeVolumes&VolumeId.1={volume}&VolumeId.2={id}");
        bench.refused(&call, "InvalidVolume.NotFound", &format!("The volume '{id}' does not exist."));
    }
    for id in ["x", "i-0123456789abcdef0", "vol-"] {
        let message = format!("Invalid id: \"{id}\" (expecting \"vol-...\")");
        bench.refused(&format!("DescribeVolumes&VolumeId.1={id}"), "InvalidVolumeID.Malformed", &message);
    }
    bench.in_region("us-west-2");
    let message = format!("The volume '{volume}' does not exist.");
    bench.refused(&format!("DescribeVolumes&VolumeId.1={volume}"), "InvalidVolume.NotFound", &message);
    assert_eq!(ids(&bench.ok("DescribeVolumes")), [""; 0]);
}

#[test]
fn pages_hold_every_volume_once_and_filters_do_not_thin_them() {
    let bench = Bench::new();
    for n in 0..24 {
        bench.volume(if n % 2 == 0 { "&Size=2" } else { "&Size=1" });
    }
    let all = ids(&bench.ok("DescribeVolumes"));
    let (mut seen, mut token, mut sizes) = (vec![], String::new(), vec![]);
    loop {
        let call = format!(
            "DescribeVolumes&MaxResults=5&Filter.1.Name=size&Filter.1.Value.1=2&NextToken={}",
            encoded(&token)
        );
        let body = bench.ok(&call);
        let page = ids(&body);
        sizes.push(page.len());
        seen.extend(page);
        match texts(&body, "nextToken").pop() {
            Some(next) => token = next,
            None => break,
        }
    }
    assert_eq!((seen.len(), sizes), (12, vec![5, 5, 2]));
    assert!(all.len() == 24 && seen.iter().all(|id| all.contains(id)));
    let exact = bench.ok("DescribeVolumes&MaxResults=24");
    assert_eq!(
        (ids(&exact).len(), texts(&exact, "nextToken").len()),
        (24, 0),
        "no page follows an exact one"
    );
}

#[test]
fn bad_page_requests_are_refused() {
    let bench = Bench::new();
    (0..6).for_each(|_| drop(bench.volume("")));
    for max in [4, 1, 0, -1] {
        let message =
            format!("Value ( {max} ) for parameter maxResults is invalid. Expecting a value greater than 5.");
        bench.refused(&format!("DescribeVolumes&MaxResults={max}"), "InvalidParameterValue", &message);
    }
    let call = "DescribeVolumes&MaxResults=5&VolumeId.1=vol-0123456789abcdef0";
    let message = "The parameter maxResults cannot be used with the parameter that names the resources' ids";
    bench.refused(call, "InvalidParameterCombination", message);
    let token = texts(&bench.ok("DescribeVolumes&MaxResults=5"), "nextToken").remove(0);
    let bad = "The specified value for parameter nextToken is invalid.";
    let with = |token: &str| format!("DescribeVolumes&MaxResults=5&NextToken={token}");
    bench.refused_as(&bench.root_of(OTHER), &with(&token), 400, "InvalidParameterValue", bad);
    for forged in ["x", &token[1..], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        bench.refused(&with(forged), "InvalidParameterValue", bad);
    }
    bench.refused(&format!("DescribeInstances&MaxResults=5&NextToken={token}"), "InvalidParameterValue", bad);
    bench.in_region("us-west-2");
    bench.refused(&with(&token), "InvalidParameterValue", bad);
}

#[test]
fn a_dry_run_passes_and_others_may_not() {
    let bench = Bench::new();
    bench.dry_run_passes("DescribeVolumes");
    bench.only_root_may("DescribeVolumes", "ec2:DescribeVolumes", "*");
}
