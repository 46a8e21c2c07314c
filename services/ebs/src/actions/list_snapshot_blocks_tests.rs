//! Tests of ListSnapshotBlocks.

use crate::testing::{Bench, OTHER};
use ec2::rows::{Share, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};

const MISSING: &str = "snap-0123456789abcdef0";

fn indices(answer: &Value) -> Vec<i64> {
    answer["Blocks"].as_array().unwrap().iter().map(|b| b["BlockIndex"].as_i64().unwrap()).collect()
}

/// A snapshot of a volume with so many blocks, every second one.
fn many(bench: &Bench, count: u32) -> String {
    let blocks: Vec<(u32, u8)> = (0..count).map(|n| (n * 2, 1)).collect();
    bench.of_volume("vol-0123456789abcdef0", "l", &blocks, None)
}

#[test]
fn the_answer_as_the_wire_has_it() {
    let bench = Bench::new();
    let id = bench.written(json!({"VolumeSize": 3}), &[(0, 1), (6143, 2)]);
    let answer = bench.list(&format!("/snapshots/{id}/blocks"));
    let token = |n: usize| answer["Blocks"][n]["BlockToken"].clone();
    let expires = (bench.door.env.clock.now().millis() + 7 * 86_400_000) as f64 / 1000.0;
    assert_eq!(
        answer,
        json!({
            "Blocks": [{"BlockIndex": 0, "BlockToken": token(0)}, {"BlockIndex": 6143, "BlockToken": token(1)}],
            "ExpiryTime": expires, "VolumeSize": 3, "BlockSize": 524288,
        })
    );
    assert_ne!(token(0), token(1));
    let empty = bench.written(json!({"VolumeSize": 1}), &[]);
    assert_eq!(bench.list(&format!("/snapshots/{empty}/blocks"))["Blocks"], json!([]));
}

#[test]
fn pages_follow_each_other_and_end() {
    let bench = Bench::new();
    let id = many(&bench, 250);
    let line = format!("/snapshots/{id}/blocks?maxResults=100");
    let (mut seen, mut next, mut pages) = (vec![], String::new(), 0);
    loop {
        let answer = bench.list(&format!("{line}{}", next.replace('+', "%2B")));
        seen.extend(indices(&answer));
        pages += 1;
        match answer["NextToken"].as_str() {
            Some(token) => next = format!("&pageToken={token}"),
            None => break,
        }
    }
    assert_eq!((seen, pages), ((0..250).map(|n| n * 2).collect(), 3));
    let exactly = many(&bench, 100);
    assert!(bench.list(&format!("/snapshots/{exactly}/blocks?maxResults=100")).get("NextToken").is_none());
}

#[test]
fn a_list_begins_at_the_index_that_is_asked() {
    let bench = Bench::new();
    let id = many(&bench, 250);
    let from = |index: u32| {
        let answer = bench.list(&format!("/snapshots/{id}/blocks?startingBlockIndex={index}"));
        (indices(&answer).first().copied(), indices(&answer).len())
    };
    assert_eq!(
        [from(0), from(1), from(498), from(499)],
        [(Some(0), 250), (Some(2), 249), (Some(498), 1), (None, 0)]
    );
    // A page token wins.
    let page = bench.list(&format!("/snapshots/{id}/blocks?maxResults=100"));
    let token = page["NextToken"].as_str().unwrap().replace('+', "%2B");
    let next = bench.list(&format!("/snapshots/{id}/blocks?startingBlockIndex=498&pageToken={token}"));
    assert_eq!(indices(&next)[0], 200);
}

#[test]
fn bad_pages_are_refused() {
    let bench = Bench::new();
    let (id, other) = (many(&bench, 150), many(&bench, 150));
    let token = |id: &str| {
        let page = bench.list(&format!("/snapshots/{id}/blocks?maxResults=100"));
        page["NextToken"].as_str().unwrap().replace('+', "%2B")
    };
    let (mine, foreign) = (token(&id), token(&other));
    let flipped = format!("{}{}", if mine.starts_with('B') { "C" } else { "B" }, &mine[1..]);
    for (query, word) in [
        ("pageToken=AAAA".to_owned(), "INVALID_PAGE_TOKEN"),
        (format!("pageToken={foreign}"), "INVALID_PAGE_TOKEN"),
        (format!("pageToken={flipped}"), "INVALID_PAGE_TOKEN"),
        ("pageToken=a-b_".to_owned(), ""),
        ("maxResults=99".to_owned(), ""),
        ("maxResults=10001".to_owned(), ""),
        ("startingBlockIndex=-1".to_owned(), ""),
    ] {
        let got = bench.get(&format!("/snapshots/{id}/blocks?{query}"));
        assert_eq!(got.refusal(), (400, "ValidationException".into(), word.into()), "{query}");
    }
    // A token of the list of changed blocks is another list's.
    let changed = bench.get(&format!("/snapshots/{id}/changedblocks?pageToken={mine}"));
    assert_eq!(changed.refusal().2, "INVALID_PAGE_TOKEN");
}

#[test]
fn only_completed_snapshots_that_the_caller_may_read_are_listed() {
    let bench = Bench::new();
    let pending = bench.started(json!({"VolumeSize": 1}));
    let failed = many(&bench, 1);
    bench.write(&Snapshot { state: SnapshotState::Error, at: None, ..bench.row(&failed) });
    let invalid = (400, "ValidationException".to_owned(), "INVALID_SNAPSHOT_ID".to_owned());
    for id in ["snap-x", &pending, &failed] {
        assert_eq!(bench.get(&format!("/snapshots/{id}/blocks")).refusal(), invalid, "{id}");
    }
    let gone = (404, "ResourceNotFoundException".to_owned(), "SNAPSHOT_NOT_FOUND".to_owned());
    assert_eq!(bench.get(&format!("/snapshots/{MISSING}/blocks")).refusal(), gone);
    let id = many(&bench, 1);
    let line = format!("GET /snapshots/{id}/blocks");
    let stranger = bench.root_of(OTHER);
    assert_eq!(bench.call_as(&stranger, &line, &[], b"").refusal(), gone);
    bench.write(&Share {
        region: bench.region(),
        with: OTHER.into(),
        snapshot: id,
        owner: bench.root().account,
    });
    assert_eq!(bench.call_as(&stranger, &line, &[], b"").status, 200);
    assert_eq!(bench.call_as(&bench.session(), &line, &[], b"").refusal().1, "AccessDeniedException");
}

#[test]
fn of_an_encrypted_snapshot_the_caller_must_be_able_to_decrypt() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[(0, 1)]);
    let before = bench.kms_calls().len();
    bench.tokens(&id);
    assert_eq!(bench.kms_calls()[before..], ["Decrypt"]);
    // Shared, but the other account has no right to the key.
    bench.write(&Share {
        region: bench.region(),
        with: OTHER.into(),
        snapshot: id.clone(),
        owner: bench.root().account,
    });
    let denied = (403, "AccessDeniedException".to_owned(), "DEPENDENCY_ACCESS_DENIED".to_owned());
    let line = format!("GET /snapshots/{id}/blocks");
    assert_eq!(bench.call_as(&bench.root_of(OTHER), &line, &[], b"").refusal(), denied);
    bench.kms("DisableKey", json!({"KeyId": key}));
    assert_eq!(bench.call_as(&bench.root(), &line, &[], b"").refusal(), denied);
}
