//! What the tests of the volume share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub mod chunks;
pub mod hooked;
pub mod sectors;

use env::{Files, SimFiles};
use keys::DataKey;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use volume::{Device, Encryption, Opening, Volume, VolumeError, VolumeSpec};

pub const DIR: &str = "/volumes/vol-0123456789abcdef0";

pub fn spec(size_bytes: u64, encrypted: bool) -> VolumeSpec {
    VolumeSpec {
        volume_id: "vol-0123456789abcdef0".into(),
        size_bytes,
        encryption: encrypted.then(|| Encryption {
            kms_key_arn: "arn:aws:kms:eu-west-1:111122223333:key/1".into(),
            wrapped_key: vec![1, 2, 3],
            context_id: "vol-0123456789abcdef0".into(),
        }),
        source: None,
    }
}

pub fn key(encrypted: bool) -> Option<DataKey> {
    encrypted.then(|| DataKey::for_tests(std::array::from_fn(|n| n as u8)))
}

pub fn shared(files: &SimFiles) -> Arc<dyn Files> {
    Arc::new(files.clone())
}

pub fn open(files: &SimFiles, encrypted: bool) -> Result<Arc<Device>, VolumeError> {
    open_in(shared(files), Path::new(DIR), key(encrypted))
}

/// A volume that is not loading, with its key.
pub fn open_in(files: Arc<dyn Files>, dir: &Path, key: Option<DataKey>) -> Result<Arc<Device>, VolumeError> {
    Device::open(Volume::open(files, dir, Opening::loaded())?, key)
}

/// Makes a volume, with integrity or without.
pub fn create(files: &SimFiles, spec: &VolumeSpec, integrity: bool) {
    let make = if integrity { volume::create_with_integrity } else { volume::create };
    make(&shared(files), Path::new(DIR), spec).unwrap();
}

/// A new volume with integrity in a file system of its own.
pub fn made_with_integrity(seed: u64, size_bytes: u64, encrypted: bool) -> (SimFiles, Arc<Device>) {
    let files = SimFiles::new(seed);
    create(&files, &spec(size_bytes, encrypted), true);
    let volume = open(&files, encrypted).unwrap();
    (files, volume)
}

/// A new volume in a file system of its own.
pub fn made(seed: u64, size_bytes: u64, encrypted: bool) -> (SimFiles, Arc<Device>) {
    let files = SimFiles::new(seed);
    volume::create(&shared(&files), Path::new(DIR), &spec(size_bytes, encrypted)).unwrap();
    let volume = open(&files, encrypted).unwrap();
    (files, volume)
}

pub fn read(volume: &Device, offset: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0xee; len];
    volume.read_at(&mut bytes, offset).unwrap();
    bytes
}

pub fn write(volume: &Device, offset: u64, bytes: &[u8]) {
    volume.write_at(&mut bytes.to_vec(), offset, false).unwrap();
}

pub fn freeze(device: &Device, snapshot: &str) {
    volume::freeze(&[(device.volume().clone(), snapshot)]).unwrap();
}

pub fn merge(device: &Device) {
    device.volume().merge(&AtomicBool::new(false)).unwrap();
}

/// What a frozen snapshot lists.
pub fn indices(volume: &Arc<Volume>, snapshot: &str, only_changed: bool) -> Vec<u32> {
    volume.frozen(snapshot, only_changed).unwrap().indices(0, usize::MAX).unwrap()
}

/// Bytes that a file of the volume takes.
pub fn held(files: &SimFiles, name: &str) -> u64 {
    files.bytes_held(&Path::new(DIR).join(name))
}

/// SplitMix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }

    /// One in so many.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Format version of a map slot.
pub fn map_version() -> u32 {
    2
}

/// Bytes of a map slot under its checksum.
pub fn map_sealed() -> usize {
    2112
}
