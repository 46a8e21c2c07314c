//! Copies with a failure at every step, with every step run twice, with keys that go bad and with the copy deleted on the way: what is
//! left is a completed copy, one in a documented error, or nothing.

use super::CopySnapshotJob;
use crate::rows::Snapshot;
use crate::testing::{Bench, Injected, Trouble, texts};
use ::jobs::Job;
use base::Refusal;
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::json;

const STEPS: usize = 4;
const NOT_ACCESSIBLE: &str = "Given key ID is not accessible";

/// The kinds of copies: of a plain snapshot, under another key, under the same key, and the second one into another Region.
const KINDS: [&str; 5] = ["plain", "encrypting", "other key", "same key", "repeated"];

/// Starts a copy of that kind; its id.
fn begin(bench: &Bench, kind: &str) -> String {
    let (volume, key) = if kind == "plain" || kind == "encrypting" {
        (bench.volume(""), bench.key())
    } else {
        bench.encrypted_volume()
    };
    let first = bench.snapshot(&volume);
    let copy = |source: &str, more: &str| {
        let call = format!("CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={source}{more}");
        texts(&bench.ok(&call), "snapshotId").remove(0)
    };
    match kind {
        "plain" => copy(&first, ""),
        "encrypting" | "same key" => copy(&first, &format!("&Encrypted=true&KmsKeyId={key}")),
        "other key" => copy(&first, &format!("&Encrypted=true&KmsKeyId={}", bench.key())),
        _ => {
            let second = bench.snapshot(&volume);
            bench.in_region("us-west-2");
            copy(&first, "");
            bench.run();
            copy(&second, "")
        }
    }
}

fn assert_tidy(bench: &Bench) {
    bench.assert_tidy();
    bench.assert_storage_tidy();
    for row in bench.all::<Snapshot>() {
        let Some(copied) = row.copied() else { continue };
        assert!(copied.grants.is_empty(), "{row:?}");
        assert!(copied.source_encryption.iter().all(|e| e.wrapped_key.is_none()), "{row:?}");
        let wrapped = row.encryption.iter().any(|e| e.wrapped_key.is_some());
        let completed = row.state == SnapshotState::Completed;
        assert_eq!(wrapped, completed && row.encryption.is_some(), "{row:?}");
    }
}

fn assert_completed(bench: &Bench, id: &str) {
    let row = bench.snapshot_row(id).unwrap();
    assert_eq!((row.state, row.progress, &row.state_message), (SnapshotState::Completed, 100, &None));
    assert!(row.sizes.full_bytes > 0);
    assert_eq!(bench.told(id), ["copySnapshot succeeded"], "once");
    assert_tidy(bench);
}

fn assert_failed(bench: &Bench, id: &str, message: &str) {
    let row = bench.snapshot_row(id).unwrap();
    assert_eq!((row.state, row.state_message.as_deref()), (SnapshotState::Error, Some(message)));
    assert_eq!(row.at, None);
    assert_eq!(bench.told(id), [format!("copySnapshot failed {message}")], "once");
    assert_tidy(bench);
}

#[test]
fn every_step_run_twice_is_the_same() {
    for kind in KINDS {
        let bench = Bench::new();
        bench.run_steps_twice();
        bench.host.work_takes(3);
        let id = begin(&bench, kind);
        bench.run();
        assert_completed(&bench, &id);
    }
}

#[test]
fn a_fault_or_a_crash_at_any_step_changes_nothing_in_the_end() {
    for kind in KINDS {
        for step in 0..STEPS {
            for what in [Injected::FaultBefore, Injected::Crash] {
                let bench = Bench::new();
                let id = begin(&bench, kind);
                bench.inject(CopySnapshotJob::KIND, step, what);
                bench.run();
                assert_completed(&bench, &id);
            }
        }
    }
}

#[test]
fn a_host_that_fails_or_loses_its_answer_changes_nothing_in_the_end() {
    for kind in KINDS {
        for trouble in [Trouble::Fault, Trouble::Lost] {
            for times in 1..4 {
                let bench = Bench::new();
                bench.host.work_takes(2);
                let id = begin(&bench, kind);
                bench.host.expect(&vec![trouble; times]);
                bench.run();
                assert_completed(&bench, &id);
            }
        }
    }
}

#[test]
fn a_copy_refused_at_any_step_ends_in_error_and_leaves_nothing() {
    for twice in [false, true] {
        for kind in KINDS {
            for step in 0..3 {
                for what in [Injected::Refuse, Injected::RefuseAfter] {
                    let bench = Bench::new();
                    let id = begin(&bench, kind);
                    if twice {
                        bench.run_steps_twice();
                    }
                    bench.inject(CopySnapshotJob::KIND, step, what);
                    bench.run();
                    if (step, what) == (2, Injected::RefuseAfter) {
                        // It was completed already, and that is not taken back.
                        assert_completed(&bench, &id);
                    } else {
                        assert_failed(&bench, &id, "put in by the test");
                    }
                }
            }
        }
    }
}

