//! The boundary between the control plane and a host. Every call is safe to repeat: jobs do so after a crash.

use crate::storage::KeyUse;
use api::Caller;
use base::{AccountId, Fault, Refusal, Region};
use export::Limits;
use keys::DataKey;
use volume::{Damage, VolumeSpec};

/// Why a host did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// KMS said no, or the volume cannot be used as asked; trying again will not help.
    #[error("{0}")]
    Refused(Refusal),
    /// Something failed; trying again may help.
    #[error("{0}")]
    Fault(Fault),
}

/// One attachment to make.
#[derive(Clone, Debug)]
pub struct AttachSpec {
    pub account: AccountId,
    pub region: Region,
    pub volume: String,
    pub instance: String,
    /// `Some` if the volume is encrypted.
    pub key: Option<DecryptRequest>,
    /// How fast the volume may be, if the host holds volumes to their limits.
    pub limits: Option<Limits>,
    /// The request that asked for the attachment; the Decrypt is recorded under it.
    pub request_id: String,
}

/// What the host sends to KMS.
#[derive(Clone, Debug)]
pub struct DecryptRequest {
    /// The wrapped data key as the catalog holds it; must equal the one in the superblock.
    pub wrapped_key: Vec<u8>,
    /// The value of `aws:ebs:id` in the encryption context.
    pub context_id: String,
    /// Makes the instance's grant usable at once.
    pub grant_token: String,
}

/// Hosts, as jobs see them.
pub trait Hosts: Send + Sync + 'static {
    /// Makes the volume's store, durably.
    fn create_volume(&self, spec: &VolumeSpec) -> Result<(), HostError>;
    /// Removes the volume's store; fine if it is gone.
    fn remove_volume(&self, volume: &str) -> Result<(), HostError>;
    /// Opens and exports the volume for the instance; returns the device's URI.
    fn attach(&self, spec: &AttachSpec) -> Result<String, HostError>;
    /// Ends the export; when it was the last one, flushes the volume and drops its plaintext key. Fine if not attached.
    fn detach(&self, volume: &str, instance: &str) -> Result<(), HostError>;
    /// Other limits for an attached volume, while it is used. Nothing changes if it is not attached, or if the host holds no volume to
    /// its limits.
    fn limit(&self, volume: &str, limits: &Limits) -> Result<(), HostError>;
}

impl AttachSpec {
    /// The attachment's key, asked for in the name of the instance's infrastructure role.
    pub fn key_use(&self) -> Option<KeyUse> {
        self.key.as_ref().map(|key| KeyUse {
            caller: Caller::instance_infrastructure(self.account.clone(), &self.instance),
            region: self.region.clone(),
            request_id: self.request_id.clone(),
            key_arn: None,
            wrapped_key: key.wrapped_key.clone(),
            context_id: key.context_id.clone(),
            grant_token: Some(key.grant_token.clone()),
        })
    }
}

/// KMS, as a host sees it: it decrypts one data key, in the name of who is named.
pub trait KeyService: Send + Sync + 'static {
    fn decrypt(&self, wanted: &KeyUse) -> Result<DataKey, HostError>;
}

/// Who hears of what a host finds broken.
pub trait Notices: Send + Sync + 'static {
    /// A chunk that a volume is loaded from cannot be read.
    fn damaged(&self, damage: &Damage);
    /// A volume takes no more writes: its disk failed a sync, so bytes that it had accepted may be gone. Told on a thread of its own.
    fn read_only(&self, volume: &str, why: &str);
}
