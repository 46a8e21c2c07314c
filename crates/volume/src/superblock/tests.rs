//! Tests of the superblock's reader and writer.

use super::*;
use proptest::prelude::*;

fn source() -> SnapshotRef {
    let (region, snapshot) = ("eu-west-1".into(), "snap-0123456789abcdef0".into());
    SnapshotRef { region, snapshot, hash: "0f".repeat(32) }
}

fn encrypted() -> Superblock {
    Superblock::new(&VolumeSpec {
        volume_id: "vol-0123456789abcdef0".into(),
        size_bytes: 1 << 30,
        encryption: Some(Encryption {
            kms_key_arn: "arn:aws:kms:eu-west-1:111122223333:key/1234".into(),
            wrapped_key: (0..200).collect(),
            context_id: "vol-0123456789abcdef0".into(),
        }),
        source: Some(source()),
    })
    .unwrap()
}

fn set(file: &mut [u8], slot: usize, at: usize, bytes: &[u8]) {
    let slot = &mut file[slot * SLOT_BYTES..(slot + 1) * SLOT_BYTES];
    slot[at..at + bytes.len()].copy_from_slice(bytes);
    let crc = checksum(slot);
    slot[12..16].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn what_was_written_is_read_back() {
    let plain = Superblock { encryption: None, ..encrypted() };
    let empty = Superblock { source: None, ..encrypted() };
    for superblock in [encrypted(), plain, empty] {
        assert_eq!(Superblock::decode(&superblock.encode()).unwrap(), superblock);
    }
}

#[test]
fn the_largest_key_and_arn_fit() {
    let mut spec = encrypted().spec();
    spec.encryption = Some(Encryption {
        kms_key_arn: "a".repeat(ARN_BYTES_MAX),
        wrapped_key: vec![7; WRAPPED_BYTES_MAX],
        context_id: "c".repeat(ID_BYTES_MAX),
    });
    spec.volume_id = "v".repeat(ID_BYTES_MAX);
    spec.source = Some(SnapshotRef {
        region: "r".repeat(REGION_BYTES_MAX),
        snapshot: "s".repeat(ID_BYTES_MAX),
        ..source()
    });
    let superblock = Superblock::new(&spec).unwrap();
    assert_eq!(Superblock::decode(&superblock.encode()).unwrap().spec(), spec);
}

#[test]
fn a_torn_or_rotten_slot_leaves_the_other_to_count() {
    for broken in 0..2 {
        let mut file = encrypted().encode();
        file[broken * SLOT_BYTES + 80] ^= 1;
        assert_eq!(Superblock::decode(&file).unwrap(), encrypted());
    }
    let mut file = encrypted().encode();
    (file[80], file[SLOT_BYTES + 80]) = (0, 0);
    assert!(matches!(Superblock::decode(&file), Err(VolumeError::Damaged(_))));
}

#[test]
fn the_higher_generation_counts() {
    for newer in 0..2 {
        let mut file = encrypted().encode();
        set(&mut file, newer, 16, &9u64.to_le_bytes());
        assert_eq!(Superblock::decode(&file).unwrap().generation, 9);
    }
}

#[test]
fn growing_counts_and_keeps_everything_else() {
    let grown = encrypted().grown(2 << 30).unwrap();
    assert_eq!(grown, Superblock { size_bytes: 2 << 30, generation: 2, ..encrypted() });
    assert!(matches!(encrypted().grown((2 << 30) + 1), Err(VolumeError::BadSpec(_))));
}

#[test]
fn a_newer_format_is_named_and_not_guessed_at() {
    for slot in 0..2 {
        let mut file = encrypted().encode();
        set(&mut file, slot, 8, &3u32.to_le_bytes());
        assert!(matches!(Superblock::decode(&file), Err(VolumeError::Newer { found: 3, known: 2, .. })));
    }
}

#[test]
fn impossible_contents_under_a_right_checksum_are_damage() {
    let cases: [(usize, &[u8]); 8] = [
        (8, &[0; 4]),                 // version 0
        (24, &4095u64.to_le_bytes()), // odd size
        (24, &(VOLUME_BYTES_MAX + 4096).to_le_bytes()),
        (32, &512u32.to_le_bytes()), // another unit
        (36, &9u32.to_le_bytes()),   // unknown flag
        (40, &1u64.to_le_bytes()),   // another segment size
        (52, &[0xff, 0xff]),         // a text longer than the slot
        (72, &[0xff, 0xfe]),         // not UTF-8
    ];
    for (at, bytes) in cases {
        let mut file = encrypted().encode();
        set(&mut file, 0, at, bytes);
        set(&mut file, 1, at, bytes);
        assert!(matches!(Superblock::decode(&file), Err(VolumeError::Damaged(_))), "{at}");
    }
}

#[test]
fn specifications_that_cannot_be_stored_are_refused() {
    let bad = |change: fn(&mut VolumeSpec)| {
        let mut spec = encrypted().spec();
        change(&mut spec);
        matches!(Superblock::new(&spec), Err(VolumeError::BadSpec(_)))
    };
    assert!(bad(|s| s.size_bytes = 0));
    assert!(bad(|s| s.size_bytes = 1 << 30 | 512));
    assert!(bad(|s| s.size_bytes = VOLUME_BYTES_MAX + 4096));
    assert!(bad(|s| s.volume_id.clear()));
    assert!(bad(|s| s.volume_id = "v".repeat(257)));
    assert!(bad(|s| s.encryption.as_mut().unwrap().wrapped_key.clear()));
    assert!(bad(|s| s.encryption.as_mut().unwrap().wrapped_key = vec![0; 6145]));
    assert!(bad(|s| s.encryption.as_mut().unwrap().kms_key_arn.clear()));
    assert!(bad(|s| s.encryption.as_mut().unwrap().context_id.clear()));
    assert!(bad(|s| s.source.as_mut().unwrap().region.clear()));
    assert!(bad(|s| s.source.as_mut().unwrap().snapshot.clear()));
    assert!(bad(|s| s.source.as_mut().unwrap().hash.truncate(63)));
}

proptest! {
    #[test]
    fn no_bytes_panic_and_no_single_change_is_believed(at in 0..2 * SLOT_BYTES, to in any::<u8>(), cut in 0..3 * SLOT_BYTES) {
        let whole = encrypted().encode();
        let mut file = whole.clone();
        file[at] = to;
        prop_assert_eq!(Superblock::decode(&file).unwrap(), encrypted());
        // Both slots hit, checksums made right again: whatever is read must be storable.
        let in_slot = at % SLOT_BYTES;
        for slot in 0..2 {
            if !(12..16).contains(&in_slot) {
                set(&mut file, slot, in_slot, &[to]);
            }
        }
        if let Ok(read) = Superblock::decode(&file) {
            prop_assert!(Superblock::new(&read.spec()).is_ok());
        }
        let _ = Superblock::decode(&whole[..cut.min(whole.len())]);
    }
}

/// A release before version 2 must refuse a volume whose tags it would leave behind; it takes one without as ever.
#[test]
fn integrity_is_version_2_and_nothing_else_is() {
    let version = |file: &[u8]| (file[8], file[36] & 4);
    assert_eq!(version(&encrypted().encode()), (1, 0));
    let with = Superblock { integrity: true, ..encrypted() };
    let file = with.encode();
    assert_eq!(version(&file), (2, 4));
    assert_eq!(Superblock::decode(&file).unwrap(), with);
    // One without the other is neither version.
    for (at, bytes) in [(8, 1u32), (36, FLAG_ENCRYPTED | FLAG_SOURCE)] {
        let mut bad = file.clone();
        for slot in [0, 1] {
            set(&mut bad, slot, at, &bytes.to_le_bytes());
        }
        assert!(matches!(Superblock::decode(&bad), Err(VolumeError::Damaged(_))));
    }
}
