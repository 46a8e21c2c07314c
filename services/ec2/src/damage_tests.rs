//! A volume whose disk failed a sync, as callers see it: impaired, explained, and well again when it was opened anew.

use crate::damage::read_only;
use crate::resume::{Which, reattach};
use crate::testing::{Bench, attach_call, texts};

const WHY: &str = "syncing data failed: Input/output error";

/// An attached encrypted volume that has become read-only.
fn failed(bench: &Bench) -> (String, String) {
    let (volume, instance, _) = bench.attached();
    bench.host.asked();
    read_only(&bench.door, &volume, WHY).unwrap();
    (volume, instance)
}

fn assert_well(bench: &Bench, volume: &str) {
    assert_eq!(bench.row(volume).unwrap().read_only, None);
    let body = bench.ok("DescribeVolumeStatus");
    assert!(body.contains("<status>ok</status>") && !body.contains("<eventType>"), "{body}");
}

#[test]
fn a_failed_sync_impairs_the_volume_and_is_told_as_an_event() {
    let bench = Bench::new();
    let (volume, _) = failed(&bench);
    let body = bench.ok("DescribeVolumeStatus");
    let line = format!("the volume is read-only because {WHY}");
    for part in [
        "<status>impaired</status>",
        "<name>io-enabled</name><status>failed</status>",
        "<eventType>potential-data-inconsistency</eventType>",
        "<code>enable-volume-io</code>",
        &format!("<description>{line}</description>"),
    ] {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert_eq!(bench.told(&volume).last().unwrap(), &format!("volumeImpaired impaired {line}"));
    for (filter, count) in [("potential-data-inconsistency", 1), ("io-enabled:failed", 0)] {
        let call = format!("DescribeVolumeStatus&Filter.1.Name=event.event-type&Filter.1.Value.1={filter}");
        assert_eq!(texts(&bench.ok(&call), "volumeId").len(), count, "{filter}");
    }
}

#[test]
fn a_volume_that_nobody_knows_is_nobodys_trouble() {
    let bench = Bench::new();
    let before = bench.everything();
    read_only(&bench.door, "vol-00000000000000000", WHY).unwrap();
    assert_eq!(bench.everything(), before);
}

#[test]
fn detaching_and_attaching_makes_it_well() {
    let bench = Bench::new();
    let (volume, instance) = failed(&bench);
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    assert!(bench.row(&volume).unwrap().read_only.is_some(), "the host still has it open");
    bench.run();
    assert_well(&bench, &volume);
    // The last flush of a detachment can fail, too, and is told when nothing is attached any more.
    read_only(&bench.door, &volume, WHY).unwrap();
    bench.ok(&attach_call(&volume, &instance));
    bench.run();
    assert_well(&bench, &volume);
    assert_eq!(bench.told(&volume).iter().filter(|t| t.contains(WHY)).count(), 2, "what was told stays told");
}

#[test]
fn enabling_io_opens_it_anew() {
    let bench = Bench::new();
    let (volume, instance) = failed(&bench);
    let call = format!("EnableVolumeIO&VolumeId={volume}");
    bench.ok(&call);
    bench.ok(&call);
    assert_eq!(bench.jobs().len(), 1, "one in line is enough");
    assert!(bench.row(&volume).unwrap().read_only.is_some(), "not before it was opened anew");
    bench.run();
    assert_eq!(
        bench.host.asked(),
        [format!("detach {volume} {instance}"), format!("attach {volume} {instance}")]
    );
    assert_well(&bench, &volume);
    let row = bench.row(&volume).unwrap();
    assert!(row.attachments[0].uri.is_some() && row.attachments[0].broken.is_none());
    bench.refused(&call, "IncorrectState", &format!("Volume {volume} already has IO enabled"));
    bench.assert_tidy();
}

#[test]
fn a_volume_that_several_instances_share_is_let_go_by_all_before_it_is_opened() {
    let bench = Bench::new();
    let volume = bench.volume("&VolumeType=io2&Iops=100&MultiAttachEnabled=true&Size=4");
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.attach(&volume, &two);
    read_only(&bench.door, &volume, WHY).unwrap();
    bench.host.asked();
    bench.ok(&format!("DetachVolume&VolumeId={volume}&InstanceId={one}"));
    bench.run();
    assert!(bench.row(&volume).unwrap().read_only.is_some(), "the other one keeps it open");
    bench.attach(&volume, &one);
    assert!(bench.row(&volume).unwrap().read_only.is_some(), "it shares the failed device");
    bench.host.asked();
    bench.ok(&format!("EnableVolumeIO&VolumeId={volume}"));
    bench.run();
    let asked = bench.host.asked();
    let first_attach = asked.iter().position(|call| call.starts_with("attach")).unwrap();
    assert_eq!((first_attach, asked.len()), (2, 4), "{asked:?}");
    assert_well(&bench, &volume);
}

#[test]
fn a_restarted_host_has_opened_everything_anew() {
    let bench = Bench::new();
    let (volume, _) = failed(&bench);
    bench.host.restart();
    reattach(&bench.door, Which::All).unwrap();
    bench.run();
    assert_well(&bench, &volume);
}
