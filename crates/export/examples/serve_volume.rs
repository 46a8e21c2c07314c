//! Serves one volume until it is killed: for benchmarks, fuzzing and trying clients by hand.
//!
//! `serve_volume <directory> <size in GiB> plain|encrypted|integrity <socket> [nbd|vhost]` makes the volume if the directory holds
//! none, and serves it over NBD unless told otherwise. An encrypted one (with a tag for every unit, if `integrity`) gets a fixed data
//! key that anybody can read here: never put real data into it.
#![allow(clippy::print_stdout)]

use export::{Export, Listen, VhostExport};
use keys::{DataKey, Secret};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use volume::{Device, Encryption, Opening, Volume, VolumeSpec};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, gib, kind, socket, protocol) = match arguments.as_slice() {
        [dir, gib, kind, socket] => (dir, gib, kind, socket, "nbd"),
        [dir, gib, kind, socket, protocol] => (dir, gib, kind, socket, protocol.as_str()),
        _ => {
            let usage = "<directory> <size in GiB> plain|encrypted|integrity <socket> [nbd|vhost]";
            return Err(format!("arguments: {usage}").into());
        }
    };
    let (encrypted, integrity) = match kind.as_str() {
        "plain" => (false, false),
        "encrypted" => (true, false),
        "integrity" => (true, true),
        _ => return Err("the third argument is plain, encrypted or integrity".into()),
    };
    let spec = VolumeSpec {
        volume_id: "vol-0123456789abcdef0".into(),
        size_bytes: gib.parse::<u64>()? << 30,
        encryption: encrypted.then(|| Encryption {
            kms_key_arn: "arn:aws:kms:eu-west-1:000000000000:key/none".into(),
            wrapped_key: b"not wrapped by anything".to_vec(),
            context_id: "vol-0123456789abcdef0".into(),
        }),
        source: None,
    };
    let key = if encrypted {
        let mut bytes: [u8; 64] = std::array::from_fn(|n| n as u8);
        Some(DataKey::try_from(Secret::from_slice_wiping(&mut bytes)?)?)
    } else {
        None
    };
    let (files, dir): (Arc<dyn env::Files>, _) = (Arc::new(env::RealFiles), Path::new(dir));
    let create = if integrity { volume::create_with_integrity } else { volume::create };
    create(&files, dir, &spec)?;
    let volume = Volume::open(files, dir, Opening::loaded())?;
    let device = Device::open(volume, key)?;
    let served: (Option<Export>, Option<VhostExport>) = match protocol {
        "nbd" => {
            let export = Export::start(&spec.volume_id, device, Listen::Unix(socket.into()))?;
            println!("{}", export.uri());
            (Some(export), None)
        }
        "vhost" => {
            let export = VhostExport::start(&spec.volume_id, device, socket.into())?;
            println!("{}", export.path().display());
            (None, Some(export))
        }
        _ => return Err("the fifth argument is nbd or vhost".into()),
    };
    loop {
        std::thread::park();
        let _ = &served;
    }
}
