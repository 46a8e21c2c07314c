//! Tests of CompleteSnapshot, up to the job; what the job does is tested with it.

use crate::jobs::complete_snapshot::CompleteSnapshotJob;
use crate::rows::{Completion, DraftBlock};
use crate::testing::{Bench, OTHER, block, checksum, fault};
use ::jobs::{Job, JobRow};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::json;
use std::collections::BTreeMap;

const MISSING: &str = "snap-0123456789abcdef0";

/// The checksum over blocks of these seeds.
fn linear(seeds: &[u8]) -> String {
    let mut known: BTreeMap<u8, Vec<u8>> = BTreeMap::new();
    let mut digest_of = |seed: u8| {
        known.entry(seed).or_insert_with(|| digest(&SHA256, &block(seed)).as_ref().to_vec()).clone()
    };
    let digests: Vec<u8> = seeds.iter().flat_map(|seed| digest_of(*seed)).collect();
    checksum(&digests)
}

fn invalid(word: &str) -> (u16, String, String) {
    (400, "ValidationException".into(), word.into())
}

#[test]
fn the_answer_is_pending_until_the_job_is_done_and_completed_afterwards() {
    let bench = Bench::new();
    for key in [None, Some(bench.key())] {
        let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
        // In whatever order they come, the checksum goes by index.
        for (index, seed) in [(9, 3), (0, 1), (4, 2)] {
            bench.put(&id, index, seed);
        }
        let got = bench.complete_with(&id, 3, Some(linear(&[1, 2, 3])));
        assert_eq!((got.status, got.json()), (202, json!({"Status": "pending"})));
        assert_eq!(bench.complete_with(&id, 3, None).json(), json!({"Status": "pending"}));
        let jobs = bench.all::<JobRow>();
        assert_eq!(
            (jobs.len(), jobs[0].kind.as_str()),
            (1, CompleteSnapshotJob::KIND),
            "one job, asked twice"
        );
        bench.run();
        assert_eq!(bench.complete_with(&id, 3, None).json(), json!({"Status": "completed"}));
        assert_eq!(bench.tokens(&id).into_keys().collect::<Vec<_>>(), [0, 4, 9]);
    }
}

#[test]
fn no_blocks_have_the_digest_of_nothing() {
    let bench = Bench::new();
    for sum in [None, Some(checksum(b""))] {
        let id = bench.started(json!({"VolumeSize": 1}));
        assert_eq!(bench.complete_with(&id, 0, sum).status, 202);
    }
    let id = bench.started(json!({"VolumeSize": 1}));
    assert_eq!(
        bench.complete_with(&id, 0, Some(checksum(b"x"))).refusal(),
        invalid("INVALID_PARAMETER_VALUE")
    );
}

#[test]
fn a_wrong_count_or_checksum_is_refused_and_leaves_the_snapshot_open() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": bench.key()}));
    bench.put(&id, 0, 1);
    bench.put(&id, 1, 2);
    for (count, sum) in [
        (0, None),
        (1, None),
        (3, None),
        (i64::from(i32::MAX), None),
        (1, Some(linear(&[1, 2]))),
        (3, Some(linear(&[1, 2]))),
        (2, Some(linear(&[2, 1]))),
        (2, Some(linear(&[1]))),
        (2, Some(checksum(b""))),
        (2, Some("AAAA".into())),
        (2, Some("A".into())),
    ] {
        let got = bench.complete_with(&id, count, sum.clone());
        assert_eq!(got.refusal(), invalid("INVALID_PARAMETER_VALUE"), "{count} {sum:?}");
    }
    assert!(bench.all::<Completion>().is_empty() && bench.all::<JobRow>().is_empty());
    bench.put(&id, 2, 3);
    assert_eq!(bench.complete_with(&id, 3, Some(linear(&[1, 2, 3]))).status, 202);
}

#[test]
fn what_the_model_forbids_is_refused() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    let line = format!("POST /snapshots/completion/{id}");
    let count = ("x-amz-changedblockscount", "0".to_owned());
    for headers in [
        vec![],
        vec![("x-amz-changedblockscount", "-1".to_owned())],
        vec![count.clone(), ("x-amz-checksum-algorithm", "MD5".to_owned())],
        vec![count.clone(), ("x-amz-checksum-aggregation-method", "TREE".to_owned())],
        vec![count, ("x-amz-checksum", "x".repeat(65))],
    ] {
        let got = bench.call_as(&bench.root(), &line, &headers, b"");
        assert_eq!(got.refusal().1, "ValidationException", "{headers:?}");
    }
}

