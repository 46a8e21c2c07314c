//! Tests of PutSnapshotBlock.

use crate::rows::DraftBlock;
use crate::testing::{Bench, OTHER, block, checksum, fault};
use ec2::rows::{Origin, Share, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::json;
use std::time::Duration;

const MISSING: &str = "snap-0123456789abcdef0";

#[test]
fn a_block_is_stored_named_and_answered_with_its_checksum() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    let got = bench.put_as(&bench.root(), &id, 2047, &block(7), &[("x-amz-progress", "50")]);
    assert_eq!((got.status, got.body.len()), (201, 0));
    assert_eq!(got.headers["x-amz-checksum"], checksum(&block(7)));
    assert_eq!(got.headers["x-amz-checksum-algorithm"], "SHA256");
    let rows = bench.all::<DraftBlock>();
    assert_eq!((rows.len(), rows[0].index, &rows[0].snapshot), (1, 2047, &id));
    assert!(bench.storage.objects.lock().unwrap().contains_key(&(id, 2047, rows[0].chunk)));
    assert!(
        bench.trail().iter().all(|r| r.event_name != "PutSnapshotBlock"),
        "data events are not in the history"
    );
}

#[test]
fn of_an_encrypted_snapshot_the_key_is_asked_for_as_the_caller_and_nothing_is_in_the_clear() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
    bench.put(&id, 0, 7);
    assert_eq!(bench.kms_calls(), ["GenerateDataKey", "Decrypt"]);
    let record = bench.trail().into_iter().rfind(|r| r.event_name == "Decrypt").unwrap().body;
    assert_eq!(record["requestParameters"]["keyId"], json!(key));
    assert_eq!(record["requestParameters"]["encryptionContext"], json!({"aws:ebs:id": id}));
    assert_eq!(record["userIdentity"]["invokedBy"], "ebs.amazonaws.com");
    assert_eq!(record["userIdentity"]["type"], "Root");
    let row = bench.all::<DraftBlock>().remove(0);
    assert_ne!(
        row.digest.to_vec(),
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &block(7)).as_ref()
    );
    assert!(!bench.storage.objects.lock().unwrap().values().any(|bytes| *bytes == block(7)));
}

#[test]
fn bad_blocks_are_refused_and_change_nothing() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    let (good, short) = (block(1), vec![0; 512]);
    let other = checksum(&short);
    let invalid = |word: &str| (400, "ValidationException".to_owned(), word.to_owned());
    type Case<'a> = (i64, &'a [u8], Vec<(&'a str, &'a str)>, &'a str);
    let cases: Vec<Case> = vec![
        (0, &good, vec![("x-amz-checksum", &other)], "INVALID_BLOCK"),
        (0, &good, vec![("x-amz-checksum", "AAAA")], "INVALID_BLOCK"),
        (0, &good, vec![("x-amz-checksum", "A")], "INVALID_BLOCK"),
        (0, &good, vec![("x-amz-checksum", "not base64")], ""),
        (0, &good, vec![("x-amz-data-length", "512")], "INVALID_BLOCK"),
        (0, &short, vec![("x-amz-data-length", "524288")], "INVALID_BLOCK"),
        (0, &short, vec![], "INVALID_BLOCK"),
        (0, &[], vec![], "INVALID_BLOCK"),
        (2048, &good, vec![], "INVALID_BLOCK"),
        (i64::from(i32::MAX), &good, vec![], "INVALID_BLOCK"),
        (-1, &good, vec![], ""),
        (0, &good, vec![("x-amz-checksum-algorithm", "MD5")], ""),
        (0, &good, vec![("x-amz-progress", "101")], ""),
    ];
    for (index, bytes, change, word) in cases {
        let got = bench.put_as(&bench.root(), &id, index, bytes, &change);
        assert_eq!(got.refusal(), invalid(word), "{index} {} {change:?}", bytes.len());
    }
    assert!(bench.all::<DraftBlock>().is_empty() && bench.storage.objects.lock().unwrap().is_empty());
    let refused = bench.trail().into_iter().filter(|r| r.event_name == "PutSnapshotBlock").count();
    assert_eq!(refused, 13, "refusals are in the history");
}

