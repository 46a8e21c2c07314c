//! DeleteSnapshot as wire text: what goes at once, what waits for others, and what is refused.

use crate::rows::Share;
use crate::testing::{Bench, OTHER, texts, xml};

fn delete(id: &str) -> String {
    format!("DeleteSnapshot&SnapshotId={id}")
}

fn stored(bench: &Bench) -> Vec<String> {
    bench.host.kept.lock().unwrap().stored.keys().map(|p| p.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn a_deleted_snapshot_is_gone_with_its_objects_its_shares_and_its_wrapped_key() {
    let bench = Bench::new();
    let (volume, _) = bench.encrypted_volume();
    let snapshot = bench.snapshot(&volume);
    bench.ok(&format!(
        "ModifySnapshotAttribute&SnapshotId={snapshot}&CreateVolumePermission.Add.1.UserId={OTHER}"
    ));
    let before = bench.kms_calls();
    assert_eq!(bench.ok(&delete(&snapshot)), xml("DeleteSnapshot", "<return>true</return>"));
    let gone = format!("The snapshot '{snapshot}' does not exist.");
    bench.refused(&format!("DescribeSnapshots&SnapshotId.1={snapshot}"), "InvalidSnapshot.NotFound", &gone);
    assert_eq!(stored(&bench), [snapshot.as_str()], "objects go in the background");
    bench.refused(&delete(&snapshot), "InvalidSnapshot.NotFound", &gone);
    bench.run();
    assert_eq!(stored(&bench), [""; 0]);
    assert!(bench.former_snapshot(&snapshot).unwrap().collected);
    assert_eq!(bench.all::<Share>().len(), 0);
    assert_eq!(bench.kms_calls(), before, "nothing of the key is needed");
    assert_eq!(bench.ok("DescribeSnapshots"), xml("DescribeSnapshots", "<snapshotSet></snapshotSet>"));
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn others_of_the_lineage_are_named_to_whoever_collects() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let (first, second) = (bench.snapshot(&volume), bench.snapshot(&volume));
    let restored = bench.volume(&format!("&SnapshotId={second}"));
    let third = bench.snapshot(&restored);
    bench.volume("");
    bench.host.asked();
    bench.ok(&delete(&second));
    bench.run();
    assert_eq!(bench.host.asked(), [format!("collect beside 2 collect/{second}")]);
    bench.ok(&delete(&first));
    bench.ok(&delete(&third));
    bench.run();
    assert_eq!(stored(&bench), [""; 0]);
    bench.assert_storage_tidy();
}

#[test]
fn objects_stay_while_a_volume_loads_from_them() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let snapshot = bench.snapshot(&volume);
    bench.host.hold_work("load/");
    let restored = texts(
        &bench.ok(&format!("CreateVolume&AvailabilityZone=us-east-1a&SnapshotId={snapshot}")),
        "volumeId",
    )
    .remove(0);
    bench.run_rounds(10);
    bench.ok(&delete(&snapshot));
    bench.run_rounds(20);
    assert!(bench.row(&restored).unwrap().source.unwrap().loading);
    assert_eq!(stored(&bench), [snapshot.as_str()]);
    assert!(!bench.former_snapshot(&snapshot).unwrap().collected);
    bench.host.heal();
    bench.run();
    assert_eq!(stored(&bench), [""; 0]);
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn objects_stay_while_the_next_snapshot_is_stored_over_them() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let first = bench.snapshot(&volume);
    bench.host.hold_work("store/");
    let second = bench.begin_snapshot(&volume, "");
    bench.run_rounds(5);
    assert_eq!(bench.snapshot_row(&second).unwrap().base, Some(format!("us-east-1/{first}")));
    bench.ok(&delete(&first));
    bench.run_rounds(20);
    assert_eq!(stored(&bench), [first.as_str()], "it is the base of the other");
    bench.host.heal();
    bench.run();
    assert_eq!(stored(&bench), [second.as_str()]);
    assert_eq!(bench.snapshot_state(&second), "completed");
    bench.assert_storage_tidy();
}

#[test]
fn a_pending_snapshot_is_given_up_wherever_it_is() {
    for rounds in 0..8 {
        let bench = Bench::new();
        let volume = bench.volume("");
        bench.host.work_takes(3);
        let snapshot = bench.begin_snapshot(&volume, "");
        bench.run_rounds(rounds);
        bench.ok(&delete(&snapshot));
        bench.run();
        assert_eq!(bench.snapshot_state(&snapshot), "gone");
        assert_eq!(stored(&bench), [""; 0], "after {rounds}");
        bench.assert_tidy();
        bench.assert_storage_tidy();
        // The next one starts afresh.
        let next = bench.snapshot(&volume);
        assert_eq!(bench.snapshot_state(&next), "completed");
    }
}

#[test]
fn a_snapshot_deleted_before_its_instant_leaves_nothing_frozen() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.stall(true);
    let (status, _) = bench.call(&format!("CreateSnapshot&VolumeId={volume}"));
    assert_eq!(status, 503);
    let snapshot = texts(&bench.ok("DescribeSnapshots"), "snapshotId").remove(0);
    bench.ok(&delete(&snapshot));
    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
    bench.run();
    assert_eq!(bench.host.kept.lock().unwrap().instants.len(), 0);
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn a_failed_snapshot_is_deleted_without_another_look_at_the_store() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.host.refuse_work("store/", base::Refusal::new("IncorrectState", "damaged"));
    let snapshot = bench.snapshot(&volume);
    assert_eq!(bench.snapshot_state(&snapshot), "error");
    bench.host.heal();
    bench.host.asked();
    bench.ok(&delete(&snapshot));
    bench.run();
    assert_eq!(bench.host.asked(), [""; 0]);
    bench.assert_storage_tidy();
}

