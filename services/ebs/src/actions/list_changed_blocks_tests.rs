//! Tests of ListChangedBlocks.

use crate::testing::Bench;
use ec2::rows::{Copied, Encryption, Origin, Snapshot};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MISSING: &str = "snap-0123456789abcdef0";
const VOLUME: &str = "vol-0123456789abcdef0";

/// Index to (has a first token, has a second).
fn read(answer: &Value) -> BTreeMap<i64, (bool, bool)> {
    let has = |b: &Value, name: &str| b.get(name).is_some();
    let one = |b: &Value| {
        (b["BlockIndex"].as_i64().unwrap(), (has(b, "FirstBlockToken"), has(b, "SecondBlockToken")))
    };
    answer["ChangedBlocks"].as_array().unwrap().iter().map(one).collect()
}

fn changed(bench: &Bench, first: &str, second: &str) -> BTreeMap<i64, (bool, bool)> {
    read(&bench.list(&format!("/snapshots/{second}/changedblocks?firstSnapshotId={first}")))
}

fn refused(bench: &Bench, first: &str, second: &str) -> (u16, String, String) {
    bench.get(&format!("/snapshots/{second}/changedblocks?firstSnapshotId={first}")).refusal()
}

/// The snapshot becomes a copy of that source.
fn copy_of(bench: &Bench, copy: &str, source: &str) {
    let from = bench.row(source);
    let copied = Copied {
        source: source.to_owned(),
        source_region: from.region.clone(),
        source_owner: Some(from.account.clone()),
        source_at: from.at.clone(),
        source_encryption: from.encryption.clone(),
        source_lineage: from.lineage.clone(),
        unrefreshed: false,
        incremental: false,
        since: None,
        grants: vec![],
        completion_minutes: None,
        failure: None,
    };
    let row =
        Snapshot { origin: Origin::Copy(Box::new(copied)), volume: "vol-ffffffff".into(), ..bench.row(copy) };
    bench.write(&row);
}

fn encryption(bench: &Bench) -> Encryption {
    let key = bench.key();
    let donor = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[]);
    bench.row(&donor).encryption.unwrap()
}

#[test]
fn a_child_differs_from_its_parent_by_what_was_put() {
    let bench = Bench::new();
    for key in [None, Some(bench.key())] {
        let parent = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[(0, 1), (1, 2), (2, 3)]);
        let child =
            bench.written(json!({"VolumeSize": 1, "ParentSnapshotId": parent}), &[(1, 9), (7, 8), (2, 3)]);
        assert_eq!(changed(&bench, &parent, &child), BTreeMap::from([(1, (true, true)), (7, (false, true))]));
        assert_eq!(changed(&bench, &child, &parent), BTreeMap::from([(1, (true, true)), (7, (true, false))]));
        assert!(changed(&bench, &child, &child).is_empty());
        let all = read(&bench.list(&format!("/snapshots/{child}/changedblocks")));
        assert_eq!(all, BTreeMap::from([0, 1, 2, 7].map(|n| (n, (false, true)))));
    }
}

#[test]
fn both_tokens_read_their_own_snapshots_block() {
    let bench = Bench::new();
    let parent = bench.written(json!({"VolumeSize": 1}), &[(0, 1)]);
    let child = bench.written(json!({"VolumeSize": 1, "ParentSnapshotId": parent}), &[(0, 2)]);
    let answer = bench.list(&format!("/snapshots/{child}/changedblocks?firstSnapshotId={parent}"));
    let token = |name: &str| answer["ChangedBlocks"][0][name].as_str().unwrap().to_owned();
    for (id, name, seed) in [(&parent, "FirstBlockToken", 1), (&child, "SecondBlockToken", 2)] {
        let got = bench.read_as(&bench.root(), id, 0, &token(name));
        assert!(got.body == crate::testing::block(seed), "{name}");
    }
    assert_eq!(bench.read_as(&bench.root(), &child, 0, &token("FirstBlockToken")).status, 400);
    assert_eq!((answer["BlockSize"].as_i64(), answer["VolumeSize"].as_i64()), (Some(524_288), Some(1)));
    assert!(answer["ExpiryTime"].as_f64().unwrap() > 0.0);
}

#[test]
fn snapshots_of_one_volume_are_compared() {
    let bench = Bench::new();
    let one = bench.of_volume(VOLUME, "l", &[(0, 1), (5, 5)], None);
    let two = bench.of_volume(VOLUME, "l", &[(0, 2), (5, 5)], None);
    assert_eq!(changed(&bench, &one, &two), BTreeMap::from([(0, (true, true))]));
}

