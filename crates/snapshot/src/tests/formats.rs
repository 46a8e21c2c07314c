//! Golden bytes of the formats, and what is no manifest or page.

use super::*;
use crate::manifest::{Manifest, PageRef};
use crate::page::Page;
use proptest::prelude::*;
use std::sync::Arc;

fn entry(writer: &str, byte: u8) -> Entry {
    Entry { writer: Arc::from(writer), hash: ChunkHash::from_bytes([byte; 32]) }
}

fn page() -> Page {
    Page::new(2, &[(2048, entry("snap-b", 1)), (2050, entry("snap-a", 2)), (2099, entry("snap-b", 3))])
        .unwrap()
}

fn manifest(encrypted: bool) -> Manifest {
    let page = |number, writer, held, byte| PageRef {
        number,
        writer: Arc::from(writer),
        held,
        hash: ChunkHash::from_bytes([byte; 32]),
    };
    let head = Head {
        region: "r".into(),
        snapshot: "snap-b".into(),
        size_bytes: SIZE,
        lineage: "l".into(),
        encryption: encrypted.then(|| Encryption {
            kms_key_arn: "arn".into(),
            wrapped_key: vec![9, 8],
            context_id: "vol".into(),
        }),
        chunks: 0,
    };
    Manifest::new(head, [page(0, "snap-b", 1024, 4), page(1, "snap-a", 1, 5), page(2, "snap-b", 52, 6)])
        .unwrap()
}

#[test]
fn a_page_has_the_bytes_of_its_picture() {
    let slot = |place: &str, writer: &str, hash: &str| format!("{place}{writer}{}", hash.repeat(32));
    let golden = [
        "535650414745000001000000020000000300",
        "0200",
        "0600736e61702d62",
        "0600736e61702d61",
        &slot("0000", "0000", "01"),
        &slot("0200", "0100", "02"),
        &slot("3300", "0000", "03"),
    ]
    .concat();
    assert_eq!(hex::encode(page().encode()), golden);
    assert_eq!(Page::decode("x", &page().encode(), 2).unwrap(), page());
}

#[test]
fn a_manifest_has_the_bytes_of_its_picture() {
    let slot = |number: &str, writer: &str, held: &str, hash: &str| {
        format!("{number}000000{writer}000000{held}0000{}", hash.repeat(32))
    };
    let golden = [
        "53564d414e49460001000000",
        "01000000",
        // 2,100 chunks less 4,096 bytes; 1,077 chunks held; 3 pages; 2 writers
        "00f09f4100000000",
        "3504000000000000",
        "0300000002000000",
        "010072",
        "0600736e61702d62",
        "01006c",
        "030061726e",
        "0300766f6c",
        "02000908",
        "0600736e61702d62",
        "0600736e61702d61",
        &slot("00", "00", "0004", "04"),
        &slot("01", "01", "0100", "05"),
        &slot("02", "00", "3400", "06"),
    ]
    .concat();
    let object = manifest(true).encode();
    let (body, seal) = object.split_at(object.len() - 32);
    assert_eq!(hex::encode(body), golden);
    assert_eq!(seal, ChunkHash::of(body).as_bytes());
    for encrypted in [true, false] {
        let manifest = manifest(encrypted);
        assert_eq!(Manifest::decode("x", &manifest.encode()).unwrap(), manifest);
    }
}

fn sealed(mut body: Vec<u8>) -> Vec<u8> {
    let seal = ChunkHash::of(&body);
    body.extend_from_slice(seal.as_bytes());
    body
}

fn body(encrypted: bool) -> Vec<u8> {
    let object = manifest(encrypted).encode();
    object[..object.len() - 32].to_vec()
}

fn damaged<T>(result: Result<T, SnapshotError>) -> bool {
    matches!(result, Err(SnapshotError::Damaged { .. }))
}

#[test]
fn every_cut_of_a_page_or_manifest_is_refused() {
    let good = page().encode();
    assert!((0..good.len()).all(|n| damaged(Page::decode("x", &good[..n], 2))));
    assert!(damaged(Page::decode("x", &[&good[..], &[0]].concat(), 2)));
    let good = manifest(true).encode();
    assert!((0..good.len()).all(|n| damaged(Manifest::decode("x", &good[..n]))));
    let body = body(true);
    assert!((0..body.len()).all(|n| damaged(Manifest::decode("x", &sealed(body[..n].to_vec())))));
    assert!(damaged(Manifest::decode("x", &sealed([&body[..], &[0]].concat()))));
}

