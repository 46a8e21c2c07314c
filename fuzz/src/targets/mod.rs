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
use env::SimFiles;
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Opening, Volume, VolumeSpec};

const VOLUME_ID: &str = "vol-0123456789abcdef0";

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

/// An unencrypted volume in memory: the cipher has no say in what is parsed.
fn volume_of(size_bytes: u64) -> Arc<Device> {
    let files: Arc<dyn env::Files> = Arc::new(SimFiles::new(1));
    let spec = VolumeSpec { volume_id: VOLUME_ID.into(), size_bytes, encryption: None, source: None };
    let place = Path::new("/v");
    let made = volume::create(&files, place, &spec)
        .and_then(|()| Volume::open(files, place, Opening::loaded()))
        .and_then(|volume| Device::open(volume, None));
    match made {
        Ok(volume) => volume,
        Err(error) => {
            eprintln!("no volume to fuzz: {error}");
            std::process::exit(2)
        }
    }
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
