//! The readers that are fuzzed, one file each.

mod block_token;
mod form;
mod json;
mod map;
mod nbd;
mod policy;
mod requests;
mod rest;
mod signature;
mod snapshot;
mod stack;
mod superblock;
mod vhost_chain;

use crate::engine::Target;

/// Every target, made anew.
pub fn all() -> Vec<Target> {
    vec![
        block_token::target(),
        form::target(),
        json::target(),
        rest::target(),
        signature::target(),
        nbd::handshake(),
        nbd::requests(),
        vhost_chain::target(),
        policy::target(),
        superblock::target(),
        stack::target(),
        map::target(),
        self::snapshot::manifest(),
        self::snapshot::page(),
        self::snapshot::chunk(),
    ]
}

/// Castagnoli's CRC, bit by bit: independent of the library that the readers use.
fn crc32c(data: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
