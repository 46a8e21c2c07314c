//! Rows of an account's settings in a Region, and of what goes on with single volumes and snapshots.

use base::{AccountId, Region, Timestamp};
use catalog::{Row, Table};
use rules::lifecycle::modification::ModificationState;
use rules::volume_types::{Shape, TYPES};
use serde::{Deserialize, Serialize};

/// What an account chose for a Region. No row: nothing was ever chosen. Read by `defaults.rs` and `block_public_access.rs` only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub account: AccountId,
    pub region: Region,
    /// EnableEbsEncryptionByDefault.
    pub encryption_by_default: bool,
    /// ARN of the default key; `None`: `alias/aws/ebs`.
    pub default_key: Option<String>,
    /// `unblocked`, `block-new-sharing` or `block-all-sharing`.
    pub block_public_access: String,
}

impl Row for Settings {
    const TABLE: Table = Table { name: "ebs_settings", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{}", self.account, self.region)
    }
}

/// One ModifyVolume; the rows of a volume's last day also count for its rate limit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Modification {
    pub account: AccountId,
    pub region: Region,
    pub volume: String,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub state: ModificationState,
    pub message: Option<String>,
    /// Percent.
    pub progress: u8,
    pub before: Performance,
    pub after: Performance,
    pub request_id: String,
}

/// What ModifyVolume can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Performance {
    pub size_gib: u32,
    pub volume_type: String,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: bool,
}

impl Performance {
    /// As the rules see it; `None` for a type that this version does not know.
    pub fn shape(&self) -> Option<Shape> {
        let volume_type = TYPES.iter().find(|t| t.name == self.volume_type)?.name;
        Some(Shape {
            volume_type,
            size_gib: self.size_gib,
            iops: self.iops,
            throughput: self.throughput,
            multi_attach: self.multi_attach,
        })
    }
}

impl From<Shape> for Performance {
    fn from(shape: Shape) -> Performance {
        Performance {
            size_gib: shape.size_gib,
            volume_type: shape.volume_type.to_owned(),
            iops: shape.iops,
            throughput: shape.throughput,
            multi_attach: shape.multi_attach,
        }
    }
}

impl Row for Modification {
    const TABLE: Table = Table { name: "volume_modifications", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{}/{}/{:016x}", self.account, self.region, self.volume, self.started.millis())
    }
}

/// Fast snapshot restore of one snapshot in one zone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FastRestore {
    pub account: AccountId,
    pub region: Region,
    pub snapshot: String,
    /// Who owns the snapshot.
    pub owner: AccountId,
    pub zone: String,
    /// `enabling`, `optimizing`, `enabled`, `disabling`, `disabled`.
    pub state: String,
    pub enabling: Option<Timestamp>,
    pub optimizing: Option<Timestamp>,
    pub enabled: Option<Timestamp>,
    pub disabling: Option<Timestamp>,
    pub disabled: Option<Timestamp>,
}

impl Row for FastRestore {
    const TABLE: Table = Table { name: "fast_restores", indexes: &["snapshot"] };
    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.region, self.snapshot, self.zone)
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(format!("{}/{}", self.region, self.snapshot))]
    }
}
