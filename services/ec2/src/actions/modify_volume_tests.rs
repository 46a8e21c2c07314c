//! ModifyVolume as wire text, and what its job does.

use crate::jobs::modify_volume::ModifyVolumeJob;
use crate::testing::{Bench, Injected, OTHER, Trouble, texts, xml};
use ::jobs::Job;
use std::time::Duration;

fn states(bench: &Bench, volume: &str) -> Vec<String> {
    let all = bench.all::<crate::rows::Modification>();
    all.iter().filter(|m| m.volume == volume).map(|m| m.state.as_str().to_owned()).collect()
}

fn modify(volume: &str, more: &str) -> String {
    format!("ModifyVolume&VolumeId={volume}{more}")
}

#[test]
fn a_volume_grows_and_changes_its_type_at_once() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=4");
    let body = bench.ok(&modify(&volume, "&Size=10&VolumeType=gp3&Iops=4000&Throughput=250"));
    let golden = xml(
        "ModifyVolume",
        &format!(
            "<volumeModification>
               <volumeId>{volume}</volumeId>
               <modificationState>modifying</modificationState>
               <targetSize>10</targetSize>
               <targetIops>4000</targetIops>
               <targetVolumeType>gp3</targetVolumeType>
               <targetThroughput>250</targetThroughput>
               <targetMultiAttachEnabled>false</targetMultiAttachEnabled>
               <originalSize>4</originalSize>
               <originalIops>100</originalIops>
               <originalVolumeType>gp2</originalVolumeType>
               <originalMultiAttachEnabled>false</originalMultiAttachEnabled>
               <progress>0</progress>
               <startTime>2026-01-02T03:04:05Z</startTime>
             </volumeModification>"
        ),
    );
    let started = texts(&body, "startTime").remove(0);
    assert_eq!(body.replace(&started, "2026-01-02T03:04:05Z"), golden);
    let shown = |element: &str| texts(&bench.ok(&format!("DescribeVolumes&VolumeId.1={volume}")), element);
    assert_eq!(shown("size"), ["4"], "not yet");
    bench.run();
    assert_eq!((shown("size"), shown("volumeType")), (vec!["10".into()], vec!["gp3".into()]));
    assert_eq!((shown("iops"), shown("throughput")), (vec!["4000".into()], vec!["250".into()]));
    assert_eq!(bench.host.stores.lock().unwrap()[&volume].size_bytes, 10 << 30);
    assert_eq!(
        bench.told(&volume),
        ["createVolume available", "modifyVolume optimizing", "modifyVolume completed"]
    );
    bench.assert_tidy();
}

#[test]
fn an_attached_encrypted_volume_grows_without_its_key() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", serde_json::json!({"KeyId": key.rsplit('/').next().unwrap()}));
    let before = bench.kms_calls();
    bench.ok(&modify(&volume, "&Size=2"));
    bench.run();
    assert_eq!(bench.kms_calls(), before);
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.size_gib, row.state.as_str()), (2, "in-use"));
    bench.assert_tidy();
}

#[test]
fn the_host_hears_of_an_attached_volumes_new_limits_and_of_no_other() {
    let bench = Bench::new();
    let (attached, free) = (bench.attached().0, bench.volume("&VolumeType=gp3&Size=100"));
    bench.ok(&modify(&attached, "&VolumeType=gp3&Size=100&Iops=5000&Throughput=300"));
    bench.ok(&modify(&free, "&Iops=4000"));
    bench.run();
    let limits: Vec<_> = bench.host.asked().into_iter().filter(|call| call.starts_with("limit")).collect();
    assert_eq!(limits, [format!("limit {attached} 5000 300")]);
    // Performance alone: the modification has no optimizing phase, and the limits are told all the same.
    let second = bench.volume("&VolumeType=gp3&Size=100");
    bench.attach(&second, &bench.instance());
    bench.ok(&modify(&second, "&Iops=3500"));
    bench.run();
    assert!(bench.host.asked().contains(&format!("limit {second} 3500 125")), "{:?}", bench.host.asked());
    bench.assert_tidy();
}

#[test]
fn a_change_of_performance_alone_is_not_optimized() {
    let bench = Bench::new();
    let volume = bench.volume("&VolumeType=gp3&Size=100");
    bench.ok(&modify(&volume, "&Iops=4000"));
    bench.run();
    assert_eq!(bench.told(&volume), ["createVolume available", "modifyVolume completed"]);
    assert!(bench.host.asked().iter().all(|call| !call.starts_with("grow")));
    assert_eq!(bench.row(&volume).unwrap().iops, Some(4000));
    bench.assert_tidy();
}

