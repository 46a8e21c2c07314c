//! Libraries that only some rooms may use, so that what they stand for (SQL, sockets, cryptography) stays there.

use super::manifest::{Manifest, When};

/// A library, and the rooms that may use it in product code.
const CONFINED: [(&str, &[&str]); 18] = [
    ("rusqlite", &["catalog"]),
    ("postgres", &["catalog"]),
    // In chunks only under object_store, which is asynchronous.
    ("tokio", &["gateway", "chunks", "sealvol"]),
    ("object_store", &["chunks"]),
    ("blake3", &["snapshot"]),
    ("hyper", &["gateway", "sealvol"]),
    ("hyper-util", &["gateway", "sealvol"]),
    ("http", &["gateway"]),
    ("http-body-util", &["gateway", "sealvol"]),
    // In ebs for the SHA-256 that the API takes and gives with every block; in sealvol only to compare what demo wrote
    // and read by theirs, and, as in sts, for the hash of a session token. In cipher for the tags of data units.
    ("aws-lc-rs", &["keys", "wire", "gateway", "cipher", "ebs", "sts", "sealvol"]),
    // The unsafe XTS module, and in keys the two signatures that the safe crate lacks (Ed25519ph, ML-DSA's external digest).
    ("aws-lc-sys", &["cipher", "keys"]),
    ("getrandom", &["env"]),
    ("subtle", &["keys", "gateway"]),
    ("clap", &["sealvol"]),
    ("indicatif", &["sealvol"]),
    ("tracing-subscriber", &["sealvol"]),
    ("flate2", &[]),
    ("toml", &[]),
];

/// The confined libraries that this crate has no business with.
pub fn faults(manifest: &Manifest) -> Vec<String> {
    let product = manifest.uses.iter().filter(|(_, when)| *when == When::Product);
    product
        .filter_map(|(used, _)| CONFINED.iter().find(|(library, _)| library == used))
        .filter(|(_, rooms)| !rooms.contains(&manifest.name.as_str()))
        .map(|(library, rooms)| {
            let owners = if rooms.is_empty() { "xtask".to_owned() } else { rooms.join(", ") };
            format!("{} must not use {library}: it belongs to {owners}", manifest.name)
        })
        .collect()
}
