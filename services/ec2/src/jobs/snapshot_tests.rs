//! The jobs of snapshots with a failure at every step, with every step run twice, with a host that fails or is restarted: nothing is
//! left behind, and every snapshot ends as AWS documents.

use super::collect_snapshot::CollectSnapshotJob;
use super::create_snapshot::CreateSnapshotJob;
use super::store_snapshot::StoreSnapshotJob;
use super::thaw_volume::ThawVolumeJob;
use crate::testing::{Bench, Injected, Trouble, texts};
use ::jobs::Job;
use base::Refusal;

const STEPS: [(&str, usize); 4] = [
    (CreateSnapshotJob::KIND, 2),
    (StoreSnapshotJob::KIND, 3),
    (ThawVolumeJob::KIND, 4),
    (CollectSnapshotJob::KIND, 2),
];

/// Two snapshots of an encrypted volume, the first deleted, then the volume, then the second.
fn whole_life(bench: &Bench) {
    let (volume, _) = bench.encrypted_volume();
    let (first, second) = (bench.snapshot(&volume), bench.snapshot(&volume));
    for id in [&first, &second] {
        assert_eq!(bench.snapshot_state(id), "completed");
        assert_eq!(bench.told(id), ["createSnapshot succeeded"], "once");
    }
    bench.assert_tidy();
    bench.assert_storage_tidy();
    bench.ok(&format!("DeleteSnapshot&SnapshotId={first}"));
    bench.run();
    bench.assert_storage_tidy();
    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
    bench.run();
    bench.ok(&format!("DeleteSnapshot&SnapshotId={second}"));
    bench.run();
    bench.assert_tidy();
    bench.assert_storage_tidy();
    assert_eq!(bench.host.kept.lock().unwrap().stored.len(), 0);
}

#[test]
fn a_whole_life_leaves_nothing_in_between() {
    for looks in [0, 3] {
        let bench = Bench::new();
        bench.host.work_takes(looks);
        whole_life(&bench);
    }
}

#[test]
fn a_whole_life_with_every_step_run_twice_is_the_same() {
    let bench = Bench::new();
    bench.run_steps_twice();
    whole_life(&bench);
}

#[test]
fn a_fault_or_a_crash_at_any_step_changes_nothing_in_the_end() {
    for (kind, steps) in STEPS {
        for step in 0..steps {
            for what in [Injected::FaultBefore, Injected::Crash] {
                let bench = Bench::new();
                bench.host.work_takes(1);
                bench.inject(kind, step, what);
                whole_life(&bench);
            }
        }
    }
}

#[test]
fn a_host_that_fails_or_loses_its_answer_at_any_call_changes_nothing_in_the_end() {
    for trouble in [Trouble::Fault, Trouble::Lost] {
        for calls in 1..=8 {
            let bench = Bench::new();
            let volume = bench.volume("");
            bench.host.work_takes(1);
            bench.host.expect(&vec![trouble; calls]);
            let snapshot = bench.snapshot(&volume);
            assert_eq!(bench.snapshot_state(&snapshot), "completed", "{trouble:?} {calls}");
            assert_eq!(bench.told(&snapshot), ["createSnapshot succeeded"]);
            bench.host.expect(&vec![trouble; calls]);
            bench.ok(&format!("DeleteSnapshot&SnapshotId={snapshot}"));
            bench.run();
            bench.assert_tidy();
            bench.assert_storage_tidy();
        }
    }
}

#[test]
fn a_host_restarted_while_it_stores_starts_again() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.host.work_takes(5);
    let snapshot = bench.begin_snapshot(&volume, "");
    for _ in 0..6 {
        bench.run_rounds(2);
        bench.host.restart();
    }
    bench.run();
    assert_eq!(bench.snapshot_state(&snapshot), "completed");
    bench.assert_storage_tidy();
}

