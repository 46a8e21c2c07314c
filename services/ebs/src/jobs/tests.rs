//! Both jobs with a failure at every step and with every step run twice: in the end the snapshot is completed or in error, and no
//! row of its blocks is left.

use super::complete_snapshot::CompleteSnapshotJob;
use super::discard_draft::DiscardDraftJob;
use crate::rows::{Completion, DraftBlock};
use crate::testing::{Bench, Injected, block, fault};
use ::jobs::{Job, JobRow, Kinds};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::json;
use std::time::Duration;

/// A snapshot of two blocks over a parent, asked to be completed.
fn closed(bench: &Bench) -> String {
    let parent = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": bench.key()}), &[(0, 1)]);
    let id = bench.started(json!({"VolumeSize": 1, "ParentSnapshotId": parent}));
    bench.put(&id, 3, 3);
    bench.put(&id, 5, 5);
    assert_eq!(bench.complete_with(&id, 2, None).status, 202);
    id
}

fn assert_tidy(bench: &Bench) {
    assert!(bench.all::<JobRow>().is_empty());
    assert!(bench.all::<DraftBlock>().is_empty() && bench.all::<Completion>().is_empty());
}

fn assert_completed(bench: &Bench, id: &str) {
    let row = bench.row(id);
    assert_eq!((row.state, row.progress), (SnapshotState::Completed, 100));
    assert!(row.at.is_some() && row.completed.is_some() && row.base.is_none() && row.base_at.is_none());
    assert_eq!((row.sizes.full_bytes, row.sizes.stored_bytes), (3 * 524_288, 2 * 524_288));
    let tokens = bench.tokens(id);
    assert_eq!(tokens.keys().copied().collect::<Vec<_>>(), [0, 3, 5]);
    for (index, token) in tokens {
        let seed = if index == 0 { 1 } else { u8::try_from(index).unwrap() };
        assert!(bench.read_as(&bench.root(), id, index, &token).body == block(seed), "{index}");
    }
    assert_tidy(bench);
}

#[test]
fn a_completed_snapshot_holds_its_parents_blocks_and_its_own() {
    let bench = Bench::new();
    let id = closed(&bench);
    bench.run();
    assert_completed(&bench, &id);
    assert!(bench.storage.forgotten.lock().unwrap().contains(&format!("assemble/us-east-1/{id}")));
}

#[test]
fn steps_may_run_twice() {
    let bench = Bench::new();
    bench.run_steps_twice();
    let id = closed(&bench);
    bench.run();
    assert_completed(&bench, &id);
}

#[test]
fn a_fault_or_a_crash_at_any_step_changes_nothing_in_the_end() {
    for step in 0..3 {
        for what in [Injected::FaultBefore, Injected::Crash] {
            let bench = Bench::new();
            let id = closed(&bench);
            bench.inject(CompleteSnapshotJob::KIND, step, what);
            bench.run();
            assert_completed(&bench, &id);
        }
    }
}

#[test]
fn progress_is_shown_while_the_host_works() {
    let bench = Bench::new();
    let id = closed(&bench);
    *bench.storage.looks.lock().unwrap() = 3;
    let mut seen = vec![];
    while let Some(job) = bench.all::<JobRow>().into_iter().next() {
        bench.run_head(job);
        seen.push(bench.row(&id).progress);
    }
    seen.dedup();
    assert_eq!(seen, [25, 50, 75, 100]);
    assert_completed(&bench, &id);
}

#[test]
fn a_completion_that_is_refused_or_keeps_failing_ends_in_error_with_a_reason() {
    for lasting in [false, true] {
        for twice in [false, true] {
            let bench = Bench::new();
            let id = closed(&bench);
            if twice {
                bench.run_steps_twice();
            }
            if lasting {
                bench.storage.trouble.lock().unwrap().extend((0..9).map(|_| fault()));
            } else {
                bench.inject(CompleteSnapshotJob::KIND, 0, Injected::Refuse);
            }
            bench.run();
            let row = bench.row(&id);
            let why = if lasting { "the disk is full" } else { "put in by the test" };
            assert_eq!(row.state, SnapshotState::Error, "{lasting} {twice}");
            assert!(row.state_message.unwrap().contains(why));
            assert!(row.at.is_none() && row.base.is_none());
            assert!(bench.storage.objects.lock().unwrap().keys().all(|(of, _, _)| *of != id), "discarded");
            assert_tidy(&bench);
            assert_eq!(bench.complete_with(&id, 2, None).refusal().2, "INVALID_SNAPSHOT_ID");
        }
    }
}

#[test]
fn a_few_faults_do_not_end_a_completion() {
    let bench = Bench::new();
    let id = closed(&bench);
    bench.storage.trouble.lock().unwrap().extend((0..8).map(|_| fault()));
    bench.run();
    assert_completed(&bench, &id);
}

#[test]
fn a_snapshot_deleted_while_it_is_completed_stays_deleted() {
    for rounds in 0..3 {
        let bench = Bench::new();
        let id = closed(&bench);
        for _ in 0..rounds {
            bench.run_head(bench.all::<JobRow>().remove(0));
        }
        let key = catalog::Row::key(&bench.row(&id));
        bench
            .door
            .catalog
            .transact::<_, api::Failure>(|tx| Ok(tx.delete::<ec2::rows::Snapshot>(&key)?))
            .unwrap();
        bench.run();
        assert!(bench.all::<ec2::rows::Snapshot>().iter().all(|row| row.id != id));
        assert_tidy(&bench);
    }
}

#[test]
fn a_discard_survives_faults_and_crashes() {
    for step in 0..2 {
        for what in [Injected::FaultBefore, Injected::Crash] {
            let bench = Bench::new();
            let id = bench.started(json!({"VolumeSize": 1}));
            bench.put(&id, 0, 1);
            bench.clock.advance(Duration::from_secs(3601));
            assert_eq!(crate::time_out(&bench.door).unwrap(), 1);
            bench.inject(DiscardDraftJob::KIND, step, what);
            bench.run();
            assert!(bench.storage.objects.lock().unwrap().is_empty());
            assert_tidy(&bench);
        }
    }
}

#[test]
fn the_runner_knows_both_jobs() {
    let bench = Bench::new();
    let runner = std::sync::Arc::new(::jobs::Runner::default());
    runner.start(&bench.door, super::kinds(Kinds::default())).unwrap();
    let id = closed(&bench);
    for _ in 0..200 {
        runner.resume(&bench.door).unwrap();
        runner.settle(&env::Env::real(), Duration::from_secs(10));
        bench.clock.advance(Duration::from_millis(200));
        if bench.all::<JobRow>().is_empty() {
            break;
        }
    }
    runner.stop();
    assert_completed(&bench, &id);
}
