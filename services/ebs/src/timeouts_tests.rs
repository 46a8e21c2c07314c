//! Tests of timeouts.

use crate::jobs::complete_snapshot::CompleteSnapshotJob;
use crate::rows::{Completion, DraftBlock};
use crate::testing::{Bench, block};
use crate::time_out;
use ::jobs::{Job, JobRow};
use ec2::rows::Snapshot;
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::json;
use std::time::Duration;

fn minutes(bench: &Bench, minutes: u64) {
    bench.clock.advance(Duration::from_secs(minutes * 60));
}

#[test]
fn a_snapshot_without_requests_for_its_timeout_ends_in_error_and_its_blocks_go() {
    let bench = Bench::new();
    let (short, long) = (
        bench.started(json!({"VolumeSize": 1, "Timeout": 10})),
        bench.started(json!({"VolumeSize": 1, "Timeout": 4320})),
    );
    bench.put(&short, 0, 1);
    bench.put(&long, 0, 1);
    minutes(&bench, 9);
    assert_eq!(time_out(&bench.door).unwrap(), 0);
    minutes(&bench, 1);
    assert_eq!(time_out(&bench.door).unwrap(), 1);
    assert_eq!(time_out(&bench.door).unwrap(), 0, "once");
    let row = bench.row(&short);
    assert_eq!(row.state, SnapshotState::Error);
    assert!(row.state_message.unwrap().contains("timeout"));
    bench.run();
    assert!(bench.all::<DraftBlock>().iter().all(|b| b.snapshot == long));
    assert!(bench.storage.objects.lock().unwrap().keys().all(|(id, _, _)| *id == long));
    let got = bench.put_as(&bench.root(), &short, 1, &block(1), &[]);
    assert_eq!(got.refusal().2, "INVALID_SNAPSHOT_ID");
    assert_eq!(bench.row(&long).state, SnapshotState::Pending);
    minutes(&bench, 4320);
    assert_eq!(time_out(&bench.door).unwrap(), 1);
}

#[test]
fn every_block_gives_the_whole_timeout_again() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1, "Timeout": 10}));
    for index in 0..5 {
        minutes(&bench, 9);
        bench.put(&id, index, 1);
        assert_eq!(time_out(&bench.door).unwrap(), 0);
    }
    minutes(&bench, 10);
    assert_eq!(time_out(&bench.door).unwrap(), 1);
}

#[test]
fn what_is_being_completed_or_is_completed_does_not_time_out() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1, "Timeout": 10}));
    assert_eq!(bench.complete_with(&id, 0, None).status, 202);
    minutes(&bench, 100);
    assert_eq!(time_out(&bench.door).unwrap(), 0);
    assert_eq!(bench.all::<JobRow>()[0].kind, CompleteSnapshotJob::KIND);
    bench.run();
    minutes(&bench, 100);
    assert_eq!(time_out(&bench.door).unwrap(), 0);
    assert_eq!(bench.row(&id).state, SnapshotState::Completed);
}

#[test]
fn a_completion_cut_off_by_a_crash_and_never_tried_again_times_out() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1, "Timeout": 10}));
    let row = bench.row(&id);
    bench.write(&Completion {
        account: row.account,
        region: row.region,
        snapshot: id.clone(),
        request_id: "of a server that died".into(),
        verified: false,
    });
    minutes(&bench, 10);
    assert_eq!(time_out(&bench.door).unwrap(), 1);
    bench.run();
    assert!(bench.all::<Completion>().is_empty());
}

#[test]
fn rows_of_blocks_whose_snapshot_is_gone_are_swept() {
    let bench = Bench::new();
    let ids: Vec<String> = (0..5).map(|_| bench.started(json!({"VolumeSize": 1}))).collect();
    for id in &ids {
        bench.put(id, 0, 1);
        bench.put(id, 9, 1);
    }
    for id in [&ids[0], &ids[2], &ids[4]] {
        let key = catalog::Row::key(&bench.row(id));
        bench.door.catalog.transact::<_, api::Failure>(|tx| Ok(tx.delete::<Snapshot>(&key)?)).unwrap();
    }
    assert_eq!(time_out(&bench.door).unwrap(), 0);
    let mut left: Vec<String> = bench.all::<DraftBlock>().into_iter().map(|b| b.snapshot).collect();
    left.dedup();
    let mut expected = vec![ids[1].clone(), ids[3].clone()];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(bench.all::<DraftBlock>().len(), 4);
}
