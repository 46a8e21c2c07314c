//! Tests of a page's reader and writer: torn, rotten, misplaced, newer, and mutated at random.

use super::*;
use proptest::prelude::*;

fn slot(index: u32, generation: u64, fill: u64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    write_slot(
        &mut slot,
        PageIndex(index),
        generation,
        &[fill; WORDS],
        Changed { epoch: generation, chunks: fill },
        Other::Written,
    );
    slot
}

fn page(a: [u8; SLOT_BYTES], b: [u8; SLOT_BYTES]) -> [u8; PAGE_BYTES] {
    [a, b].concat().try_into().unwrap()
}

const ZEROS: [u8; SLOT_BYTES] = [0; SLOT_BYTES];
const WRITTEN: u64 = LOW_BITS;
const ZERO: u64 = LOW_BITS << 1;

fn seal(slot: &mut [u8; SLOT_BYTES]) {
    let crc = checksum(slot);
    slot[12..16].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn the_newer_of_two_valid_slots_counts() {
    for (a, b, slot_expected) in [(1, 2, 1), (3, 2, 0), (u64::MAX, 1, 0)] {
        let disk = read_page(5, &page(slot(5, a, WRITTEN), slot(5, b, ZERO))).unwrap().unwrap();
        assert_eq!((disk.slot, disk.generation), (slot_expected, a.max(b)));
        assert_eq!(disk.words, [if slot_expected == 0 { WRITTEN } else { ZERO }; WORDS]);
    }
}

#[test]
fn a_page_never_written_is_absent() {
    assert!(read_page(0, &[0; PAGE_BYTES]).unwrap().is_none());
}

#[test]
fn a_write_torn_at_any_sector_leaves_the_state_before_or_after_it() {
    for pattern in 0..256u32 {
        let (old, new) = (slot(7, 4, WRITTEN), slot(7, 6, ZERO));
        let mut torn = old;
        for sector in (0..8).filter(|s| pattern >> s & 1 == 1) {
            torn[sector * 512..][..512].copy_from_slice(&new[sector * 512..][..512]);
        }
        let read = read_page(7, &page(torn, slot(7, 5, WRITTEN))).unwrap().unwrap();
        // Sectors 5 to 7 are zeros either way.
        let (all, any) = (pattern & 31 == 31, pattern & 31 != 0);
        assert_eq!(read.words, [if all { ZERO } else { WRITTEN }; WORDS], "{pattern:08b}");
        assert_eq!(read.generation, if any { 6 } else { 5 }, "{pattern:08b}: the next write is another one");
        // The very first write of a page.
        let (mut first, new) = (ZEROS, slot(7, 1, ZERO));
        for sector in (0..8).filter(|s| pattern >> s & 1 == 1) {
            first[sector * 512..][..512].copy_from_slice(&new[sector * 512..][..512]);
        }
        let read = read_page(7, &page(first, ZEROS)).unwrap();
        let (words, slot) = if all { ([ZERO; WORDS], 0) } else { ([0; WORDS], NEITHER) };
        match read {
            None => assert!(!any, "{pattern:08b}"),
            Some(read) => assert_eq!((read.words, read.slot, read.generation), (words, slot, 1)),
        }
    }
}

#[test]
fn what_a_crash_left_of_a_write_does_not_become_whole_by_the_next_one() {
    // The disk after a crash in the middle of a write, another write, and a crash in the middle of that: any sectors of each.
    for (before, other) in [(slot(7, 4, WRITTEN), slot(7, 5, 0)), (ZEROS, ZEROS), (ZEROS, slot(7, 1, 0))] {
        let take = |to: &mut [u8; SLOT_BYTES], from: &[u8; SLOT_BYTES], pattern: u32| {
            let taken = (0..5).filter(|s| pattern >> s & 1 == 1);
            taken.for_each(|n| to[n * 512..][..512].copy_from_slice(&from[n * 512..][..512]));
        };
        for (first, second) in (0..31).flat_map(|a| (0..31).map(move |b| (a, b))) {
            let mut torn = before;
            let of = |read: Option<PageOnDisk>| {
                read.map_or((0, NEITHER, [0; WORDS]), |d| (d.generation, d.slot, d.words))
            };
            let (generation, _, words) = of(read_page(7, &page(torn, other)).unwrap());
            take(&mut torn, &slot(7, generation + 1, ZERO), first);
            let (generation, counts, found) = of(read_page(7, &page(torn, other)).unwrap());
            assert_eq!(found, words);
            // All but a word is as it was at the first try.
            let mut again = [ZERO; WORDS];
            again[0] = 0;
            let other_is = if counts == NEITHER { Other::Never } else { Other::Written };
            let mut next = ZEROS;
            write_slot(&mut next, PageIndex(7), generation + 1, &again, Changed::default(), other_is);
            take(&mut torn, &next, second);
            let (_, _, found) = of(read_page(7, &page(torn, other)).unwrap());
            assert_eq!(found, words, "{first:05b} {second:05b}");
            assert_eq!(of(read_page(7, &page(next, other)).unwrap()), (generation + 1, 0, again));
        }
    }
}

#[test]
fn rot_of_the_newer_slot_is_damage_and_rot_of_the_older_one_does_not_matter() {
    for (a, b) in [(4, 5), (6, 5), (1, 2)] {
        let whole = page(slot(7, a, WRITTEN), slot(7, b, ZERO));
        for at in (0..5 * 512).chain(4096..4096 + 5 * 512) {
            let mut rotten = whole;
            rotten[at] ^= 0x10;
            if [12, 4096 + 12].contains(&(at / 4 * 4)) {
                // The checksum for older releases.
                assert_eq!(read_page(7, &rotten).unwrap().unwrap().generation, a.max(b));
                continue;
            }
            let newer = (at < 4096) == (a > b);
            match read_page(7, &rotten) {
                Err(VolumeError::Damaged(_)) => assert!(newer, "{a} {b}: byte {at}"),
                Ok(Some(read)) => assert!(!newer && read.generation == a.max(b), "{a} {b}: byte {at}"),
                _ => panic!("{a} {b}: byte {at}"),
            }
        }
        // A sector that is gone. (Of the second write it may be one that was not there yet.)
        let at = if a > b { 1024 } else { 4096 + 1024 };
        let mut zeroed = whole;
        zeroed[at..at + 512].fill(0);
        assert_eq!(read_page(7, &zeroed).is_err(), a.max(b) > 2, "{a} {b}");
    }
    let mut first = page(slot(7, 1, WRITTEN), ZEROS);
    first[700] ^= 1;
    assert!(matches!(read_page(7, &first), Err(VolumeError::Damaged(_))));
    assert!(matches!(read_page(7, &page(slot(7, 2, WRITTEN), ZEROS)), Err(VolumeError::Damaged(_))));
}

/// A slot as version 1 wrote it.
fn old(index: u32, generation: u64, fill: u64) -> [u8; SLOT_BYTES] {
    let content = sectors::content(&slot(index, generation, fill));
    let mut slot = [0; SLOT_BYTES];
    slot[..END].copy_from_slice(&content[..END]);
    slot[8] = 1;
    seal(&mut slot);
    slot
}

#[test]
fn pages_of_version_1_are_read_and_may_be_torn_while_they_are_replaced() {
    let read = read_page(7, &page(old(7, 4, WRITTEN), old(7, 3, ZERO))).unwrap().unwrap();
    assert_eq!((read.slot, read.generation, read.words, read.old), (0, 4, [WRITTEN; WORDS], true));
    let after_old = |generation| {
        let mut slot = ZEROS;
        write_slot(&mut slot, PageIndex(7), generation, &[ZERO; WORDS], Changed::default(), Other::Old);
        slot
    };
    // The first write of version 2 goes over the older slot, the second one over the last of version 1.
    for (counts, torn, new) in [
        (old(7, 4, WRITTEN), old(7, 3, ZERO), after_old(5)),
        (after_old(5), old(7, 4, WRITTEN), slot(7, 6, WRITTEN)),
    ] {
        for pattern in 0..32u32 {
            let mut torn = torn;
            for sector in (0..5).filter(|s| pattern >> s & 1 == 1) {
                torn[sector * 512..][..512].copy_from_slice(&new[sector * 512..][..512]);
            }
            let read = read_page(7, &page(counts, torn)).unwrap().unwrap();
            assert_eq!(read.slot, u8::from(pattern == 31), "{pattern:05b}");
        }
    }
}

#[test]
fn two_invalid_slots_are_damage_of_the_units_they_cover() {
    let (mut a, mut b) = (slot(2, 1, WRITTEN), slot(2, 2, WRITTEN));
    (a[100], b[2000]) = (0, 0);
    let Err(VolumeError::Damaged(what)) = read_page(2, &page(a, b)) else { panic!("believed") };
    assert!(what.contains("page 2") && what.contains(&(64u64 << 20).to_string()), "{what}");
}

#[test]
fn a_page_in_the_wrong_place_is_damage() {
    for bytes in [page(slot(3, 1, 0), ZEROS), page(slot(4, 1, 0), slot(3, 2, 0))] {
        assert!(matches!(read_page(4, &bytes), Err(VolumeError::Damaged(_))));
    }
}

#[test]
fn a_newer_version_is_named_and_an_older_one_is_not_ours() {
    let mut newer = slot(0, 1, 0);
    newer[8] = 3;
    seal(&mut newer);
    assert!(matches!(read_page(0, &page(newer, slot(0, 1, 0))), Err(VolumeError::Newer { found: 3, .. })));
    newer[8] = 0;
    seal(&mut newer);
    assert!(matches!(read_page(0, &page(newer, newer)), Err(VolumeError::Damaged(_))));
}

#[test]
fn the_state_that_does_not_exist_is_damage() {
    assert!(matches!(read_page(0, &page(slot(0, 1, 3 << 40), ZEROS)), Err(VolumeError::Damaged(_))));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_changed_ones_are_not_believed(
        hits in proptest::collection::vec((0..PAGE_BYTES, any::<u8>()), 1..6),
        reseal in any::<bool>(),
    ) {
        let whole = page(slot(9, 8, WRITTEN), slot(9, 9, ZERO));
        let mut bytes = whole;
        for (at, to) in hits {
            bytes[at] = to;
        }
        if reseal {
            for half in bytes.as_chunks_mut::<SLOT_BYTES>().0 {
                seal(half);
            }
        }
        let read = read_page(9, &bytes);
        if !reseal && let Ok(Some(disk)) = &read {
            prop_assert!(disk.words == [WRITTEN; WORDS] || disk.words == [ZERO; WORDS]);
        }
        if let Ok(Some(disk)) = read {
            prop_assert!(disk.words.iter().all(|word| word & word >> 1 & LOW_BITS == 0));
        }
    }

    #[test]
    fn random_bytes_are_never_a_page(seed in any::<u64>()) {
        let mut state = seed;
        let bytes: [u8; PAGE_BYTES] = std::array::from_fn(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 56) as u8
        });
        prop_assert!(read_page(0, &bytes).is_err());
    }
}
