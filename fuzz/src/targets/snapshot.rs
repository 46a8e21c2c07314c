//! Manifests, their pages and chunks, as they come from a chunk store.

use crate::engine::Target;
use ::snapshot::readers::{Manifest, Page, PageRef};
use ::snapshot::{CHUNK_BYTES, Chunk, ChunkHash, Encryption, Head, UNITS_PER_CHUNK};
use std::sync::Arc;

fn good_manifest(encrypted: bool) -> Vec<u8> {
    let encryption = encrypted.then(|| Encryption {
        kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
        wrapped_key: vec![7; 180],
        context_id: "vol-0123456789abcdef0".into(),
    });
    let head = Head {
        region: "us-east-1".into(),
        snapshot: "snap-0123456789abcdef0".into(),
        size_bytes: 4 << 30,
        lineage: "lineage".into(),
        encryption,
        chunks: 0,
    };
    let page = |(number, writer): (u32, &str)| PageRef {
        number,
        writer: Arc::from(writer),
        held: number + 1,
        hash: ChunkHash::of(writer.as_bytes()),
    };
    let pages = [(0, "snap-0123456789abcdef0"), (3, "snap-1"), (7, "snap-0123456789abcdef0")];
    Manifest::new(head, pages.into_iter().map(page)).map(|manifest| manifest.encode()).unwrap_or_default()
}

/// A page of two entries by two writers, by its picture.
fn good_page() -> Vec<u8> {
    let mut page = b"SVPAGE\0\0\x01\0\0\0\x02\0\0\0\x02\0\x02\0\x06\0snap-b\x06\0snap-a".to_vec();
    for (place, writer) in [(0_u16, 0_u16), (1023, 1)] {
        page.extend_from_slice(&place.to_le_bytes());
        page.extend_from_slice(&writer.to_le_bytes());
        page.extend_from_slice(&[7; 32]);
    }
    page
}

pub fn manifest() -> Target {
    Target {
        name: "manifest",
        seeds: vec![good_manifest(true), good_manifest(false)],
        words: vec![b"SVMANIF\0", b"\xff\xff", b"snap-"],
        length_max: 2000,
        memory_max: 1 << 16,
        run: Box::new(|input| {
            check_manifest(input);
            // The same bytes with a right seal, so that what lies behind it is reached.
            let body = &input[..input.len().saturating_sub(32)];
            check_manifest(&[body, ChunkHash::of(body).as_bytes()].concat());
        }),
    }
}

fn check_manifest(bytes: &[u8]) {
    let Ok(read) = Manifest::decode("fuzz", bytes) else { return };
    assert!(read.encode() == bytes, "a manifest has one encoding");
    assert!(read.head().size_bytes > 0 && read.head().size_bytes <= 64 << 40);
    let chunks = read.head().size_bytes.div_ceil(CHUNK_BYTES as u64);
    assert!(read.head().chunks <= chunks);
    for page in read.pages() {
        assert!(u64::from(page.number) * 1024 < chunks && (1..=1024).contains(&page.held));
        // Or it would name an object elsewhere.
        assert!(!page.writer.is_empty() && !page.writer.contains('/') && !page.writer.starts_with('.'));
    }
}

pub fn page() -> Target {
    Target {
        name: "page",
        seeds: vec![good_page()],
        words: vec![b"SVPAGE\0\0", b"snap-"],
        length_max: 2000,
        memory_max: 1 << 16,
        run: Box::new(|input| {
            // As whichever page it says it is.
            let says = input.get(12..16).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
            assert!(Page::decode("fuzz", input, says ^ 1).is_err(), "the number is checked");
            let Ok(read) = Page::decode("fuzz", input, says) else { return };
            assert!(read.encode() == input, "a page has one encoding");
            let mut last = None;
            for (index, entry) in read.entries() {
                assert!(index / 1024 == says && last < Some(index));
                assert!(read.entry(index) == Some(entry));
                last = Some(index);
            }
            assert!(last.is_some() && read.entries().count() as u32 == read.held());
        }),
    }
}

pub fn chunk() -> Target {
    let mut some = Chunk::empty();
    let _ = some.push(3, &[1; 4096]).and(some.push(127, &[2; 4096]));
    Target {
        name: "chunk",
        seeds: vec![some.encode(), Chunk::empty().encode()],
        words: vec![b"SVCHUNK\0", b"\x01\0\0\0"],
        length_max: 3 * 4096,
        // The input and all bytes of the chunk, some of it twice.
        memory_max: 4 * CHUNK_BYTES,
        run: Box::new(|input| {
            let Ok(read) = Chunk::decode("fuzz", input.to_vec()) else { return };
            let held = (0..UNITS_PER_CHUNK).filter(|unit| read.unit(*unit).is_some()).count();
            assert!(held == read.present().count_ones() as usize && read.is_empty() == (held == 0));
            let run_bytes: usize = read.runs().map(|(_, bytes)| bytes.len()).sum();
            assert!(run_bytes == held * 4096 && read.encode().len() == input.len());
            assert!(read.bytes().len() == CHUNK_BYTES);
        }),
    }
}
