//! Tests of the life of a snapshot.

use super::*;
use SnapshotState::{Completed, Error, Pending, Recoverable, Recovering};

fn code(r: Result<(), Refusal>) -> String {
    r.map_or_else(|e| e.code.into_owned(), |()| "ok".into())
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

#[test]
fn each_state_allows_what_it_says_and_no_more() {
    let gone = "InvalidSnapshot.NotFound";
    for (state, delete, share, restore) in [
        (Pending, "ok", "ok", "IncorrectState"),
        (Completed, "ok", "ok", "ok"),
        (Error, "ok", "IncorrectState", "IncorrectState"),
        (Recoverable, gone, gone, gone),
        (Recovering, gone, gone, gone),
    ] {
        assert_eq!(code(may_delete("snap-1", state, &[])), delete, "{state:?}");
        assert_eq!(code(may_share("snap-1", state)), share, "{state:?}");
        assert_eq!(code(may_restore("snap-1", state)), restore, "{state:?}");
    }
    assert_eq!(may_restore("s", Pending).unwrap_err().message, "Snapshot is in invalid state - pending");
    assert_eq!(may_restore("s", Recoverable).unwrap_err().message, "Snapshot does not exist");
    assert_eq!(may_delete("s", Recoverable, &[]).unwrap_err().message, "The snapshot 's' does not exist.");
}

#[test]
fn a_snapshot_of_an_image_is_not_deleted() {
    let refusal = may_delete("snap-1", Completed, &["ami-1", "ami-2"]).unwrap_err();
    assert_eq!(refusal.code, "InvalidSnapshot.InUse");
    assert_eq!(refusal.message, "The snapshot snap-1 is currently in use by ami-1");
    assert!(refusal.reason.contains("ami-2"));
}

#[test]
fn only_a_completed_snapshot_is_copied() {
    for (source, expected) in [
        (Some(Completed), Ok(())),
        (Some(Pending), Err("Source snapshot is not complete")),
        (Some(Error), Err("Source snapshot is not complete")),
        (Some(Recoverable), Err("Source snapshot is not found")),
        (Some(Recovering), Err("Source snapshot is not found")),
        (None, Err("Source snapshot is not found")),
    ] {
        assert_eq!(may_copy(source).map_err(CopyTrouble::state_message), expected, "{source:?}");
    }
}

#[test]
fn snapshots_of_one_volume_keep_their_distance() {
    let rate = "SnapshotCreationPerVolumeRateExceeded";
    let many = "ConcurrentSnapshotLimitExceeded";
    for (kind, last, now, pending, expected) in [
        ("gp3", None, at(100), 0, "ok"),
        ("gp3", Some(at(100)), at(115), 4, "ok"),
        // The clock was set back by an hour since the last one.
        ("gp3", Some(at(4000)), at(400), 0, "ok"),
        ("gp3", Some(at(100)), Timestamp::from_millis(114_999), 0, rate),
        ("gp3", Some(at(100)), at(100), 0, rate),
        ("gp3", Some(at(101)), at(100), 0, rate),
        ("gp3", None, at(100), 5, many),
        ("gp2", Some(at(1)), at(100), 6, many),
        ("st1", None, at(100), 1, many),
        ("sc1", None, at(100), 1, many),
        ("st1", None, at(100), 0, "ok"),
        ("gp3", Some(Timestamp::from_millis(i64::MIN)), Timestamp::from_millis(i64::MAX), 0, "ok"),
    ] {
        assert_eq!(
            code(may_create("vol-1", kind, last, now, pending)),
            expected,
            "{kind} {last:?} {pending}"
        );
    }
}

#[test]
fn copies_and_direct_snapshots_are_counted() {
    assert_eq!(code(may_start_copy(19)), "ok");
    assert_eq!(code(may_start_copy(20)), "ResourceLimitExceeded");
    assert_eq!(code(may_start_direct(99)), "ok");
    assert_eq!(code(may_start_direct(100)), "ConcurrentLimitExceededException");
}

#[test]
fn progress_is_whole_percent_and_full_only_when_completed() {
    for (state, done, total, text) in [
        (Pending, 0, 0, "0%"),
        (Pending, 0, 10, "0%"),
        (Pending, 379, 1000, "37%"),
        (Pending, 10, 10, "99%"),
        (Pending, 11, 10, "99%"),
        (Pending, u64::MAX, u64::MAX, "99%"),
        (Error, 5, 10, "50%"),
        (Completed, 0, 0, "100%"),
        (Completed, 1, 10, "100%"),
    ] {
        assert_eq!(progress(state, done, total), text, "{state:?} {done} {total}");
    }
}

#[test]
fn states_print_as_ec2_prints_them() {
    let names: Vec<&str> = SnapshotState::ALL.into_iter().map(SnapshotState::as_str).collect();
    assert_eq!(names, ["pending", "completed", "error", "recoverable", "recovering"]);
}