#[test]
fn a_copy_under_another_key_differs_in_every_block_that_either_holds() {
    let bench = Bench::new();
    let (source, target) = (encryption(&bench), encryption(&bench));
    let first = bench.of_volume(VOLUME, "l", &[(0, 1), (1, 2)], Some(source.clone()));
    let second = bench.of_volume(VOLUME, "l", &[(0, 1), (1, 9)], Some(source));
    let copy = bench.of_volume("vol-ffffffff", "m", &[(0, 1), (1, 2)], Some(target.clone()));
    copy_of(&bench, &copy, &first);
    let every = BTreeMap::from([(0, (true, true)), (1, (true, true))]);
    assert_eq!(changed(&bench, &first, &copy), every);
    assert_eq!(
        changed(&bench, &copy, &second),
        every,
        "also against a later snapshot of the source's volume"
    );
    // Copies of both under one key are of one lineage and are compared by their blocks.
    let later = bench.of_volume("vol-ffffffff", "m", &[(0, 1), (1, 9)], Some(target));
    copy_of(&bench, &later, &second);
    assert_eq!(changed(&bench, &copy, &later), BTreeMap::from([(1, (true, true))]));
    // Plain to encrypted as well.
    let plain = bench.of_volume("vol-0123456789abcdef1", "n", &[(0, 1)], None);
    let sealed = bench.of_volume("vol-ffffffff", "o", &[(0, 1)], bench.row(&later).encryption);
    copy_of(&bench, &sealed, &plain);
    assert_eq!(changed(&bench, &plain, &sealed), BTreeMap::from([(0, (true, true))]));
}

#[test]
fn snapshots_that_have_nothing_in_common_are_refused() {
    let bench = Bench::new();
    let one = bench.written(json!({"VolumeSize": 1}), &[(0, 1)]);
    let other = bench.written(json!({"VolumeSize": 1}), &[(0, 1)]);
    let of_volume = bench.of_volume(VOLUME, "l", &[], None);
    let of_another = bench.of_volume("vol-0123456789abcdef1", "k", &[], None);
    let unrelated = (400, "ValidationException".to_owned(), "UNRELATED_SNAPSHOTS".to_owned());
    for (first, second) in [(&one, &other), (&one, &of_volume), (&of_volume, &of_another)] {
        assert_eq!(refused(&bench, first, second), unrelated, "{first} {second}");
    }
}

#[test]
fn bad_snapshots_are_refused_whichever_of_the_two_they_are() {
    let bench = Bench::new();
    let good = bench.written(json!({"VolumeSize": 1}), &[]);
    let pending = bench.started(json!({"VolumeSize": 1}));
    let invalid = (400, "ValidationException".to_owned(), "INVALID_SNAPSHOT_ID".to_owned());
    let gone = (404, "ResourceNotFoundException".to_owned(), "SNAPSHOT_NOT_FOUND".to_owned());
    for (bad, expected) in [("snap-x", &invalid), (pending.as_str(), &invalid), (MISSING, &gone)] {
        assert_eq!(refused(&bench, bad, &good), *expected, "{bad}");
        assert_eq!(refused(&bench, &good, bad), *expected, "{bad}");
    }
    let got = bench.call_as(&bench.session(), &format!("GET /snapshots/{good}/changedblocks"), &[], b"");
    assert_eq!(got.refusal().1, "AccessDeniedException");
}

#[test]
fn the_keys_of_both_snapshots_are_needed() {
    let bench = Bench::new();
    let (source, target) = (encryption(&bench), encryption(&bench));
    let (one, two) = (source.key_arn.clone(), target.key_arn.clone());
    let first = bench.of_volume(VOLUME, "l", &[(0, 1)], Some(source));
    let copy = bench.of_volume("vol-ffffffff", "m", &[(0, 1)], Some(target));
    copy_of(&bench, &copy, &first);
    let denied = (403, "AccessDeniedException".to_owned(), "DEPENDENCY_ACCESS_DENIED".to_owned());
    for key in [one, two] {
        bench.kms("DisableKey", json!({"KeyId": key}));
        assert_eq!(refused(&bench, &first, &copy), denied, "{key}");
        bench.kms("EnableKey", json!({"KeyId": key}));
        assert_eq!(changed(&bench, &first, &copy).len(), 1);
    }
}

#[test]
fn pages_belong_to_both_snapshots() {
    let bench = Bench::new();
    let all: Vec<(u32, u8)> = (0..130).map(|n| (n, 1)).collect();
    let empty = bench.of_volume(VOLUME, "l", &[], None);
    let full = bench.of_volume(VOLUME, "l", &all, None);
    let line = format!("/snapshots/{full}/changedblocks?maxResults=100&firstSnapshotId={empty}");
    let page = bench.list(&line);
    let token = page["NextToken"].as_str().unwrap().replace('+', "%2B");
    let rest = bench.list(&format!("{line}&pageToken={token}"));
    assert_eq!(read(&rest).into_keys().collect::<Vec<_>>(), (100..130).collect::<Vec<_>>());
    assert!(rest.get("NextToken").is_none());
    for other in [
        format!("/snapshots/{full}/changedblocks?pageToken={token}"),
        format!("/snapshots/{full}/changedblocks?firstSnapshotId={full}&pageToken={token}"),
        format!("/snapshots/{empty}/changedblocks?firstSnapshotId={full}&pageToken={token}"),
    ] {
        assert_eq!(bench.get(&other).refusal().2, "INVALID_PAGE_TOKEN", "{other}");
    }
    let from = bench.list(&format!("{line}&startingBlockIndex=129"));
    assert_eq!(read(&from).len(), 1);
}
