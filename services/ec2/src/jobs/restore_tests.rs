//! Volumes made from snapshots, with a failure at every step of their jobs, with every step run twice, and deleted on the way.

use super::create_volume::CreateVolumeJob;
use super::load_volume::LoadVolumeJob;
use crate::rows::Snapshot;
use crate::testing::{Bench, Injected, Trouble, texts};
use ::jobs::Job;
use base::Refusal;
use serde_json::json;

/// The ways to a volume from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    SameKey,
    OtherKey,
    Encrypting,
    Fast,
}

const WAYS: [Way; 5] = [Way::Plain, Way::SameKey, Way::OtherKey, Way::Encrypting, Way::Fast];

/// A snapshot for this way, and what CreateVolume says beside it.
fn prepare(bench: &Bench, way: Way) -> (Snapshot, String) {
    let key = |bench: &Bench| format!("&Encrypted=true&KmsKeyId={}", bench.key());
    match way {
        Way::Plain => (bench.plain_snapshot(1), String::new()),
        Way::SameKey => (bench.encrypted_snapshot().0, String::new()),
        Way::OtherKey => (bench.encrypted_snapshot().0, key(bench)),
        Way::Encrypting => (bench.plain_snapshot(1), key(bench)),
        Way::Fast => {
            let snapshot = bench.encrypted_snapshot().0;
            bench.fast_restore(&snapshot, "us-east-1a", "enabled");
            (snapshot, String::new())
        }
    }
}

fn begin(bench: &Bench, (snapshot, more): &(Snapshot, String)) -> String {
    let call = format!("CreateVolume&AvailabilityZone=us-east-1a&SnapshotId={}{more}", snapshot.id);
    texts(&bench.ok(&call), "volumeId").remove(0)
}

/// The volume is as it should be, was told of once, and nothing is left over.
fn assert_well(bench: &Bench, volume: &str, way: Way) {
    let row = bench.row(volume).unwrap();
    assert_eq!(row.state.as_str(), "available", "{way:?}");
    let loads = matches!(way, Way::Plain | Way::SameKey);
    let told: &[&str] = if loads {
        &["createVolume available", "initializeVolume succeeded"]
    } else {
        &["createVolume available"]
    };
    assert_eq!(bench.told(volume), told, "{way:?}");
    bench.assert_tidy();
}

#[test]
fn a_fault_or_a_crash_at_any_step_changes_nothing_in_the_end() {
    for way in WAYS {
        let steps = [
            (CreateVolumeJob::KIND, CreateVolumeJob::STEPS.len()),
            (LoadVolumeJob::KIND, LoadVolumeJob::STEPS.len()),
        ];
        for (kind, steps) in steps {
            for step in 0..steps {
                for what in [Injected::FaultBefore, Injected::Crash] {
                    let bench = Bench::new();
                    let prepared = prepare(&bench, way);
                    bench.host.work_takes(2);
                    bench.inject(kind, step, what);
                    let volume = begin(&bench, &prepared);
                    bench.run();
                    assert_well(&bench, &volume, way);
                }
            }
        }
    }
}

#[test]
fn every_step_run_twice_is_the_same() {
    for way in WAYS {
        let bench = Bench::new();
        let prepared = prepare(&bench, way);
        bench.host.work_takes(3);
        bench.run_steps_twice();
        let volume = begin(&bench, &prepared);
        bench.run();
        assert_well(&bench, &volume, way);
    }
}

#[test]
fn a_host_in_trouble_or_restarted_changes_nothing_in_the_end() {
    for way in WAYS {
        for trouble in [Trouble::Fault, Trouble::Lost] {
            for calls in 1..5 {
                let bench = Bench::new();
                let prepared = prepare(&bench, way);
                bench.host.work_takes(2);
                let volume = begin(&bench, &prepared);
                bench.host.expect(&vec![trouble; calls]);
                bench.run_rounds(4);
                bench.host.restart();
                bench.run();
                assert_well(&bench, &volume, way);
            }
        }
    }
}

#[test]
fn a_creation_refused_at_any_step_vanishes_whole() {
    for way in WAYS {
        for twice in [false, true] {
            for step in 0..CreateVolumeJob::STEPS.len() {
                for what in [Injected::Refuse, Injected::RefuseAfter] {
                    let bench = Bench::new();
                    let prepared = prepare(&bench, way);
                    bench.host.work_takes(1);
                    if twice {
                        bench.run_steps_twice();
                    }
                    bench.inject(CreateVolumeJob::KIND, step, what);
                    let volume = begin(&bench, &prepared);
                    bench.run();
                    assert!(bench.row(&volume).is_none(), "{way:?} {step} {what:?}");
                    let former = bench.former(&volume).unwrap();
                    assert!(former.failure.unwrap().contains("put in by the test"));
                    let keys = [former.volume.encryption, former.volume.source.and_then(|s| s.encryption)];
                    assert!(keys.iter().flatten().all(|e| e.wrapped_key.is_none()), "nobody can open it");
                    bench.assert_tidy();
                }
            }
        }
    }
}