#[test]
fn a_page_that_says_what_no_page_can_say_is_refused() {
    let good = page().encode();
    // Offset and byte: magic, version 0, another number, no entries, too many, writers 0, 1, 3, 4; an empty writer, one with a
    // slash, the same twice; place out of order, beyond 1,023; an unknown writer, one before its turn, one that
    // nobody uses.
    let (writers, slots) = (20, 36);
    for (at, byte) in [
        (0, b'T'),
        (8, 0),
        (12, 3),
        (16, 0),
        (17, 5),
        (18, 0),
        (18, 1),
        (18, 3),
        (18, 4),
        (writers, 0),
        (writers + 3, b'/'),
        (writers + 7, b'a'),
        (slots, 2),
        (slots + 72 + 1, 4),
        (slots + 2, 2),
        (slots + 2, 1),
        (slots + 36 + 2, 0),
    ] {
        let mut bad = good.clone();
        bad[at] = byte;
        assert!(damaged(Page::decode("x", &bad, 2)), "byte {at}");
    }
    assert!(damaged(Page::decode("x", &good, 3)) && damaged(Page::decode("x", &good, u32::MAX)));
    let mut newer = good;
    newer[8] = 2;
    assert!(matches!(Page::decode("x", &newer, 2), Err(SnapshotError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn a_manifest_that_says_what_no_manifest_can_say_is_refused() {
    let good = body(false);
    assert!(Manifest::decode("x", &sealed(good.clone())).is_ok());
    // Texts end at 54, writers at 70, then 44 bytes a page.
    for (at, byte) in [
        (0, b'T'),
        (8, 0),
        (12, 2),
        (12, 1),
        (13, 1),
        (22, 1),
        (19, 0),
        (24, 0x34),
        (32, 2),
        (32, 4),
        (35, 0xff),
        (36, 1),
        (36, 3),
        (36, 4),
        (42, b'/'),
        (51, 0),
        (61, b'/'),
        (69, b'b'),
        (71, 1),
        (74, 1),
        (78, 1),
        (79, 0),
        (114, 0),
        (114, 2),
        (118, 2),
        (122, 2),
        (158, 3),
        (166, 53),
    ] {
        let mut bad = good.clone();
        assert_ne!(bad[at], byte, "byte {at} is a change");
        bad[at] = byte;
        assert!(damaged(Manifest::decode("x", &sealed(bad))), "byte {at}");
    }
    let mut newer = good;
    newer[8] = 2;
    // Without a seal that fits: a later release may seal otherwise.
    newer.extend_from_slice(&[0; 32]);
    assert!(matches!(Manifest::decode("x", &newer), Err(SnapshotError::Newer { found: 2, known: 1, .. })));
}

#[test]
fn the_largest_volume_has_a_manifest() {
    let page = |number| PageRef {
        number,
        writer: Arc::from(format!("snap-{number}")),
        held: 1024,
        hash: ChunkHash::from_bytes([1; 32]),
    };
    let head = Head { size_bytes: 64 << 40, ..manifest(false).head().clone() };
    let all = Manifest::new(head.clone(), (0..131_072).map(page)).unwrap();
    assert_eq!(all.head().chunks, 1 << 27);
    assert_eq!(Manifest::decode("x", &all.encode()).unwrap(), all);
    assert!(Manifest::new(head.clone(), (0..=131_072).map(page)).is_err());
    let larger = Head { size_bytes: (64 << 40) + 1, ..head };
    assert!(Manifest::new(larger, []).is_err());
}

proptest! {
    #[test]
    fn whatever_is_read_is_written_the_same(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        encrypted: bool,
    ) {
        let (mut one, mut two) = (body(encrypted), page().encode());
        for (at, byte) in &changes {
            let (a, b) = (at.index(one.len()), at.index(two.len()));
            one[a] = *byte;
            two[b] = *byte;
        }
        let one = sealed(one);
        if let Ok(read) = Manifest::decode("x", &one) {
            prop_assert_eq!(read.encode(), one);
        }
        if let Ok(read) = Page::decode("x", &two, 2) {
            prop_assert_eq!(read.encode(), two);
        }
    }
}
