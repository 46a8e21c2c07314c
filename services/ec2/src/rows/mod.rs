//! What EC2 keeps in the catalog. Keys start with `account/region/`, so a scan of a tenant can never meet another's rows.

mod settings;
mod snapshots;

pub use settings::{FastRestore, Modification, Performance, Settings};
pub use snapshots::{
    Copied, EVERYBODY, FormerSnapshot, HeldGrant, Origin, Share, Sizes, Snapshot, snapshot_arn,
};

use base::{AccountId, Region, Tag, Timestamp};
use catalog::{Row, Table};
use rules::lifecycle::instance::InstanceState;
use rules::lifecycle::volume::{AttachmentState, VolumeState};
use serde::{Deserialize, Serialize};

/// The tables of this service.
pub const TABLES: &[Table] = &[
    Volume::TABLE,
    FormerVolume::TABLE,
    Instance::TABLE,
    ClientToken::TABLE,
    Snapshot::TABLE,
    FormerSnapshot::TABLE,
    Share::TABLE,
    Settings::TABLE,
    Modification::TABLE,
    FastRestore::TABLE,
];

/// A volume that exists for its owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Volume {
    pub account: AccountId,
    pub region: Region,
    pub id: String,
    pub zone: String,
    pub size_gib: u32,
    pub volume_type: String,
    pub iops: Option<i32>,
    pub throughput: Option<i32>,
    pub multi_attach: bool,
    pub state: VolumeState,
    pub created: Timestamp,
    pub tags: Vec<Tag>,
    pub attachments: Vec<Attachment>,
    /// `None` for an unencrypted volume.
    pub encryption: Option<Encryption>,
    /// What shares one data key (or, unencrypted, what descends from one volume): equal for a volume, its snapshots and what is
    /// restored from them under the same KMS key.
    #[serde(default)]
    pub lineage: String,
    /// Equal for everything that descends from one volume or one direct snapshot, whatever the keys: what can be compared.
    #[serde(default)]
    pub descent: String,
    /// The snapshot that it was made from.
    #[serde(default)]
    pub source: Option<Source>,
    /// Parts of the volume that cannot be read any more, for DescribeVolumeStatus and `sealvol explain`.
    #[serde(default)]
    pub damage: Vec<String>,
    /// Why the volume takes no more writes until it is opened anew: its disk failed a sync.
    #[serde(default)]
    pub read_only: Option<String>,
    /// AutoEnableIO, as ModifyVolumeAttribute set it.
    #[serde(default)]
    pub auto_enable_io: bool,
    /// The request that made it; events of the creation carry it.
    pub request_id: String,
}

/// Where a restored volume comes from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Source {
    /// `snap-…`, shown as the volume's `SnapshotId`.
    pub snapshot: String,
    /// Who owns the snapshot.
    pub owner: AccountId,
    pub at: snapshot::SnapshotRef,
    /// The snapshot's encryption: needed to re-wrap or to re-encrypt.
    pub encryption: Option<Encryption>,
    pub lineage: String,
    /// Chunks are still read from the snapshot, so its objects must stay.
    pub loading: bool,
    /// Made with fast snapshot restore: loaded before it became available.
    pub fast: bool,
    /// Grant under which EBS re-encrypts the data; retired when that is done.
    #[serde(default)]
    pub grant: Option<Grant>,
    /// The source's data key wrapped under the volume's KMS key, while the data is re-encrypted.
    #[serde(default, with = "catalog::bytes::optional")]
    pub rewrapped_key: Option<Vec<u8>>,
    /// Percent that is loaded.
    #[serde(default)]
    pub progress: u8,
    /// VolumeInitializationRate as asked for, MiB/s.
    #[serde(default)]
    pub rate: Option<i32>,
}

/// How a volume is encrypted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Encryption {
    /// The key as asked for: id, ARN, alias or alias ARN.
    pub asked_key: String,
    /// The key's ARN: as far as the name could be resolved at the call, then as KMS answered.
    pub key_arn: String,
    /// Which row of the outcome table decided, for `sealvol explain`.
    pub outcome_row: String,
    /// The wrapped data key, once KMS has made it; the same bytes are in the superblock.
    #[serde(default, with = "catalog::bytes::optional")]
    pub wrapped_key: Option<Vec<u8>>,
    /// The value of `aws:ebs:id` that the wrapped key is bound to.
    pub context_id: String,
    /// Version of the key material that wrapped it (64 hexadecimal digits).
    pub key_material_id: Option<String>,
}

impl Encryption {
    /// The index value of rows under this key. A name that KMS never answered to may be of any length and is no key.
    pub fn key_index(&self) -> Option<String> {
        let is_key = self.key_arn.starts_with("arn:aws:kms:") && self.key_arn.len() <= 256;
        (is_key && !self.key_arn.contains('\0')).then(|| self.key_arn.clone())
    }

    /// Under this key, wrapped by nobody yet.
    pub fn planned(key_arn: String, asked_key: String, outcome_row: &str, context_id: &str) -> Encryption {
        Encryption {
            asked_key,
            key_arn,
            outcome_row: outcome_row.to_owned(),
            wrapped_key: None,
            context_id: context_id.to_owned(),
            key_material_id: None,
        }
    }
}

