//! A vhost-user-blk ring in memory of any bytes: descriptors, tables, headers.

use super::volume_of;
use crate::engine::Target;

const SIZE: u64 = 1 << 20;
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

fn descriptor(address: u64, len: u32, flags: u16, next: u16) -> Vec<u8> {
    [&address.to_le_bytes()[..], &len.to_le_bytes(), &flags.to_le_bytes(), &next.to_le_bytes()].concat()
}

/// A memory as `export::run_ring` lays it out: descriptors, available ring, used ring, and from 0x300 on headers and a table.
fn image(descriptors: &[Vec<u8>], heads: &[u16], kind: u32, sector: u64, rest: &[u8]) -> Vec<u8> {
    let mut image = descriptors.concat();
    image.resize(0x102, 0);
    image.extend((heads.len() as u16).to_le_bytes());
    image.extend(heads.iter().flat_map(|head| head.to_le_bytes()));
    image.resize(0x300, 0);
    image.extend([&kind.to_le_bytes()[..], &[0; 4], &sector.to_le_bytes()].concat());
    image.extend(rest);
    image
}

fn seeds() -> Vec<Vec<u8>> {
    let status = || descriptor(0x380, 1, WRITE, 0);
    let header = |next| descriptor(0x300, 16, NEXT, next);
    let whole =
        |len, flags| vec![header(1), descriptor(0x400, len, NEXT | flags, 2), descriptor(0x380, 1, WRITE, 0)];
    let table = [header(1), descriptor(0x400, 4096, NEXT | WRITE, 2), status()].concat();
    let range = [&8_u64.to_le_bytes()[..], &16_u32.to_le_bytes(), &1_u32.to_le_bytes()].concat();
    vec![
        image(&whole(4096, WRITE), &[0], 0, 1, b""),
        image(&whole(8192, 0), &[0, 0], 1, 3, b"payload"),
        image(&[header(1), status()], &[0], 4, 0, b""),
        image(&whole(20, WRITE), &[0], 8, 0, b""),
        image(&[descriptor(0x300, 32, NEXT, 1), status()], &[0], 13, 0, &range),
        image(&[descriptor(0x300, 32, NEXT, 1), status()], &[0, 7, 16], 11, 0, &range),
        image(&[descriptor(0x310, 48, INDIRECT, 0)], &[0], 0, 9, &table),
    ]
}

pub fn target() -> Target {
    let (volume, mut event_idx) = (volume_of(SIZE), false);
    Target {
        name: "vhost_chain",
        seeds: seeds(),
        words: vec![&[0, 4, 0, 0, 0, 0, 0, 0], &[0xff; 8], &[5, 0], &[3, 0], &[4, 0], &[16, 0, 0, 0]],
        length_max: 16384,
        memory_max: 4 << 20,
        run: Box::new(move |input| {
            event_idx = !event_idx;
            let after = export::run_ring(&volume, input, event_idx);
            assert!(after.is_ok_and(|memory| memory.len() == 64 << 10), "the ring was not served");
            let mut all = vec![0; SIZE as usize];
            assert!(volume.read_at(&mut all, 0).is_ok(), "the volume can be read after any request");
        }),
    }
}