#[test]
fn only_the_callers_direct_snapshots_are_completed() {
    let bench = Bench::new();
    let of_volume = bench.of_volume("vol-0123456789abcdef0", "l", &[], None);
    assert_eq!(bench.complete_with(&of_volume, 0, None).refusal(), invalid("INVALID_SNAPSHOT_ID"));
    assert_eq!(bench.complete_with("snap-x", 0, None).refusal(), invalid("INVALID_SNAPSHOT_ID"));
    let got = bench.complete_with(MISSING, 0, None);
    assert_eq!(got.refusal(), (404, "ResourceNotFoundException".into(), "SNAPSHOT_NOT_FOUND".into()));
    assert_eq!(got.json()["Message"], format!("The snapshot '{MISSING}' does not exist."));
    let id = bench.started(json!({"VolumeSize": 1}));
    let line = format!("POST /snapshots/completion/{id}");
    let headers = [("x-amz-changedblockscount", "0".to_owned())];
    assert_eq!(bench.call_as(&bench.root_of(OTHER), &line, &headers, b"").status, 404);
    assert_eq!(bench.call_as(&bench.session(), &line, &headers, b"").refusal().1, "AccessDeniedException");
    assert!(bench.all::<Completion>().is_empty());
}

#[test]
fn the_checksum_needs_the_key_and_the_count_does_not() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
    bench.put(&id, 0, 1);
    bench.kms("DisableKey", json!({"KeyId": key}));
    let got = bench.complete_with(&id, 1, Some(linear(&[1])));
    assert_eq!(got.refusal(), (403, "AccessDeniedException".into(), "DEPENDENCY_ACCESS_DENIED".into()));
    assert!(bench.all::<Completion>().is_empty(), "still open");
    assert_eq!(bench.complete_with(&id, 1, None).status, 202);
}

#[test]
fn a_fault_while_verifying_leaves_the_snapshot_open() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    bench.put(&id, 0, 1);
    bench.storage.trouble.lock().unwrap().push(fault());
    assert_eq!(bench.complete_with(&id, 1, Some(linear(&[1]))).status, 500);
    bench.put(&id, 1, 2);
    assert_eq!(bench.complete_with(&id, 2, Some(linear(&[1, 2]))).status, 202);
}

#[test]
fn a_completion_that_a_crash_cut_off_goes_on_with_the_next_call() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    bench.put(&id, 0, 1);
    let row = bench.row(&id);
    bench.write(&Completion {
        account: row.account,
        region: row.region,
        snapshot: id.clone(),
        request_id: "of a server that died".into(),
        verified: false,
    });
    assert_eq!(bench.put_as(&bench.root(), &id, 1, &block(2), &[]).refusal(), invalid("INVALID_SNAPSHOT_ID"));
    assert_eq!(bench.complete_with(&id, 1, None).status, 202);
    bench.run();
    assert_eq!(bench.complete_with(&id, 1, None).json(), json!({"Status": "completed"}));
}

#[test]
fn every_completion_has_one_record_and_so_has_every_refusal() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    let records =
        || bench.trail().into_iter().filter(|r| r.event_name == "CompleteSnapshot").collect::<Vec<_>>();
    bench.complete_with(&id, 1, None);
    assert_eq!((records().len(), records()[0].body["errorCode"].clone()), (1, json!("ValidationException")));
    bench.complete_with(&id, 0, None);
    let last = records().pop().unwrap();
    assert_eq!((records().len(), &last.body["responseElements"]), (2, &json!({"status": "pending"})));
    assert!(last.body.get("tlsDetails").is_some() && !last.inner && !last.read_only);
    bench.complete_with(MISSING, 0, None);
    assert_eq!(records().len(), 3);
}

#[test]
fn more_blocks_than_a_page_are_all_counted() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 2}));
    bench.put(&id, 0, 1);
    let row = bench.all::<DraftBlock>().remove(0);
    bench
        .door
        .catalog
        .transact::<_, api::Failure>(|tx| {
            for index in 1..2500 {
                tx.put(&DraftBlock { index, ..row.clone() })?;
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(bench.complete_with(&id, 2499, None).status, 400);
    assert_eq!(bench.complete_with(&id, 2501, None).status, 400);
    assert_eq!(bench.complete_with(&id, 2500, Some(linear(&[1; 2499]))).status, 400);
    assert_eq!(bench.complete_with(&id, 2500, Some(linear(&[1; 2500]))).status, 202);
}
