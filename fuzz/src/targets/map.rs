//! Map pages, as they are loaded.

use crate::engine::Target;
use volume::readers::read_page;

const PAGE: usize = 8192;
const SLOT: usize = 4096;
const CHECKED: usize = 2112;

/// A slot as the layout in `map/slot.rs` says.
fn slot(generation: u64, payload: u8) -> Vec<u8> {
    let mut slot = vec![0; SLOT];
    slot[..8].copy_from_slice(b"SVMAPPG\0");
    slot[8] = 1;
    slot[16] = 5;
    slot[24..32].copy_from_slice(&generation.to_le_bytes());
    slot[64..CHECKED].fill(payload);
    repair(&mut slot);
    slot
}

fn repair(slot: &mut [u8]) {
    slot[12..16].fill(0);
    let sum = super::crc32c(&slot[..CHECKED]);
    slot[12..16].copy_from_slice(&sum.to_le_bytes());
}

pub fn target() -> Target {
    let empty = vec![0; SLOT];
    Target {
        name: "map",
        seeds: vec![
            [slot(1, 0x55), empty.clone()].concat(),
            [slot(1, 0x55), slot(2, 0xaa)].concat(),
            [slot(3, 0), slot(2, 0x11)].concat(),
            [empty.clone(), empty].concat(),
        ],
        words: vec![b"SVMAPPG\0"],
        length_max: PAGE,
        memory_max: 1 << 20,
        run: Box::new(|input| {
            let mut page = [0; PAGE];
            let length = input.len().min(PAGE);
            page[..length].copy_from_slice(&input[..length]);
            check(&page);
            page.chunks_exact_mut(SLOT).for_each(repair);
            check(&page);
        }),
    }
}

fn check(page: &[u8; PAGE]) {
    if let Ok(Some(read)) = read_page(5, page) {
        // 2: neither counts, and nothing is written.
        assert!(read.slot < 2 || read.slot == 2 && read.words.iter().all(|word| *word == 0));
        // A state 11 does not exist; a page that holds one must have been refused.
        assert!(read.words.iter().all(|w| w & (w >> 1) & 0x5555_5555_5555_5555 == 0), "a unit in no state");
    }
}
