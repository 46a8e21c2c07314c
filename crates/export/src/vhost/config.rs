//! What the device offers (virtio 1.2, section 5.2): feature bits and the configuration space.
//!
//! ```text
//!   0 capacity u64, in sectors        20 block size u32                     36 discard: sectors u32, segments u32, alignment u32
//!   8 bytes in a segment u32          24 physical blocks: exponent u8,      48 write zeroes: sectors u32, segments u32,
//!  12 segments in a request u32          offset u8, minimum u16, best u32      may unmap u8
//!  16 geometry u16 u8 u8 (none)       32 write back u8, unused u8           60 end
//!                                     34 queues u16
//! ```

pub(crate) const SECTOR_BYTES: u64 = 512;
/// Queues that a front-end may start, each with its thread. A front-end may give every processor of its guest a queue, and
/// some refuse to start with fewer than they want; a queue that is not started costs nothing.
pub(crate) const QUEUES_MAX: u16 = 64;
/// Data segments of one request: with the header and the status, 128 descriptors, the usual size of a ring.
pub(crate) const SEGMENTS_MAX: u32 = 126;
const SEGMENT_BYTES_MAX: u32 = 1 << 20;
/// One DISCARD or WRITE_ZEROES: so many ranges, each of at most 1 GiB.
pub(crate) const RANGES_MAX: u32 = 16;
pub(crate) const RANGE_SECTORS_MAX: u32 = 1 << 21;

/// log2 of sectors in 4 KiB, the data unit.
const UNIT_EXPONENT: u8 = 3;
const SECTORS_PER_UNIT: u16 = 1 << UNIT_EXPONENT;
/// 128 KiB.
const BEST_SECTORS: u32 = 256;

const SIZE_MAX: u64 = 1 << 1;
const SEG_MAX: u64 = 1 << 2;
const RO: u64 = 1 << 5;
const BLK_SIZE: u64 = 1 << 6;
pub(crate) const FLUSH: u64 = 1 << 9;
const TOPOLOGY: u64 = 1 << 10;
pub(crate) const CONFIG_WCE: u64 = 1 << 11;
const MQ: u64 = 1 << 12;
const DISCARD: u64 = 1 << 13;
const WRITE_ZEROES: u64 = 1 << 14;
const INDIRECT_DESC: u64 = 1 << 28;
pub(crate) const EVENT_IDX: u64 = 1 << 29;
/// Of vhost-user, not of the device.
pub(crate) const PROTOCOL_FEATURES: u64 = 1 << 30;
const VERSION_1: u64 = 1 << 32;

/// Bytes that a front-end may ask for; behind the fields above they are zero.
pub(crate) const SPACE_BYTES: usize = 256;
pub(crate) const WRITE_BACK_AT: u32 = 32;

pub(crate) fn features(read_only: bool) -> u64 {
    let always = VERSION_1
        | PROTOCOL_FEATURES
        | EVENT_IDX
        | INDIRECT_DESC
        | SIZE_MAX
        | SEG_MAX
        | BLK_SIZE
        | TOPOLOGY
        | FLUSH
        | CONFIG_WCE
        | MQ;
    always | if read_only { RO } else { DISCARD | WRITE_ZEROES }
}

/// The configuration space of a volume of so many bytes.
pub(crate) fn space(size_bytes: u64, write_back: bool, queues: u16) -> [u8; SPACE_BYTES] {
    let mut space = [0; SPACE_BYTES];
    let fields: [(usize, &[u8]); 15] = [
        (0, &(size_bytes / SECTOR_BYTES).to_le_bytes()),
        (8, &SEGMENT_BYTES_MAX.to_le_bytes()),
        (12, &SEGMENTS_MAX.to_le_bytes()),
        (20, &(SECTOR_BYTES as u32).to_le_bytes()),
        (24, &[UNIT_EXPONENT, 0]),
        (26, &SECTORS_PER_UNIT.to_le_bytes()),
        (28, &BEST_SECTORS.to_le_bytes()),
        (WRITE_BACK_AT as usize, &[u8::from(write_back)]),
        (34, &queues.to_le_bytes()),
        (36, &RANGE_SECTORS_MAX.to_le_bytes()),
        (40, &RANGES_MAX.to_le_bytes()),
        (44, &u32::from(SECTORS_PER_UNIT).to_le_bytes()),
        (48, &RANGE_SECTORS_MAX.to_le_bytes()),
        (52, &RANGES_MAX.to_le_bytes()),
        (56, &[1]),
    ];
    for (at, bytes) in fields {
        if let Some(place) = space.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    space
}