#[test]
fn a_locked_snapshot_stays() {
    let bench = Bench::new();
    let snapshot = bench.snapshot(&bench.volume(""));
    let mut row = bench.snapshot_row(&snapshot).unwrap();
    let now = bench.door.env.clock.now();
    row.lock = Some(rules::lifecycle::snapshot_lock::Lock {
        mode: rules::lifecycle::snapshot_lock::LockMode::Governance,
        created: now,
        duration_days: 1,
        starts: Some(now),
        expires: Some(now.plus(std::time::Duration::from_secs(86_400))),
        cool_off_hours: None,
        cool_off_until: None,
    });
    bench.put(&row);
    let message = format!("The snapshot '{snapshot}' is locked; it cannot be deleted.");
    bench.refused(&delete(&snapshot), "SnapshotLocked", &message);
    bench.clock.advance(std::time::Duration::from_secs(86_400));
    bench.ok(&delete(&snapshot));
    bench.run();
    bench.assert_storage_tidy();
}

#[test]
fn a_volume_goes_only_after_its_pending_snapshots() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.host.work_takes(10);
    let snapshot = bench.begin_snapshot(&volume, "");
    bench.ok(&format!("DeleteVolume&VolumeId={volume}"));
    bench.host.asked();
    bench.run_rounds(8);
    assert!(bench.row(&volume).is_some() && bench.snapshot_state(&snapshot) == "pending");
    bench.run();
    assert!(bench.row(&volume).is_none());
    assert_eq!(bench.snapshot_state(&snapshot), "completed");
    let asked = bench.host.asked();
    assert!(!asked.iter().any(|c| c.starts_with("merge")), "its layers go with it: {asked:?}");
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn bad_ids_others_snapshots_and_other_callers_are_refused() {
    let bench = Bench::new();
    let foreign = {
        let made = bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a");
        bench.run();
        let volume = texts(&made, "volumeId").remove(0);
        texts(&bench.ok_as(OTHER, &format!("CreateSnapshot&VolumeId={volume}")), "snapshotId").remove(0)
    };
    bench.run();
    bench.ok_as(
        OTHER,
        &format!("ModifySnapshotAttribute&SnapshotId={foreign}&CreateVolumePermission.Add.1.Group=all"),
    );
    for id in ["snap-0123456789abcdef0", "snap-01234567", &foreign] {
        let gone = format!("The snapshot '{id}' does not exist.");
        bench.refused(&delete(id), "InvalidSnapshot.NotFound", &gone);
        bench.dry_run_passes(&delete(id));
    }
    for id in ["snap-", "vol-0123456789abcdef0", "..", "snap-0123456789ABCDEF0"] {
        let message = format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'.");
        bench.refused(&delete(id), "InvalidParameterValue", &message);
    }
    assert_eq!(bench.snapshot_state(&foreign), "completed");
    let arn = "arn:aws:ec2:us-east-1::snapshot/snap-0123456789abcdef0";
    bench.only_root_may(&delete("snap-0123456789abcdef0"), "ec2:DeleteSnapshot", arn);
}