#[test]
fn only_an_open_direct_snapshot_of_the_caller_takes_blocks() {
    let bench = Bench::new();
    let mine = bench.started(json!({"VolumeSize": 1}));
    let of_volume = bench.of_volume("vol-0123456789abcdef0", "l", &[], None);
    let making = bench.of_volume("vol-0123456789abcdef0", "l", &[], None);
    bench.write(&Snapshot { state: SnapshotState::Pending, at: None, ..bench.row(&making) });
    let failed = bench.started(json!({"VolumeSize": 1}));
    bench.write(&Snapshot { state: SnapshotState::Error, ..bench.row(&failed) });
    let done = bench.written(json!({"VolumeSize": 1}), &[]);
    let put = |id: &str| bench.put_as(&bench.root(), id, 0, &block(1), &[]);
    let invalid = (400, "ValidationException".to_owned(), "INVALID_SNAPSHOT_ID".to_owned());
    for id in ["snap-x", &of_volume, &making, &failed, &done] {
        assert_eq!(put(id).refusal(), invalid, "{id}");
    }
    assert_eq!(put(&done).json()["Message"], "Snapshot is already completed");
    let gone = (404, "ResourceNotFoundException".to_owned(), "SNAPSHOT_NOT_FOUND".to_owned());
    assert_eq!(put(MISSING).refusal(), gone);
    assert_eq!(put(MISSING).json()["Message"], format!("The snapshot '{MISSING}' does not exist."));
    // Shared is for reading.
    bench.write(&Share {
        region: bench.region(),
        with: OTHER.into(),
        snapshot: mine.clone(),
        owner: bench.root().account,
    });
    assert_eq!(bench.put_as(&bench.root_of(OTHER), &mine, 0, &block(1), &[]).refusal(), gone);
    assert_eq!(bench.put_as(&bench.session(), &mine, 0, &block(1), &[]).refusal().1, "AccessDeniedException");
    assert!(bench.all::<DraftBlock>().is_empty());
}

#[test]
fn a_key_that_went_bad_keeps_blocks_out() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.started(json!({"VolumeSize": 1, "KmsKeyArn": key}));
    bench.kms("DisableKey", json!({"KeyId": key}));
    let got = bench.put_as(&bench.root(), &id, 0, &block(1), &[]);
    assert_eq!(got.refusal(), (403, "AccessDeniedException".into(), "DEPENDENCY_ACCESS_DENIED".into()));
    let record = bench.trail().into_iter().rfind(|r| r.event_name == "PutSnapshotBlock").unwrap();
    assert!(record.reason.unwrap().contains("is disabled"));
    assert!(bench.all::<DraftBlock>().is_empty());
    bench.kms("EnableKey", json!({"KeyId": key}));
    bench.put(&id, 0, 1);
}

#[test]
fn a_fault_of_the_storage_is_ours_and_the_block_may_come_again() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    bench.storage.trouble.lock().unwrap().push(fault());
    let got = bench.put_as(&bench.root(), &id, 0, &block(1), &[]);
    assert_eq!((got.status, got.refusal().1.as_str()), (500, "InternalServerException"));
    assert!(!got.json()["Message"].as_str().unwrap().contains("disk"));
    assert!(bench.all::<DraftBlock>().is_empty());
    bench.put(&id, 0, 1);
}

#[test]
fn a_block_put_twice_is_the_last_one() {
    let bench = Bench::new();
    let id = bench.written(json!({"VolumeSize": 1}), &[]);
    assert!(bench.tokens(&id).is_empty());
    let id = bench.started(json!({"VolumeSize": 1}));
    bench.put(&id, 4, 1);
    bench.put(&id, 4, 2);
    assert_eq!(bench.all::<DraftBlock>().len(), 1);
    assert_eq!(bench.complete_with(&id, 1, None).status, 202);
    bench.run();
    let token = bench.tokens(&id).remove(&4).unwrap();
    assert_eq!(bench.read_as(&bench.root(), &id, 4, &token).body, block(2));
}

#[test]
fn a_block_on_its_way_when_the_snapshot_is_closed_is_refused() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    bench.put(&id, 0, 1);
    let row = bench.row(&id);
    let close = crate::rows::Completion {
        account: row.account.clone(),
        region: row.region.clone(),
        snapshot: id.clone(),
        request_id: "r".into(),
        verified: false,
    };
    let door = bench.door.clone();
    *bench.storage.after_put.lock().unwrap() = Some(Box::new(move || {
        door.catalog.transact::<_, api::Failure>(|tx| Ok(tx.put(&close)?)).unwrap();
    }));
    let got = bench.put_as(&bench.root(), &id, 1, &block(2), &[]);
    assert_eq!(got.json()["Message"], "Snapshot is already completed");
    assert_eq!(bench.all::<DraftBlock>().len(), 1, "what was stored too late is not named");
}

#[test]
fn the_snapshots_row_is_touched_once_a_minute_not_for_every_block() {
    let bench = Bench::new();
    let id = bench.started(json!({"VolumeSize": 1}));
    let used = || match bench.row(&id).origin {
        Origin::Direct { last_used, .. } => last_used,
        _ => panic!(),
    };
    let begun = used();
    for index in 0..5 {
        bench.put(&id, index, 1);
    }
    assert_eq!(used(), begun);
    bench.clock.advance(Duration::from_secs(61));
    bench.put(&id, 5, 1);
    assert!(used() > begun.plus(Duration::from_secs(60)));
}
