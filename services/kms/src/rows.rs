//! The rows of KMS. All keys begin with `account/region/`, so a scan stays within one tenant.
//!
//! | table | key | secret? |
//! |---|---|---|
//! | kms_keys | `account/region/<key id>` | no |
//! | kms_materials | `account/region/<key id>/<key-material id>` | sealed under the root key, never plain |
//! | kms_aliases | `account/region/alias/<name>` | no |
//! | kms_multi_region | `account/<key id>` | no |
//! | kms_lingering | `account/region/<key id>` | no |
//! | kms_rotation_rounds | `all` | no |

pub use crate::grant_rows::{Grant, GrantSlot};

pub use crate::rotation::Rounds;
pub use crate::scrubbing::Lingering;
use crate::usage::KeyUsage;
use base::{AccountId, Arn, Refusal, Region, Tag, Timestamp};
use catalog::{Row, Table};
use keys::KeySpec;
use rules::key_access::KeyManager;
use rules::key_state::{self, KeyOperation, KeyOrigin, KeyState};
use serde::{Deserialize, Serialize};

/// The tables of this service.
pub const TABLES: &[Table] = &[
    Key::TABLE,
    KeyMaterial::TABLE,
    Alias::TABLE,
    Grant::TABLE,
    GrantSlot::TABLE,
    MultiRegionKey::TABLE,
    Lingering::TABLE,
    Rounds::TABLE,
];

/// A KMS key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Key {
    pub account: AccountId,
    pub region: Region,
    /// UUID
    pub key_id: String,
    #[serde(with = "named::spec")]
    pub spec: KeySpec,
    #[serde(with = "named::usage")]
    pub usage: KeyUsage,
    #[serde(with = "named::state")]
    pub state: KeyState,
    #[serde(with = "named::manager")]
    pub manager: KeyManager,
    #[serde(with = "named::origin")]
    pub origin: KeyOrigin,
    pub created: Timestamp,
    pub description: String,
    /// The material that encrypts; older ones only decrypt. `None` while an EXTERNAL key waits for its first import.
    pub material_id: Option<String>,
    /// The key policy as it was given.
    pub policy: String,
    /// When a key that is pending deletion is gone.
    pub deletion_date: Option<Timestamp>,
    pub tags: Vec<Tag>,
    /// Automatic rotation, if it is enabled.
    #[serde(default)]
    pub rotation: Option<Rotation>,
    /// On-demand rotations so far: at most 25 in a key's life.
    #[serde(default)]
    pub on_demand_rotations: u32,
    /// One of several keys with one id and one material in different Regions; which, tells its `MultiRegionKey`.
    #[serde(default)]
    pub multi_region: bool,
    /// Of a key pending deletion (or pending replica deletion): the window that was asked for, in days.
    #[serde(default)]
    pub pending_window_days: Option<i32>,
    /// When the first of its imported materials expires: from that moment the key waits for its import again.
    #[serde(default)]
    pub material_expires: Option<Timestamp>,
    /// Of a key pending deletion: when its dependants were last told of in an event.
    #[serde(default)]
    pub reminded: Option<Timestamp>,
}

/// When a key's material is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// 90 to 2,560
    pub period_days: i32,
    pub next: Timestamp,
}

impl Key {
    pub fn arn(&self) -> String {
        self.arn_parts().to_string()
    }

    pub fn arn_parts(&self) -> Arn {
        Arn::new("kms", self.region.as_str(), self.account.as_str(), format!("key/{}", self.key_id))
    }

    /// Refuses what the key's state or origin does not allow.
    pub fn check(&self, op: KeyOperation) -> Result<(), Refusal> {
        key_state::check(op, self.state, self.origin).map_err(|no| no.refusal(&self.arn()))
    }

    /// Whether this is a symmetric encryption key, the only kind that wraps data keys.
    pub fn is_symmetric(&self) -> bool {
        self.spec == KeySpec::SymmetricDefault
    }

    /// Whether its waiting period is over: from then on the key does not exist for anybody.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.state == KeyState::PendingDeletion && self.deletion_date.is_some_and(|date| date <= now)
    }

    /// The key as it is at `now`, which may be later than its row was written: `None` once its waiting period is over, and
    /// pending import once imported material has expired. The sweeps that make rows say the same come later.
    pub fn as_of(mut self, now: Timestamp) -> Option<Key> {
        if self.is_gone(now) {
            return None;
        }
        let expired = self.material_expires.is_some_and(|at| at <= now);
        if expired && matches!(self.state, KeyState::Enabled | KeyState::Disabled) {
            self.state = KeyState::PendingImport;
        }
        Some(self)
    }

    /// The `id` index value.
    pub fn id_index(region: &Region, key_id: &str) -> String {
        format!("{region}/{key_id}")
    }

    /// The `rotation` index value of keys due on that day (days since 1970).
    pub fn rotation_index(due: Timestamp) -> String {
        format!("{:08}", due.millis() / 86_400_000)
    }

    /// `account/region/<key id>/`, the start of the keys of its materials and grants.
    pub fn prefix(&self) -> String {
        format!("{}/", self.key())
    }
}