#[test]
fn a_host_that_refuses_ends_the_copy_in_error() {
    for kind in KINDS {
        let bench = Bench::new();
        let id = begin(&bench, kind);
        bench.host.expect(&[Trouble::Refuse]);
        bench.run();
        assert_failed(&bench, &id, "the store is damaged");
    }
}

#[test]
fn a_host_that_fails_for_long_ends_the_copy_in_error() {
    let bench = Bench::new();
    let id = begin(&bench, "encrypting");
    bench.host.expect(&[Trouble::Fault; 12]);
    bench.run();
    assert_failed(&bench, &id, "the disk is full");
}

#[test]
fn a_restarted_host_begins_again() {
    for kind in KINDS {
        let bench = Bench::new();
        let id = begin(&bench, kind);
        bench.host.work_takes(5);
        bench.run_rounds(4);
        bench.host.restart();
        bench.run();
        assert_completed(&bench, &id);
    }
}

#[test]
fn progress_is_shown_while_it_is_copied() {
    let bench = Bench::new();
    let id = begin(&bench, "other key");
    bench.host.work_takes(10);
    let mut seen = Vec::new();
    while bench.snapshot_state(&id) == "pending" {
        bench.run_rounds(1);
        seen.push(bench.snapshot_row(&id).unwrap().progress);
    }
    assert!(seen.is_sorted() && seen.contains(&50) && seen.contains(&90), "{seen:?}");
    bench.run();
    assert_completed(&bench, &id);
}

#[test]
fn a_key_that_goes_bad_on_the_way_ends_the_copy_with_its_progress_as_it_was() {
    for (kind, of_source) in
        [("encrypting", false), ("other key", false), ("other key", true), ("repeated", false)]
    {
        for how in ["DisableKey", "ScheduleKeyDeletion"] {
            let bench = Bench::new();
            let id = begin(&bench, kind);
            bench.host.work_takes(10);
            while bench.snapshot_row(&id).unwrap().progress < 50 {
                bench.run_rounds(1);
            }
            let row = bench.snapshot_row(&id).unwrap();
            let copied = row.copied().unwrap();
            let key = if of_source { copied.source_encryption.as_ref() } else { row.encryption.as_ref() };
            let arn = key.unwrap().key_arn.clone();
            if arn_is_managed(&bench, &arn) {
                continue;
            }
            bench.kms(how, json!({"KeyId": arn}));
            bench.run();
            assert_failed(&bench, &id, NOT_ACCESSIBLE);
            assert_eq!(bench.snapshot_row(&id).unwrap().progress, 50);
        }
    }
}

fn arn_is_managed(bench: &Bench, arn: &str) -> bool {
    bench.kms("DescribeKey", json!({"KeyId": arn}))["KeyMetadata"]["KeyManager"] == "AWS"
}

#[test]
fn a_key_that_is_bad_when_the_job_begins_ends_the_copy_and_retires_what_was_granted() {
    for kind in ["encrypting", "other key", "same key"] {
        let bench = Bench::new();
        let id = begin(&bench, kind);
        let keys: Vec<String> = bench.kms("ListKeys", json!({}))["Keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| k["KeyArn"].as_str().unwrap().to_owned())
            .collect();
        for arn in keys.iter().filter(|arn| !arn_is_managed(&bench, arn)) {
            bench.kms("DisableKey", json!({"KeyId": arn}));
        }
        bench.run();
        assert_failed(&bench, &id, NOT_ACCESSIBLE);
        assert_eq!(bench.snapshot_row(&id).unwrap().progress, 0);
    }
}

#[test]
fn a_caller_without_create_grant_gets_a_copy_in_error() {
    for kind in ["encrypting", "same key"] {
        let bench = Bench::new();
        let id = begin(&bench, kind);
        let arn = bench.kms("ListKeys", json!({}))["Keys"][0]["KeyArn"].as_str().unwrap().to_owned();
        let root = json!({"AWS": "111122223333"});
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": root, "Action": "kms:CreateGrant", "Resource": "*"},
        ]});
        bench.kms("PutKeyPolicy", json!({"KeyId": arn, "Policy": policy.to_string()}));
        bench.run();
        assert_failed(&bench, &id, NOT_ACCESSIBLE);
    }
}

#[test]
fn a_host_that_kms_refuses_says_so() {
    let bench = Bench::new();
    let id = begin(&bench, "other key");
    bench.host.refuse_work("copy/", Refusal::new("AccessDeniedException", "no grant"));
    bench.run();
    assert_failed(&bench, &id, NOT_ACCESSIBLE);
}

