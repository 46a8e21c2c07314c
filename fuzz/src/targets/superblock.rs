//! Superblocks, as a volume is opened by them.

use crate::engine::Target;
use volume::VolumeSpec;
use volume::readers::Superblock;

fn good(encrypted: bool) -> Vec<u8> {
    let source = encrypted.then(|| snapshot::SnapshotRef {
        region: "us-east-1".into(),
        snapshot: "snap-0123456789abcdef0".into(),
        hash: "5a".repeat(32),
    });
    let encryption = encrypted.then(|| volume::Encryption {
        kms_key_arn: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".into(),
        wrapped_key: vec![7; 180],
        context_id: "vol-0123456789abcdef0".into(),
    });
    let volume_id = "vol-0123456789abcdef0".into();
    let spec = VolumeSpec { volume_id, size_bytes: 1 << 30, encryption, source };
    Superblock::new(&spec).map(|s| s.encode()).unwrap_or_default()
}

pub fn target() -> Target {
    Target {
        name: "superblock",
        seeds: vec![good(true), good(false), vec![0; 32768]],
        words: vec![b"SEALVOL\0", b"\xff\xff", b"vol-"],
        length_max: 40_000,
        memory_max: 1 << 20,
        run: Box::new(|input| {
            check(input);
            // The same bytes with right checksums, so that what lies behind them is reached.
            check(&repaired(input));
        }),
    }
}

fn check(bytes: &[u8]) {
    if let Ok(read) = Superblock::decode(bytes) {
        let again = Superblock::decode(&read.encode());
        assert_eq!(again.ok().as_ref(), Some(&read), "what was read can be written and read again");
        assert!(read.size_bytes > 0 && read.size_bytes <= volume::VOLUME_BYTES_MAX);
        assert!(read.size_bytes.is_multiple_of(volume::DATA_UNIT_BYTES));
    }
}

fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for slot in bytes.chunks_exact_mut(16384) {
        slot[12..16].fill(0);
        let sum = crate::targets::crc32c(slot);
        slot[12..16].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}
