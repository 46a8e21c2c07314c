//! Stack records, as a volume is opened by them.

use crate::engine::Target;
use volume::readers::Record;

const CRC: std::ops::Range<usize> = 12..16;

/// A record as the layout in `record.rs` says: layers 0 and 7, a base, and one snapshot frozen at layer 0.
fn good() -> Vec<u8> {
    let mut file = b"SVSTACK\0".to_vec();
    for word in [1_u32, 0, 9, 3] {
        file.extend(word.to_le_bytes());
    }
    for count in [2_u16, 1, 6, 0] {
        file.extend(count.to_le_bytes());
    }
    for (number, flags, epoch) in [(0_u32, 1_u32, 4_u64), (7, 0, 0)] {
        file.extend(number.to_le_bytes());
        file.extend(flags.to_le_bytes());
        file.extend(epoch.to_le_bytes());
    }
    file.extend([0; 4]);
    file.extend(6_u32.to_le_bytes());
    file.extend((1_u64 << 30).to_le_bytes());
    file.extend(b"snap-0snap-1");
    repaired(&file)
}

pub fn target() -> Target {
    Target {
        name: "stack",
        seeds: vec![good(), Record::new(None).encode(), vec![0; 64]],
        words: vec![b"SVSTACK\0", b"\xff\xff", b"snap-"],
        length_max: 4096,
        memory_max: 4 << 20,
        run: Box::new(|input| {
            check(input);
            // The same bytes with the right checksum, so that what lies behind it is reached.
            check(&repaired(input));
        }),
    }
}

fn check(bytes: &[u8]) {
    if let Ok(read) = Record::decode(bytes) {
        assert!(read.fault().is_none(), "what was read can be");
        let again = Record::decode(&read.encode());
        assert_eq!(again.ok().as_ref(), Some(&read), "what was read can be written and read again");
    }
}

fn repaired(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.len() >= CRC.end {
        bytes[CRC].fill(0);
        let sum = super::crc32c(&bytes);
        bytes[CRC].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}