impl Row for Key {
    const TABLE: Table = Table { name: "kms_keys", indexes: &["pending", "id", "rotation"] };

    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.key_id)
    }

    /// `pending`: the few keys that wait for their deletion, for `deletion::destroy_due`. `id`: whose a ciphertext blob is.
    fn indexes(&self) -> Vec<Option<String>> {
        let waits = matches!(self.state, KeyState::PendingDeletion | KeyState::PendingReplicaDeletion);
        let pending = waits.then(|| "deletion".to_owned());
        // `rotation`: keys that rotate by themselves, by the day on which it is due. Others catch up when they are enabled.
        let rotates = self.state == KeyState::Enabled;
        let rotation = self.rotation.as_ref().filter(|_| rotates).map(|r| Key::rotation_index(r.next));
        vec![pending, Some(Key::id_index(&self.region, &self.key_id)), rotation]
    }
}

/// One material of one key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyMaterial {
    pub account: AccountId,
    pub region: Region,
    pub key_id: String,
    pub material_id: String,
    pub created: Timestamp,
    /// What the seal made of the secret. Empty: imported material that was deleted or has expired; its row stays, because only
    /// the same material may come back.
    #[serde(with = "catalog::bytes")]
    pub sealed: Vec<u8>,
    /// When and how it became the current one by a rotation; nothing for a key's first.
    #[serde(default)]
    pub rotated: Option<(Timestamp, RotationType)>,
    /// Imported as new, waits for RotateKeyOnDemand.
    #[serde(default)]
    pub pending_rotation: bool,
    /// Of imported material: when KMS deletes it.
    #[serde(default)]
    pub valid_to: Option<Timestamp>,
    /// `KeyMaterialDescription` of its import
    #[serde(default)]
    pub description: Option<String>,
}

impl KeyMaterial {
    /// Whether its bytes are there: neither deleted nor expired. The moment of expiry counts, not the sweep that comes after it.
    pub fn is_present(&self, now: Timestamp) -> bool {
        !self.sealed.is_empty() && !self.is_expired(now)
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.valid_to.is_some_and(|at| at <= now)
    }
}

/// What made a material the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RotationType {
    Automatic,
    OnDemand,
}

impl RotationType {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            RotationType::Automatic => "AUTOMATIC",
            RotationType::OnDemand => "ON_DEMAND",
        }
    }
}

/// The Regions of a multi-Region key. One row for all of them, so that they cannot disagree.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MultiRegionKey {
    pub account: AccountId,
    /// `mrk-…`
    pub key_id: String,
    pub primary: Region,
    pub replicas: Vec<Region>,
}

impl Row for MultiRegionKey {
    const TABLE: Table = Table { name: "kms_multi_region", indexes: &[] };

    fn key(&self) -> String {
        format!("{}/{}", self.account, self.key_id)
    }
}

impl Row for KeyMaterial {
    const TABLE: Table = Table { name: "kms_materials", indexes: &["expiry"] };

    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.region, self.key_id, self.material_id)
    }

    /// `expiry`: the few materials that will expire.
    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.valid_to.filter(|_| !self.sealed.is_empty()).map(|_| "valid_to".to_owned())]
    }
}

/// Another name of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alias {
    pub account: AccountId,
    pub region: Region,
    /// with its prefix: `alias/…`
    pub name: String,
    pub key_id: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

impl Alias {
    pub fn arn(&self) -> String {
        Arn::new("kms", self.region.as_str(), self.account.as_str(), self.name.clone()).to_string()
    }
}

impl Row for Alias {
    const TABLE: Table = Table { name: "kms_aliases", indexes: &["target"] };

    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.name)
    }

    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(format!("{}/{}/{}", self.account, self.region, self.key_id))]
    }
}

/// How values of other crates stand in rows: by AWS's names, which never change.
mod named {
    use super::{KeyManager, KeyOrigin, KeySpec, KeyState, KeyUsage};

    macro_rules! by_name {
        ($module:ident, $type:ty, $name:expr, $parse:expr) => {
            pub mod $module {
                use super::*;
                use serde::{Deserialize, Deserializer, Serializer, de::Error};

                pub fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                    let name: fn($type) -> &'static str = $name;
                    serializer.serialize_str(name(*value))
                }

                pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                    let text = String::deserialize(deserializer)?;
                    let parse: fn(&str) -> Option<$type> = $parse;
                    parse(&text).ok_or_else(|| D::Error::custom(format!("unknown name {text:?}")))
                }
            }
        };
    }

    by_name!(spec, KeySpec, KeySpec::name, KeySpec::parse);
    by_name!(usage, KeyUsage, KeyUsage::name, KeyUsage::parse);
    by_name!(state, KeyState, KeyState::name, KeyState::parse);
    by_name!(origin, KeyOrigin, KeyOrigin::name, KeyOrigin::parse);
    by_name!(manager, KeyManager, crate::shapes::manager_name, |name| match name {
        "CUSTOMER" => Some(KeyManager::Customer),
        "AWS" => Some(KeyManager::Aws),
        _ => None,
    });
}