#[test]
fn a_damaged_source_says_so() {
    let bench = Bench::new();
    let id = begin(&bench, "encrypting");
    let place = |row: &Snapshot| format!("{}/{}", row.region, row.id);
    let source = bench.all::<Snapshot>().into_iter().find(|s| s.id != id).unwrap();
    bench.host.kept.lock().unwrap().gone.insert(place(&source));
    bench.run();
    let message = format!("the manifest of {} is missing", source.id);
    let row = bench.snapshot_row(&id).unwrap();
    assert_eq!((row.state, row.state_message), (SnapshotState::Error, Some(message)));
}

#[test]
fn a_copy_deleted_at_any_moment_is_given_up_and_leaves_nothing() {
    for twice in [false, true] {
        for kind in KINDS {
            for rounds in 0..8 {
                let bench = Bench::new();
                let id = begin(&bench, kind);
                if twice {
                    bench.run_steps_twice();
                }
                bench.host.work_takes(2);
                bench.run_rounds(rounds);
                bench.ok(&format!("DeleteSnapshot&SnapshotId={id}"));
                bench.run();
                assert!(bench.snapshot_row(&id).is_none(), "{kind} {rounds}");
                let former = bench.former_snapshot(&id).unwrap();
                let copied = former.snapshot.copied().unwrap();
                assert!(copied.grants.is_empty() && former.collected, "{kind} {rounds}");
                assert!(copied.source_encryption.iter().all(|e| e.wrapped_key.is_none()));
                assert!(bench.told(&id).iter().all(|t| t == "copySnapshot succeeded"));
                assert_tidy(&bench);
            }
        }
    }
}

#[test]
fn a_source_deleted_on_the_way_is_held_until_the_copy_is_made() {
    for kind in ["plain", "other key", "same key"] {
        let bench = Bench::new();
        let id = begin(&bench, kind);
        bench.host.work_takes(20);
        bench.run_rounds(4);
        let source = bench.snapshot_row(&id).unwrap().copied().unwrap().source.clone();
        bench.ok(&format!("DeleteSnapshot&SnapshotId={source}"));
        bench.run();
        assert!(bench.former_snapshot(&source).unwrap().collected);
        assert_completed(&bench, &id);
    }
}

#[test]
fn a_source_deleted_before_the_job_looks_is_not_found() {
    let bench = Bench::new();
    let id = begin(&bench, "other key");
    let source = bench.snapshot_row(&id).unwrap().copied().unwrap().source.clone();
    bench.ok(&format!("DeleteSnapshot&SnapshotId={source}"));
    bench.run();
    assert_failed(&bench, &id, "Source snapshot is not found");
}

#[test]
fn a_copy_of_what_changed_becomes_whole_when_there_is_nothing_left_to_compare_with() {
    let bench = Bench::new();
    let id = begin(&bench, "repeated");
    bench.host.work_takes(10);
    while bench.snapshot_row(&id).unwrap().progress < 50 {
        bench.run_rounds(1);
    }
    let since = bench.snapshot_row(&id).unwrap().copied().unwrap().since.clone().unwrap();
    bench.in_region("us-east-1");
    bench.ok(&format!("DeleteSnapshot&SnapshotId={}", since.snapshot));
    bench.run();
    assert_completed(&bench, &id);
    let row = bench.snapshot_row(&id).unwrap();
    assert!(!row.copied().unwrap().incremental);
    assert_eq!(row.sizes.stored_bytes, row.sizes.full_bytes);
    assert_eq!(bench.host.kept.lock().unwrap().stored[&format!("us-west-2/{id}")].1, None);
}

#[test]
fn a_copy_that_was_stored_and_not_noted_becomes_whole_too() {
    for restarted in [false, true] {
        let bench = Bench::new();
        let id = begin(&bench, "repeated");
        let stored = || bench.host.kept.lock().unwrap().stored.get(&format!("us-west-2/{id}")).cloned();
        bench.host.hold_work("copy/");
        bench.run_rounds(5);
        bench.host.heal();
        bench.host.expect(&[Trouble::Lost]);
        while stored().is_none() {
            bench.run_rounds(1);
        }
        let row = bench.snapshot_row(&id).unwrap();
        let since = row.copied().unwrap().since.clone().unwrap();
        assert!(row.state == SnapshotState::Pending && stored().unwrap().1.is_some());
        if restarted {
            bench.host.restart();
        }
        bench.in_region("us-east-1");
        bench.ok(&format!("DeleteSnapshot&SnapshotId={}", since.snapshot));
        bench.run();
        assert_completed(&bench, &id);
        assert!(!bench.snapshot_row(&id).unwrap().copied().unwrap().incremental);
        assert_eq!(stored().unwrap().1, None);
    }
}
