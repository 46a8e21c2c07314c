//! Changes an input a little.

use crate::coverage;
use crate::random::Random;

/// Numbers at the edges of what readers count with.
const EDGES: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0xffff,
    4095,
    4096,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX >> 1,
    u64::MAX,
];

/// Makes one to eight changes; `other` is another input to take pieces from.
pub fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], length_max: usize, random: &mut Random) {
    for _ in 0..=random.below(8) {
        match random.below(10) {
            0 => flip(input, random),
            1 => set_number(input, random),
            2 => insert(input, words.get(random.below(words.len())).copied().unwrap_or_default(), random),
            3 => cut(input, random),
            4 => repeat(input, random),
            5 => splice(input, other, random),
            6 => insert_constant(input, random),
            7 => input.truncate(random.below(input.len() + 1)),
            8 => {
                let byte = random.next() as u8;
                insert(input, &[byte], random);
            }
            _ => {
                let place = random.below(input.len());
                if let Some(byte) = input.get_mut(place) {
                    *byte = random.next() as u8;
                }
            }
        }
        input.truncate(length_max);
    }
}

fn flip(input: &mut [u8], random: &mut Random) {
    let place = random.below(input.len());
    if let Some(byte) = input.get_mut(place) {
        *byte ^= 1 << random.below(8);
    }
}

/// Writes a number of 1, 2, 4 or 8 bytes over a place, in either byte order.
fn set_number(input: &mut [u8], random: &mut Random) {
    let near = (random.below(3) as u64).wrapping_sub(1);
    let number = EDGES[random.below(EDGES.len())].wrapping_add(near);
    let width = 1 << random.below(4);
    let mut bytes = number.to_le_bytes();
    if random.below(2) == 0 {
        bytes[..width].reverse();
    }
    let place = random.below(input.len());
    if let Some(target) = input.get_mut(place..place + width) {
        target.copy_from_slice(&bytes[..width]);
    }
}

fn insert(input: &mut Vec<u8>, piece: &[u8], random: &mut Random) {
    let place = random.below(input.len() + 1);
    input.splice(place..place, piece.iter().copied());
}

fn cut(input: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(input.len());
    let to = (from + 1 + random.below(32)).min(input.len());
    input.drain(from.min(to)..to);
}

fn repeat(input: &mut Vec<u8>, random: &mut Random) {
    let from = random.below(input.len());
    let to = (from + 1 + random.below(64)).min(input.len());
    let piece = input.get(from..to).unwrap_or_default().to_vec();
    for _ in 0..=random.below(16) {
        insert(input, &piece, random);
    }
}

fn splice(input: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let keep = random.below(input.len() + 1);
    let from = random.below(other.len() + 1);
    input.truncate(keep);
    input.extend_from_slice(other.get(from..).unwrap_or_default());
}

/// Writes a constant that the code compares with over a place.
fn insert_constant(input: &mut [u8], random: &mut Random) {
    let start = random.below(1024);
    let Some(constant) = (start..start + 64).map(coverage::constant).find(|c| *c != 0) else { return };
    let mut bytes = constant.to_le_bytes();
    let width = match constant {
        0..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    if random.below(2) == 0 {
        bytes[..width].reverse();
    }
    let place = random.below(input.len());
    if let Some(target) = input.get_mut(place..place + width) {
        target.copy_from_slice(&bytes[..width]);
    }
}