#[test]
fn what_cannot_be_is_refused() {
    let bench = Bench::new();
    let (volume, none) = (bench.volume("&Size=4"), "vol-0123456789abcdef0");
    let gone = |id: &str| format!("The volume '{id}' does not exist.");
    let nothing = "Must specify at least one of size, type, iops, throughput or multi-attach";
    for (call, code, message) in [
        (modify(&volume, ""), "InvalidParameterValue", nothing.to_owned()),
        (modify(&volume, "&VolumeType="), "InvalidParameterValue", nothing.into()),
        (
            modify(&volume, "&Size=3"),
            "InvalidParameterValue",
            "New size cannot be smaller than existing size".into(),
        ),
        (
            modify(&volume, "&Size=-1"),
            "InvalidParameterValue",
            "New size cannot be smaller than existing size".into(),
        ),
        (
            modify(&volume, "&Size=16385"),
            "InvalidParameterValue",
            "Volume of 16385GiB is too large for volume type gp2; maximum is 16384GiB.".into(),
        ),
        (modify(&volume, "&VolumeType=gp4"), "UnknownVolumeType", "Unknown volume type: gp4".into()),
        (
            modify(&volume, "&VolumeType=io2"),
            "MissingParameter",
            "The parameter iops must be specified for io2 volumes.".into(),
        ),
        (
            modify(&volume, "&Iops=200"),
            "InvalidParameterCombination",
            "The parameter iops is not supported for gp2 volumes.".into(),
        ),
        (
            modify(&volume, "&MultiAttachEnabled=true"),
            "InvalidParameterCombination",
            "The parameter MultiAttachEnabled is not supported for gp2 volumes.".into(),
        ),
        (modify(none, "&Size=9"), "InvalidVolume.NotFound", gone(none)),
        (
            modify("x", "&Size=9"),
            "InvalidParameterValue",
            "Value (x) for parameter volumeId is invalid. Expected: 'vol-...'.".into(),
        ),
    ] {
        bench.refused(&call, code, &message);
    }
    let call = modify(&volume, "&Size=9");
    bench.dry_run_passes(&call);
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.only_root_may(&call, "ec2:ModifyVolume", &arn);
    bench.refused_as(&bench.root_of(OTHER), &call, 400, "InvalidVolume.NotFound", &gone(&volume));
    assert_eq!(states(&bench, &volume), [""; 0]);
    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
    bench.refused(&call, "InvalidVolume.NotFound", &gone(&volume));
    let body = bench.ok("CreateVolume&Size=1&AvailabilityZone=us-east-1a");
    let young = texts(&body, "volumeId").remove(0);
    let message = format!("Volume '{young}' is in the 'creating' state.");
    bench.refused(&modify(&young, "&Size=2"), "IncorrectState", &message);
}

#[test]
fn one_at_a_time_and_four_in_a_day() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=1");
    for size in 2..=5 {
        bench.ok(&modify(&volume, &format!("&Size={size}")));
        let again = modify(&volume, "&Size=100");
        let message = format!("Volume {volume} cannot be modified in modification state MODIFYING");
        bench.refused(&again, "IncorrectModificationState", &message);
        bench.run();
    }
    let (status, body) = bench.call(&modify(&volume, "&Size=6"));
    assert_eq!((status, texts(&body, "Code")), (400, vec!["VolumeModificationRateExceeded".to_owned()]));
    bench.clock.advance(Duration::from_secs(24 * 3600));
    bench.ok(&modify(&volume, "&Size=6"));
    bench.run();
    assert_eq!(states(&bench, &volume), ["completed"; 5]);
    assert_eq!(bench.row(&volume).unwrap().size_gib, 6);
    bench.assert_tidy();
}

#[test]
fn a_host_that_refuses_fails_the_modification_and_the_volume_stays() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=1");
    bench.host.expect(&[Trouble::Refuse]);
    bench.ok(&modify(&volume, "&Size=2&VolumeType=gp3"));
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.size_gib, row.volume_type.as_str()), (1, "gp2"));
    let shown = bench.ok(&format!("DescribeVolumesModifications&VolumeId.1={volume}"));
    assert_eq!(texts(&shown, "modificationState"), ["failed"]);
    assert_eq!(texts(&shown, "statusMessage"), ["the store is damaged"]);
    bench.assert_tidy();
    bench.ok(&modify(&volume, "&Size=3"));
    bench.run();
    assert_eq!(bench.row(&volume).unwrap().size_gib, 3);
    bench.assert_tidy();
}

#[test]
fn a_fault_a_crash_or_a_lost_answer_at_any_step_changes_nothing_in_the_end() {
    for twice in [false, true] {
        for step in 0..ModifyVolumeJob::STEPS.len() {
            for what in [Injected::FaultBefore, Injected::Crash] {
                let bench = Bench::new();
                let volume = bench.volume("&Size=1");
                if twice {
                    bench.run_steps_twice();
                }
                bench.inject(ModifyVolumeJob::KIND, step, what);
                bench.host.expect(&[Trouble::Lost, Trouble::Fault]);
                bench.ok(&modify(&volume, "&Size=2"));
                bench.run();
                let told = ["createVolume available", "modifyVolume optimizing", "modifyVolume completed"];
                assert_eq!(bench.told(&volume), told, "{step} {what:?} {twice}");
                assert_eq!(bench.row(&volume).unwrap().size_gib, 2);
                bench.assert_tidy();
            }
        }
    }
}

#[test]
fn a_modification_refused_at_any_step_ends_failed() {
    for twice in [false, true] {
        for step in 0..ModifyVolumeJob::STEPS.len() {
            let bench = Bench::new();
            let volume = bench.volume("&Size=1");
            if twice {
                bench.run_steps_twice();
            }
            bench.inject(ModifyVolumeJob::KIND, step, Injected::Refuse);
            bench.ok(&modify(&volume, "&Size=2&VolumeType=gp3"));
            bench.run();
            assert_eq!(states(&bench, &volume), ["failed"], "{step}");
            let row = bench.row(&volume).unwrap();
            assert_eq!((row.size_gib, row.volume_type.as_str()), (1, "gp2"), "{step}");
            bench.assert_tidy();
        }
    }
}

#[test]
fn a_volume_deleted_while_it_is_modified_takes_its_modifications_along() {
    for rounds in 0..4 {
        let bench = Bench::new();
        let volume = bench.volume("&Size=1");
        bench.ok(&modify(&volume, "&Size=2"));
        bench.run_rounds(rounds);
        bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
        bench.run();
        assert!(bench.row(&volume).is_none());
        assert_eq!(states(&bench, &volume), [""; 0]);
        bench.assert_tidy();
    }
}