#[test]
fn a_refusal_at_any_step_ends_in_error_or_after_the_end_changes_nothing() {
    for twice in [false, true] {
        for (kind, step, ends) in [
            (CreateSnapshotJob::KIND, 0, "error"),
            (CreateSnapshotJob::KIND, 1, "error"),
            (StoreSnapshotJob::KIND, 0, "error"),
            (StoreSnapshotJob::KIND, 1, "error"),
            (StoreSnapshotJob::KIND, 2, "completed"),
            (ThawVolumeJob::KIND, 1, "completed"),
            (ThawVolumeJob::KIND, 2, "completed"),
            (ThawVolumeJob::KIND, 3, "completed"),
        ] {
            for what in [Injected::Refuse, Injected::RefuseAfter] {
                // What is stored is stored: a refusal that comes after the row says so takes nothing back.
                let ends = if kind == StoreSnapshotJob::KIND && step == 1 && what == Injected::RefuseAfter {
                    "completed"
                } else {
                    ends
                };
                let bench = Bench::new();
                let volume = bench.volume("");
                bench.host.work_takes(1);
                if twice {
                    bench.run_steps_twice();
                }
                bench.inject(kind, step, what);
                let snapshot = bench.snapshot(&volume);
                assert_eq!(bench.snapshot_state(&snapshot), ends, "{kind} {step} {what:?}");
                let row = bench.snapshot_row(&snapshot).unwrap();
                let told = if ends == "error" {
                    assert_eq!(row.state_message.as_deref(), Some("put in by the test"));
                    "createSnapshot failed put in by the test"
                } else {
                    "createSnapshot succeeded"
                };
                assert_eq!(bench.told(&snapshot), [told], "{kind} {step} {what:?}");
                // What a snapshot that failed would have stored is still to be stored for the next one.
                let thawed = std::mem::take(&mut bench.host.kept.lock().unwrap().thawed);
                assert!(thawed.iter().all(|(_, _, stored)| *stored == (ends == "completed")), "{thawed:?}");
                bench.assert_tidy();
                bench.assert_storage_tidy();
                // The volume is as before: the next snapshot works, and it can be deleted.
                let next = bench.snapshot(&volume);
                assert_eq!(bench.snapshot_state(&next), "completed");
                bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
                bench.run();
                bench.assert_tidy();
            }
        }
    }
}

#[test]
fn a_fault_that_does_not_go_away_ends_the_snapshot() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let snapshot = bench.begin_snapshot(&volume, "");
    bench.host.expect(&[Trouble::Fault; 10]);
    bench.run();
    let row = bench.snapshot_row(&snapshot).unwrap();
    assert_eq!((row.state.as_str(), row.state_message.as_deref()), ("error", Some("the disk is full")));
    assert_eq!(bench.told(&snapshot), ["createSnapshot failed the disk is full"]);
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn an_instant_that_cannot_be_had_fails_the_whole_set() {
    let bench = Bench::new();
    let instance = bench.instance_with(
        "&BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.VolumeSize=1\
         &BlockDeviceMapping.2.DeviceName=/dev/sdg&BlockDeviceMapping.2.Ebs.VolumeSize=1",
    );
    bench.host.expect(&[Trouble::Refuse]);
    let body = bench.ok(&format!("CreateSnapshots&InstanceSpecification.InstanceId={instance}"));
    bench.run();
    let ids = texts(&body, "snapshotId");
    for id in &ids {
        assert_eq!(bench.snapshot_state(id), "error");
        assert_eq!(bench.told(id)[0], "createSnapshot failed the store is damaged");
    }
    let sets = bench.events().iter().filter(|e| e["detail"]["event"] == "createSnapshots").count();
    assert_eq!((ids.len(), sets), (2, 1));
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn a_deletion_at_any_moment_with_any_failure_leaves_nothing() {
    for (kind, steps) in STEPS {
        for step in 0..steps {
            for what in [Injected::Crash, Injected::Refuse, Injected::RefuseAfter] {
                // What tidies up is never refused.
                let tidies = [CollectSnapshotJob::KIND, ThawVolumeJob::KIND].contains(&kind);
                if tidies && what != Injected::Crash {
                    continue;
                }
                for rounds in [0, 2, 4] {
                    let bench = Bench::new();
                    let volume = bench.volume("");
                    bench.host.work_takes(2);
                    bench.inject(kind, step, what);
                    let snapshot = bench.begin_snapshot(&volume, "");
                    bench.run_rounds(rounds);
                    bench.ok(&format!("DeleteSnapshot&SnapshotId={snapshot}"));
                    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
                    bench.run();
                    assert_eq!(bench.snapshot_state(&snapshot), "gone");
                    bench.assert_tidy();
                    bench.assert_storage_tidy();
                }
            }
        }
    }
}

#[test]
fn a_collection_that_meets_a_damaged_manifest_waits_for_it_to_heal() {
    let bench = Bench::new();
    let snapshot = bench.snapshot(&bench.volume(""));
    bench.host.refuse_work("collect/", Refusal::new("IncorrectState", "a manifest is damaged"));
    bench.ok(&format!("DeleteSnapshot&SnapshotId={snapshot}"));
    bench.run_rounds(10);
    assert!(!bench.former_snapshot(&snapshot).unwrap().collected);
    bench.host.heal();
    bench.run();
    bench.assert_storage_tidy();
}