/// One attachment; at most one per volume and instance.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Attachment {
    pub instance: String,
    pub device: String,
    pub state: AttachmentState,
    pub attached: Timestamp,
    pub delete_on_termination: bool,
    /// Grant under which the host decrypts; `None` for unencrypted volumes and before a launch has made it.
    pub grant: Option<Grant>,
    /// Where the host exports the device; `None` while it does not.
    pub uri: Option<String>,
    /// Why the host does not export it although it should (after a restart with an unusable key).
    pub broken: Option<String>,
}

/// The grant of one attachment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    pub id: String,
    pub token: String,
}

impl Volume {
    /// `arn:aws:ec2:<region>:<account>:volume/<id>`.
    pub fn arn(&self) -> String {
        volume_arn(&self.account, &self.region, &self.id)
    }

    /// What ModifyVolume can change, as it is.
    pub fn performance(&self) -> Performance {
        Performance {
            size_gib: self.size_gib,
            volume_type: self.volume_type.clone(),
            iops: self.iops,
            throughput: self.throughput,
            multi_attach: self.multi_attach,
        }
    }

    pub fn set_performance(&mut self, to: Performance) {
        (self.size_gib, self.volume_type, self.multi_attach) = (to.size_gib, to.volume_type, to.multi_attach);
        (self.iops, self.throughput) = (to.iops, to.throughput);
    }

    /// Its source's bytes are decrypted and written anew under its own data key, for the source has another one (or none).
    pub fn is_written_anew(&self) -> bool {
        self.source.as_ref().is_some_and(|s| s.lineage != self.lineage)
    }

    /// Takes every wrapped data key out of the row: what is left cannot open the data any more.
    pub fn forget_keys(&mut self) {
        let of_source = self.source.as_mut().map(|s| {
            s.rewrapped_key = None;
            &mut s.encryption
        });
        for encryption in of_source.into_iter().chain([&mut self.encryption]).flatten() {
            encryption.wrapped_key = None;
        }
    }

    pub fn attachment(&self, instance: &str) -> Option<&Attachment> {
        self.attachments.iter().find(|a| a.instance == instance)
    }

    pub fn attachment_mut(&mut self, instance: &str) -> Option<&mut Attachment> {
        self.attachments.iter_mut().find(|a| a.instance == instance)
    }
}

pub fn volume_arn(account: &AccountId, region: &Region, id: &str) -> String {
    format!("arn:aws:ec2:{region}:{account}:volume/{id}")
}

impl Row for Volume {
    const TABLE: Table = Table { name: "volumes", indexes: &["broken", "loading", "kms_key"] };
    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.id)
    }

    /// Volumes with an attachment whose device is not there are looked for every few seconds, among all volumes; volumes that
    /// still load from a snapshot (`region/snap-…`) before the snapshot's objects are removed; volumes under a key when that is
    /// to be deleted.
    fn indexes(&self) -> Vec<Option<String>> {
        let broken = self.attachments.iter().any(|a| a.broken.is_some());
        let loading = self.source.as_ref().filter(|s| s.loading);
        vec![
            broken.then(|| BROKEN.to_owned()),
            loading.map(|s| format!("{}/{}", s.at.region, s.at.snapshot)),
            self.encryption.as_ref().and_then(Encryption::key_index),
        ]
    }
}

/// The one value of the index `broken`.
pub const BROKEN: &str = "yes";

/// A volume that was deleted or whose creation failed: kept so that `sealvol explain` can say why, and so that its client
/// token is not taken for a new request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormerVolume {
    pub volume: Volume,
    pub ended: Timestamp,
    /// Why it failed; `None` if it was deleted as asked.
    pub failure: Option<String>,
}

impl Row for FormerVolume {
    const TABLE: Table = Table { name: "former_volumes", indexes: &[] };
    fn key(&self) -> String {
        self.volume.key()
    }
}

/// An instance. With hypervisor `none` it is what volumes are attached to; no guest runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    pub account: AccountId,
    pub region: Region,
    pub id: String,
    pub reservation: String,
    pub zone: String,
    pub image: String,
    pub instance_type: String,
    pub launch_index: i32,
    pub state: InstanceState,
    pub launched: Timestamp,
    pub tags: Vec<Tag>,
    /// Volumes attached or being attached, in the order of attachment.
    pub volumes: Vec<String>,
    pub state_reason: Option<StateReason>,
    /// `User initiated (2026-01-02 03:04:05 GMT)` and the like; empty while it runs.
    pub transition_reason: String,
    pub ended: Option<Timestamp>,
    /// Why one of its volumes could not be attached while it was being launched; ends the launch.
    pub launch_failure: Option<String>,
    #[serde(default)]
    pub profile: Option<Profile>,
}

/// The instance profile that an instance was launched with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    pub arn: String,
    /// `AIPA…`
    pub id: String,
}

/// EC2's `StateReason`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StateReason {
    pub code: String,
    pub message: String,
    /// What really happened, for `sealvol explain`.
    pub because: String,
}

impl Row for Instance {
    const TABLE: Table = Table { name: "instances", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.id)
    }
}

/// A client token that was used: what for, with which parameters, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClientToken {
    pub account: AccountId,
    pub region: Region,
    pub action: String,
    pub token: String,
    /// The request's parameters as canonical text.
    pub fingerprint: String,
    /// Ids of what the request made.
    pub resources: Vec<String>,
}

impl Row for ClientToken {
    const TABLE: Table = Table { name: "client_tokens", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.region, self.action, self.token)
    }
}
