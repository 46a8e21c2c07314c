//! Tests of GetSnapshotBlock.

use crate::testing::{Bench, OTHER, block, checksum, fault};
use base::Refusal;
use ec2::rows::Share;
use host::HostError;
use serde_json::json;
use std::time::Duration;

fn no_token() -> (u16, String, String) {
    (400, "ValidationException".into(), "INVALID_BLOCK_TOKEN".into())
}

#[test]
fn a_block_comes_back_with_its_length_and_checksum() {
    let bench = Bench::new();
    for key in [None, Some(bench.key())] {
        let id = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[(0, 1), (9, 2)]);
        for (index, token) in bench.tokens(&id) {
            let bytes = block(if index == 0 { 1 } else { 2 });
            let got = bench.read_as(&bench.root(), &id, index, &token);
            assert_eq!(got.status, 200, "{got:?}");
            assert!(got.body == bytes);
            assert_eq!(got.headers["x-amz-data-length"], "524288");
            assert_eq!(got.headers["x-amz-checksum"], checksum(&bytes));
            assert_eq!(got.headers["x-amz-checksum-algorithm"], "SHA256");
        }
    }
}

#[test]
fn a_token_is_good_for_its_block_of_its_snapshot_in_its_account_only() {
    let bench = Bench::new();
    let (id, other) = (
        bench.written(json!({"VolumeSize": 1}), &[(0, 1), (1, 2)]),
        bench.written(json!({"VolumeSize": 1}), &[(0, 1), (1, 2)]),
    );
    let (tokens, page) = (bench.tokens(&id), many_pages(&bench));
    let flipped = format!("{}{}", if tokens[&0].starts_with('B') { "C" } else { "B" }, &tokens[&0][1..]);
    for (id, index, token) in [
        (&id, 1, tokens[&0].as_str()),
        (&id, 2, &tokens[&0]),
        (&other, 0, &tokens[&0]),
        (&id, 0, &flipped),
        (&id, 0, &page),
        (&id, 0, "AAAA"),
        (&id, 0, &tokens[&0][..tokens[&0].len() - 4]),
    ] {
        assert_eq!(
            bench.read_as(&bench.root(), id, index, token).refusal(),
            no_token(),
            "{id} {index} {token}"
        );
    }
    for token in ["", "a-b", &"A".repeat(257)] {
        assert_eq!(bench.read_as(&bench.root(), &id, 0, token).refusal().1, "ValidationException", "{token}");
    }
    bench.write(&Share {
        region: bench.region(),
        with: OTHER.into(),
        snapshot: id.clone(),
        owner: bench.root().account,
    });
    let stranger = bench.root_of(OTHER);
    assert_eq!(
        bench.read_as(&stranger, &id, 0, &tokens[&0]).refusal(),
        no_token(),
        "another account's token"
    );
    let own = bench.call_as(&stranger, &format!("GET /snapshots/{id}/blocks"), &[], b"").json();
    let own = own["Blocks"][0]["BlockToken"].as_str().unwrap().to_owned();
    assert_eq!(bench.read_as(&stranger, &id, 0, &own).status, 200);
    assert_eq!(bench.read_as(&bench.session(), &id, 0, &tokens[&0]).refusal().1, "AccessDeniedException");
}

/// A page token.
fn many_pages(bench: &Bench) -> String {
    let blocks: Vec<(u32, u8)> = (0..101).map(|n| (n, 1)).collect();
    let id = bench.of_volume("vol-0123456789abcdef0", "l", &blocks, None);
    let page = bench.list(&format!("/snapshots/{id}/blocks?maxResults=100"));
    page["NextToken"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_expires_after_a_week() {
    let bench = Bench::new();
    let id = bench.written(json!({"VolumeSize": 1}), &[(0, 1)]);
    let token = bench.tokens(&id).remove(&0).unwrap();
    bench.clock.advance(Duration::from_secs(7 * 86_400 - 1));
    assert_eq!(bench.read_as(&bench.root(), &id, 0, &token).status, 200);
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.read_as(&bench.root(), &id, 0, &token).refusal(), no_token());
    let record = bench.trail().into_iter().rfind(|r| r.event_name == "GetSnapshotBlock").unwrap();
    assert!(record.reason.unwrap().contains("expired"));
}

#[test]
fn a_token_does_not_replace_the_key() {
    let bench = Bench::new();
    let key = bench.key();
    let id = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[(0, 1)]);
    let token = bench.tokens(&id).remove(&0).unwrap();
    let read = || bench.read_as(&bench.root(), &id, 0, &token);
    bench.kms("DisableKey", json!({"KeyId": key}));
    assert_eq!(read().refusal(), (403, "AccessDeniedException".into(), "DEPENDENCY_ACCESS_DENIED".into()));
    bench.kms("EnableKey", json!({"KeyId": key}));
    assert_eq!(read().status, 200);
}

#[test]
fn damaged_bytes_and_faults_are_ours_and_tell_nothing() {
    let bench = Bench::new();
    let id = bench.written(json!({"VolumeSize": 1}), &[(0, 1)]);
    let token = bench.tokens(&id).remove(&0).unwrap();
    let damaged = HostError::Refused(Refusal::new("IncorrectState", "damaged: c-00000000-ff"));
    for trouble in [damaged, fault()] {
        bench.storage.trouble.lock().unwrap().push(trouble);
        let got = bench.read_as(&bench.root(), &id, 0, &token);
        assert_eq!((got.status, got.refusal().1.as_str()), (500, "InternalServerException"));
        assert!(!got.body.windows(7).any(|w| w == b"damaged"));
    }
}

#[test]
fn snapshots_of_volumes_are_read_alike() {
    let bench = Bench::new();
    let key = bench.key();
    let donor = bench.written(json!({"VolumeSize": 1, "KmsKeyArn": key}), &[]);
    // The wrapped key is bound to another id than the snapshot's, as that of a volume's snapshot is.
    let encryption = bench.row(&donor).encryption;
    for encryption in [None, encryption] {
        let id = bench.of_volume("vol-0123456789abcdef0", "l", &[(5, 3)], encryption);
        let token = bench.tokens(&id).remove(&5).unwrap();
        assert!(bench.read_as(&bench.root(), &id, 5, &token).body == block(3));
    }
}
