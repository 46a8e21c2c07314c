//! A volume exported as a vhost-user-blk device on a socket in a temporary directory.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use env::{Files, RealFiles};
use export::{VhostExport, VhostOptions};
use keys::DataKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use volume::{Device, Encryption, Opening, Volume, VolumeSpec};

pub const NAME: &str = "vol-0123456789abcdef0";
pub const SIZE: u64 = 1 << 30;

pub const IN: u32 = 0;
pub const OUT: u32 = 1;
pub const FLUSH: u32 = 4;
pub const GET_ID: u32 = 8;
pub const DISCARD: u32 = 11;
pub const WRITE_ZEROES: u32 = 13;

pub const OK: u8 = 0;
pub const IOERR: u8 = 1;
pub const UNSUPP: u8 = 2;

pub struct Served {
    pub root: tempfile::TempDir,
    pub device: Arc<Device>,
    pub export: Option<VhostExport>,
}

impl Served {
    pub fn socket(&self) -> PathBuf {
        self.root.path().join("socket")
    }
}

/// An encrypted volume.
pub fn device(files: Arc<dyn Files>, dir: &Path) -> Arc<Device> {
    let spec = VolumeSpec {
        volume_id: NAME.into(),
        size_bytes: SIZE,
        encryption: Some(Encryption {
            kms_key_arn: "arn:aws:kms:eu-west-1:111122223333:key/1".into(),
            wrapped_key: vec![1],
            context_id: NAME.into(),
        }),
        source: None,
    };
    if !files.exists(&dir.join("superblock")) {
        volume::create(&files, dir, &spec).unwrap();
    }
    let key = DataKey::for_tests(std::array::from_fn(|n| n as u8));
    Device::open(Volume::open(files, dir, Opening::loaded()).unwrap(), Some(key)).unwrap()
}

pub fn serve() -> Served {
    serve_with(VhostOptions::default())
}

pub fn serve_with(options: VhostOptions) -> Served {
    let root = tempfile::tempdir().unwrap();
    let device = device(Arc::new(RealFiles), &root.path().join("volume"));
    let socket = root.path().join("socket");
    let export = VhostExport::start_with(NAME, device.clone(), socket, options).unwrap();
    Served { root, device, export: Some(export) }
}

/// Bytes that are different everywhere.
pub fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A range of DISCARD or WRITE_ZEROES.
pub fn range(sector: u64, sectors: u32, flags: u32) -> Vec<u8> {
    [&sector.to_le_bytes()[..], &sectors.to_le_bytes(), &flags.to_le_bytes()].concat()
}
