//! Reading everything that is stored and telling what is damaged. Needs no key: objects are named by hashes of their ciphertext.

use std::ops::Range;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A manifest that cannot be read: the snapshot is lost, whatever else is there of it.
    Manifest { region: String, snapshot: String, what: String },
    /// A manifest page that is missing or damaged: up to 512 MiB of these snapshots.
    Page { region: String, snapshots: Vec<String>, object: String, bytes: Range<u64>, what: String },
    /// A chunk that is missing or damaged.
    Chunk {
        region: String,
        snapshots: Vec<String>,
        object: String,
        index: u32,
        bytes: Range<u64>,
        what: String,
    },
    /// An object that no manifest names. `pending`: its snapshot has no manifest (it is being stored, or was given up).
    Unnamed { object: String, pending: bool },
}

/// What a scrub has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrubTotals {
    pub snapshots: u64,
    /// Objects read: pages and chunks, each once however many snapshots name it.
    pub pages: u64,
    pub chunks: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Findings other than unnamed objects.
    pub damaged: u64,
    pub unnamed: u64,
}