#[test]
fn a_volume_deleted_on_the_way_goes_wherever_it_stood() {
    for way in WAYS {
        for rounds in 0..12 {
            let bench = Bench::new();
            let prepared = prepare(&bench, way);
            bench.host.work_takes(3);
            let volume = begin(&bench, &prepared);
            bench.run_rounds(rounds);
            bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
            bench.run();
            assert!(bench.row(&volume).is_none() && bench.former(&volume).is_some(), "{way:?} {rounds}");
            bench.assert_tidy();
        }
    }
}

#[test]
fn a_key_that_goes_bad_while_the_data_is_written_anew_undoes_the_volume() {
    for way in [Way::OtherKey, Way::Encrypting] {
        let bench = Bench::new();
        let prepared = prepare(&bench, way);
        let key = prepared.1.rsplit('=').next().unwrap().to_owned();
        let volume = begin(&bench, &prepared);
        bench.run_rounds(2);
        bench.kms("DisableKey", json!({"KeyId": key.rsplit('/').next().unwrap()}));
        bench.run();
        let told = [format!("createVolume failed {key} is disabled."), "deleteVolume deleted".into()];
        assert_eq!(bench.told(&volume), told, "{way:?}");
        assert_eq!(bench.kms_calls().last().unwrap(), "RetireGrant", "also of a disabled key");
        bench.assert_tidy();
    }
}

#[test]
fn a_grant_that_somebody_revoked_stops_nothing_at_the_end() {
    let bench = Bench::new();
    let prepared = prepare(&bench, Way::OtherKey);
    let volume = begin(&bench, &prepared);
    bench.run_rounds(3);
    let grant = bench.grants().remove(0);
    bench.kms("RevokeGrant", json!({"KeyId": grant.key_id, "GrantId": grant.grant_id}));
    bench.run();
    assert_well(&bench, &volume, Way::OtherKey);
}

#[test]
fn a_snapshot_that_cannot_be_read_is_reported_once_and_heals() {
    let bench = Bench::new();
    let prepared = prepare(&bench, Way::SameKey);
    let why = "chunk 3 of the snapshot is damaged";
    bench.host.refuse_work("load/", Refusal::new("IncorrectState", why));
    let volume = begin(&bench, &prepared);
    bench.run_rounds(20);
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.state.as_str(), row.damage.as_slice()), ("available", &[why.to_owned()][..]));
    assert!(row.source.unwrap().loading, "the snapshot's objects are still held");
    let status = bench.ok("DescribeVolumeStatus");
    assert!(status.contains(&format!("<description>{why}</description>")), "{status}");
    bench.host.heal();
    bench.run();
    assert_eq!(bench.row(&volume).unwrap().damage, [""; 0]);
    assert_well(&bench, &volume, Way::SameKey);
}

#[test]
fn a_loading_volume_shows_how_far_it_is_and_can_be_attached_and_detached() {
    let bench = Bench::new();
    let prepared = prepare(&bench, Way::SameKey);
    bench.host.work_takes(40);
    let volume = begin(&bench, &prepared);
    bench.run_rounds(16);
    let progress = bench.row(&volume).unwrap().source.unwrap().progress;
    assert!((10..60).contains(&progress), "{progress}");
    let status = bench.ok(&format!("DescribeVolumeStatus&VolumeId.1={volume}"));
    for part in [
        "<name>initialization-state</name><status>initializing</status>".to_owned(),
        "<initializationType>default</initializationType>".into(),
        format!("<progress>{progress}</progress>"),
    ] {
        assert!(status.contains(&part), "{part}: {status}");
    }
    let instance =
        texts(&bench.ok("RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1"), "instanceId")
            .remove(0);
    bench.run_rounds(3);
    bench.ok(&crate::testing::attach_call(&volume, &instance));
    bench.run_rounds(4);
    let row = bench.row(&volume).unwrap();
    assert!(row.source.unwrap().loading, "still");
    assert_eq!(row.state.as_str(), "in-use");
    bench.run();
    bench.assert_tidy();
}
