//! Tests of the record of intents as it lies on the disk.

use super::*;
use proptest::prelude::*;

fn tagger() -> Tagger {
    Tagger::new(None, "test").unwrap()
}

fn slot(part: usize, generation: u64, page: usize) -> [u8; SLOT] {
    let mut words = [0; WORDS];
    words[page / 64] = 1 << (page % 64);
    slot_bytes(&tagger(), part, generation, &words).unwrap()
}

fn read(part: usize, a: &[u8; SLOT], b: &[u8; SLOT]) -> Result<Option<(u64, u8, usize)>, VolumeError> {
    let mut bytes = [0; 2 * SLOT];
    bytes[..SLOT].copy_from_slice(a);
    bytes[SLOT..].copy_from_slice(b);
    let page = |words: [u64; WORDS]| {
        let n = words.iter().position(|word| *word != 0).unwrap();
        n * 64 + words[n].trailing_zeros() as usize
    };
    let read = read_part(Some(&tagger()), part, &bytes)?;
    Ok(read.counts.map(|(slot, words)| (read.latest, slot, page(words))))
}

const ZEROS: [u8; SLOT] = [0; SLOT];

#[test]
fn the_layout_is_what_it_says() {
    let bytes = slot(3, 0x0102, 70);
    assert_eq!(&bytes[..12], b"SVINTNT\0\x01\0\0\0");
    assert_eq!((bytes[16], &bytes[24..26]), (3, [2, 1].as_slice()));
    assert_eq!(bytes[64 + 8], 1 << 6, "page 70");
    assert!(bytes[2112..].iter().all(|b| *b == 0) && bytes[48..64].iter().all(|b| *b == 0));
}

#[test]
fn the_newer_valid_copy_counts() {
    let (old, new, mut torn) = (slot(1, 7, 100), slot(1, 8, 200), slot(1, 8, 200));
    torn[512..1024].fill(0xaa);
    assert_eq!(read(1, &old, &new).unwrap(), Some((8, 1, 200)));
    assert_eq!(read(1, &new, &old).unwrap(), Some((8, 0, 200)));
    assert_eq!(
        read(1, &old, &torn).unwrap(),
        Some((8, 0, 100)),
        "the next write is another one than the torn one"
    );
    torn[24..32].fill(0xff);
    assert_eq!(read(1, &old, &torn).unwrap(), Some((7, 0, 100)), "rot");
    assert_eq!(read(1, &ZEROS, &old).unwrap(), Some((7, 1, 100)));
    assert_eq!(read(1, &torn, &ZEROS).unwrap(), None, "a torn first write");
    assert_eq!(read(1, &ZEROS, &ZEROS).unwrap(), None);
    assert!(matches!(read(1, &torn, &torn), Err(VolumeError::Damaged(_))));
}

#[test]
fn a_copy_of_another_part_or_key_does_not_count() {
    assert_eq!(read(1, &slot(2, 9, 5), &slot(1, 1, 6)).unwrap(), Some((9, 1, 6)));
    let mut moved = slot(2, 9, 5);
    moved[16] = 1;
    assert_eq!(read(1, &moved, &slot(1, 1, 6)).unwrap(), Some((9, 1, 6)), "the tag is bound to the part");
    let other = Tagger::new(None, "another volume").unwrap();
    let foreign = slot_bytes(&other, 1, 9, &[1; WORDS]).unwrap();
    assert_eq!(read(1, &foreign, &slot(1, 1, 6)).unwrap(), Some((9, 1, 6)));
    assert!(matches!(read(1, &foreign, &foreign), Err(VolumeError::Damaged(_))));
}

#[test]
fn a_later_version_is_named() {
    let mut bytes = slot(0, 1, 1);
    bytes[8] = 2;
    bytes[32..48].fill(0);
    let tag = tagger().tag(Tagged::Record, DataUnit(0), &bytes).unwrap();
    bytes[32..48].copy_from_slice(&tag);
    assert!(matches!(read(0, &bytes, &ZEROS), Err(VolumeError::Newer { found: 2, known: 1, .. })));
}

proptest! {
    #[test]
    fn no_single_change_is_believed(at in 0..SLOT, bit in 0..8u32) {
        let mut bad = slot(0, 5, 77);
        bad[at] ^= 1 << bit;
        let (latest, counts, page) = read(0, &slot(0, 4, 3), &bad).unwrap().unwrap();
        prop_assert_eq!((counts, page), (0, 3));
        prop_assert!(latest >= 4);
    }
}
