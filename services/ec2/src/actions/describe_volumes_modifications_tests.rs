//! DescribeVolumesModifications as wire text.

use crate::testing::{Bench, OTHER, texts, xml};
use std::time::Duration;

const NONE: &str = "vol-0123456789abcdef0";

fn modified(bench: &Bench, more: &str) -> String {
    let volume = bench.volume("&Size=1");
    bench.ok(&format!("ModifyVolume&VolumeId={volume}{more}"));
    bench.run();
    volume
}

#[test]
fn the_newest_modification_of_each_volume_is_shown_and_stays() {
    let bench = Bench::new();
    let volume = modified(&bench, "&Size=2");
    bench.clock.advance(Duration::from_secs(60));
    bench.ok(&format!("ModifyVolume&VolumeId={volume}&Size=3"));
    bench.run();
    bench.clock.advance(Duration::from_secs(7 * 24 * 3600));
    let golden = xml(
        "DescribeVolumesModifications",
        &format!(
            "<volumeModificationSet><item>
               <volumeId>{volume}</volumeId>
               <modificationState>completed</modificationState>
               <targetSize>3</targetSize>
               <targetIops>100</targetIops>
               <targetVolumeType>gp2</targetVolumeType>
               <targetMultiAttachEnabled>false</targetMultiAttachEnabled>
               <originalSize>2</originalSize>
               <originalIops>100</originalIops>
               <originalVolumeType>gp2</originalVolumeType>
               <originalMultiAttachEnabled>false</originalMultiAttachEnabled>
               <progress>100</progress>
               <startTime>2026-01-02T03:05:05.012Z</startTime>
               <endTime>2026-01-02T03:05:05.016Z</endTime>
             </item></volumeModificationSet>"
        ),
    );
    assert_eq!(bench.ok(&format!("DescribeVolumesModifications&VolumeId.1={volume}")), golden);
    assert_eq!(bench.ok("DescribeVolumesModifications"), golden);
}

#[test]
fn filters_and_pages_choose() {
    let bench = Bench::new();
    let mut volumes: Vec<String> = (0..7).map(|_| modified(&bench, "&Size=2")).collect();
    let other = modified(&bench, "&VolumeType=gp3");
    let by = |name: &str, value: &str| {
        let call = format!("DescribeVolumesModifications&Filter.1.Name={name}&Filter.1.Value.1={value}");
        texts(&bench.ok(&call), "volumeId")
    };
    assert_eq!(by("target-volume-type", "gp3"), [other.as_str()]);
    assert_eq!(by("original-size", "1").len(), 8);
    assert_eq!(by("target-size", "2").len(), 7);
    assert_eq!(by("modification-state", "optimizing"), [""; 0]);
    assert_eq!(by("modification-state", "comp*").len(), 8);
    assert_eq!(by("volume-id", &volumes[3]), [volumes[3].as_str()]);
    volumes.push(other);
    volumes.sort();
    let first = bench.ok("DescribeVolumesModifications&MaxResults=5");
    let token = crate::testing::encoded(&texts(&first, "nextToken")[0]);
    let second = bench.ok(&format!("DescribeVolumesModifications&MaxResults=5&NextToken={token}"));
    assert_eq!([texts(&first, "volumeId"), texts(&second, "volumeId")].concat(), volumes);
    assert_eq!(texts(&second, "nextToken"), [""; 0]);
}

#[test]
fn bad_requests_are_refused() {
    let bench = Bench::new();
    let never = bench.volume("");
    let theirs = modified(&bench, "&Size=2");
    for (call, code, message) in [
        (
            format!("VolumeId.1={never}"),
            "InvalidVolumeModification.NotFound",
            format!("Modification for volume {never} does not exist."),
        ),
        (
            format!("VolumeId.1={theirs}&VolumeId.2={never}"),
            "InvalidVolumeModification.NotFound",
            format!("Modification for volume {never} does not exist."),
        ),
        (
            format!("VolumeId.1={NONE}"),
            "InvalidVolume.NotFound",
            format!("The volume '{NONE}' does not exist."),
        ),
        (
            "VolumeId.1=x".into(),
            "InvalidVolumeID.Malformed",
            "Invalid id: \"x\" (expecting \"vol-...\")".into(),
        ),
        (
            "Filter.1.Name=size&Filter.1.Value.1=1".into(),
            "InvalidParameterValue",
            "The filter 'size' is invalid".into(),
        ),
        (
            "NextToken=x".into(),
            "InvalidParameterValue",
            "The specified value for parameter nextToken is invalid.".into(),
        ),
    ] {
        bench.refused(&format!("DescribeVolumesModifications&{call}"), code, &message);
    }
    let empty = xml("DescribeVolumesModifications", "<volumeModificationSet></volumeModificationSet>");
    assert_eq!(bench.ok_as(OTHER, "DescribeVolumesModifications"), empty);
    bench.dry_run_passes("DescribeVolumesModifications");
    bench.only_root_may("DescribeVolumesModifications", "ec2:DescribeVolumesModifications", "*");
}
