//! Rows of snapshots: those that exist for their owner, those that are gone but whose objects may still be needed, and who may use
//! them besides their owner.

use super::{Encryption, Grant};
use base::{AccountId, Region, Tag, Timestamp};
use catalog::{Row, Table};
use rules::lifecycle::snapshot::SnapshotState;
use rules::lifecycle::snapshot_lock::Lock;
use serde::{Deserialize, Serialize};
use snapshot::SnapshotRef;

/// A snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Snapshot {
    pub account: AccountId,
    pub region: Region,
    pub id: String,
    /// `vol-…`; `vol-ffffffff` for copies and for snapshots written through the EBS direct API.
    pub volume: String,
    pub size_gib: u32,
    pub state: SnapshotState,
    /// Why it is in error.
    pub state_message: Option<String>,
    pub started: Timestamp,
    pub completed: Option<Timestamp>,
    /// Percent, 0 to 100.
    pub progress: u8,
    pub description: String,
    pub tags: Vec<Tag>,
    /// `None` for an unencrypted snapshot. The wrapped key is bound to `context_id`: the volume's id for snapshots of volumes, the
    /// snapshot's own id for copies and direct ones.
    pub encryption: Option<Encryption>,
    /// See `Volume::lineage`; shown as `DataEncryptionKeyId` if encrypted.
    pub lineage: String,
    /// See `Volume::descent`.
    #[serde(default)]
    pub descent: String,
    pub origin: Origin,
    /// The manifest, once the snapshot is stored.
    pub at: Option<SnapshotRef>,
    pub sizes: Sizes,
    /// While pending: the snapshot over whose manifest this one is stored, `region/snap-…`. Its objects must stay.
    pub base: Option<String>,
    /// While pending: the manifest of `base`.
    pub base_at: Option<SnapshotRef>,
    /// The point in time is durable on the host.
    pub frozen: bool,
    pub public: bool,
    pub lock: Option<Lock>,
    /// The request that made it.
    pub request_id: String,
    /// CreateSnapshots: the id of the first snapshot of the set.
    pub set: Option<String>,
}

/// How a snapshot came into being.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Origin {
    /// CreateSnapshot(s).
    Volume,
    /// CopySnapshot.
    Copy(Box<Copied>),
    /// StartSnapshot of the EBS direct API.
    Direct {
        /// Minutes without a request after which it ends in error.
        timeout_minutes: u32,
        last_used: Timestamp,
        parent: Option<String>,
    },
}

/// What a copy is made from and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Copied {
    pub source: String,
    pub source_region: Region,
    /// Known once the source was found.
    pub source_owner: Option<AccountId>,
    pub source_at: Option<SnapshotRef>,
    pub source_encryption: Option<Encryption>,
    pub source_lineage: String,
    /// The row shows what a pending copy shows in AWS until the job has looked at the source.
    pub unrefreshed: bool,
    pub incremental: bool,
    /// The source snapshot of the earlier copy that this one is incremental to.
    pub since: Option<SnapshotRef>,
    /// Grants under which EBS copies; retired at the end.
    pub grants: Vec<HeldGrant>,
    pub completion_minutes: Option<u32>,
    /// Why it failed, in full: `state_message` has only AWS's few words.
    #[serde(default)]
    pub failure: Option<String>,
}

/// A grant, with the key that it is on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldGrant {
    pub key_arn: String,
    pub grant: Grant,
}

/// How much a snapshot holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sizes {
    /// Bytes of all chunks that it holds, whoever stored them: `FullSnapshotSizeInBytes`.
    pub full_bytes: u64,
    /// Bytes of the chunks that were stored for it.
    pub stored_bytes: u64,
}

impl Snapshot {
    /// `arn:aws:ec2:<region>::snapshot/<id>`: snapshots have no account in their ARN.
    pub fn arn(&self) -> String {
        snapshot_arn(&self.region, &self.id)
    }

    pub fn is_direct(&self) -> bool {
        matches!(self.origin, Origin::Direct { .. })
    }

    pub fn copied(&self) -> Option<&Copied> {
        match &self.origin {
            Origin::Copy(copied) => Some(copied),
            _ => None,
        }
    }

    pub fn copied_mut(&mut self) -> Option<&mut Copied> {
        match &mut self.origin {
            Origin::Copy(copied) => Some(copied),
            _ => None,
        }
    }
}

pub fn snapshot_arn(region: &Region, id: &str) -> String {
    format!("arn:aws:ec2:{region}::snapshot/{id}")
}

impl Row for Snapshot {
    const TABLE: Table = Table {
        name: "snapshots",
        indexes: &["id", "volume", "lineage", "pending", "base", "source", "kms_key"],
    };
    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.id)
    }

    /// `id`: found by those it is shared with. `volume`: the snapshots of a volume. `lineage`: whose objects may be shared.
    /// `pending`: not stored yet, by kind (`volume`, `copy`, `direct`). `base`, `source`: pending ones that read another
    /// snapshot (`region/snap-…`). `kms_key`: those that end with a key.
    fn indexes(&self) -> Vec<Option<String>> {
        let pending = self.state == SnapshotState::Pending;
        let kind = match &self.origin {
            Origin::Volume => "volume",
            Origin::Copy(_) => "copy",
            Origin::Direct { .. } => "direct",
        };
        let source = self.copied().and_then(|c| c.source_at.as_ref());
        vec![
            Some(format!("{}/{}", self.region, self.id)),
            Some(format!("{}/{}/{}", self.account, self.region, self.volume)),
            Some(format!("{}/{}", self.region, self.lineage)),
            pending.then(|| kind.to_owned()),
            self.base.clone().filter(|_| pending),
            source.filter(|_| pending).map(|at| format!("{}/{}", at.region, at.snapshot)),
            self.encryption.as_ref().and_then(Encryption::key_index),
        ]
    }
}

/// A snapshot that was deleted: its objects stay while somebody needs them; the row stays for `sealvol explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormerSnapshot {
    pub snapshot: Snapshot,
    pub ended: Timestamp,
    /// Its objects that nobody else needs are gone.
    pub collected: bool,
}

impl Row for FormerSnapshot {
    const TABLE: Table = Table { name: "former_snapshots", indexes: &["lineage"] };
    fn key(&self) -> String {
        self.snapshot.key()
    }

    /// Those whose objects are still there.
    fn indexes(&self) -> Vec<Option<String>> {
        vec![(!self.collected).then(|| format!("{}/{}", self.snapshot.region, self.snapshot.lineage))]
    }
}

/// `Share::with` of a public snapshot.
pub const EVERYBODY: &str = "all";

/// One account (or everybody) that may use a snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Share {
    pub region: Region,
    /// An account id, or `all`.
    pub with: String,
    pub snapshot: String,
    pub owner: AccountId,
}

impl Row for Share {
    const TABLE: Table = Table { name: "snapshot_shares", indexes: &["snapshot"] };
    fn key(&self) -> String {
        format!("{}/{}/{}", self.region, self.with, self.snapshot)
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(format!("{}/{}", self.region, self.snapshot))]
    }
}
