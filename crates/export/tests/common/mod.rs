//! A volume exported on a socket in a temporary directory.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use env::{Files, RealFiles};
use export::{Export, Listen};
use keys::DataKey;
use std::path::PathBuf;
use std::sync::Arc;
use volume::{Device, Encryption, Opening, Volume, VolumeSpec};

pub const NAME: &str = "vol-0123456789abcdef0";

pub struct Served {
    pub root: tempfile::TempDir,
    pub volume: Arc<Device>,
    pub export: Option<Export>,
    pub uri: String,
}

/// Serves an encrypted volume.
pub fn serve(size_bytes: u64) -> Served {
    let root = tempfile::tempdir().unwrap();
    let files: Arc<dyn Files> = Arc::new(RealFiles);
    let spec = VolumeSpec {
        volume_id: NAME.into(),
        size_bytes,
        encryption: Some(Encryption {
            kms_key_arn: "arn:aws:kms:eu-west-1:111122223333:key/1".into(),
            wrapped_key: vec![1],
            context_id: NAME.into(),
        }),
        source: None,
    };
    let dir = root.path().join("volume");
    volume::create(&files, &dir, &spec).unwrap();
    let key = DataKey::for_tests(std::array::from_fn(|n| n as u8));
    let volume = Volume::open(files, &dir, Opening::loaded()).unwrap();
    let volume = Device::open(volume, Some(key)).unwrap();
    let export = Export::start(NAME, volume.clone(), Listen::Unix(root.path().join("socket"))).unwrap();
    Served { uri: export.uri(), export: Some(export), volume, root }
}

impl Served {
    pub fn socket(&self) -> PathBuf {
        self.root.path().join("socket")
    }
}
