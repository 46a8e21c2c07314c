//! How a stored snapshot is named by those who keep it: rows of the catalog, and volumes that are loaded from it.

use serde::{Deserialize, Serialize};

/// A stored snapshot: where its manifest is, and what it must hash to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SnapshotRef {
    pub region: String,
    /// `snap-…`, whose objects lie under `<region>/<snapshot>/`.
    pub snapshot: String,
    /// BLAKE3 of the manifest object, 64 hexadecimal digits.
    pub hash: String,
}
