//! In which state a KMS key may do what, and how states change. Source: KMS Developer Guide, "Key states of AWS KMS keys"; the
//! page's table stands in the tests and is checked cell by cell.
//!
//! ```text
//!                    CreateKey (AWS_KMS)                     CreateKey (EXTERNAL)
//!                           │                                        │
//!                           ▼        DisableKey                      ▼
//!                        Enabled ───────────────► Disabled     PendingImport ◄── material deleted or expired
//!                           │  ◄───────────────     │  ▲             │
//!                           │        EnableKey      │  │ Cancel-     │ ScheduleKeyDeletion
//!                           └───────────┬───────────┘  │ KeyDeletion │
//!                     ScheduleKeyDeletion              │             │
//!                           ▼                          │             │
//!                    PendingDeletion ──────────────────┘ ◄───────────┘   (a key without material goes back to PendingImport)
//!                           │ window over
//!                           ▼
//!                        no such key
//! ```

use base::Refusal;

/// A key's state, named as in `KeyMetadata.KeyState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    Creating,
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
    Unavailable,
    Updating,
}

impl KeyState {
    pub const ALL: [KeyState; 8] = [
        KeyState::Creating,
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::PendingReplicaDeletion,
        KeyState::PendingImport,
        KeyState::Unavailable,
        KeyState::Updating,
    ];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            KeyState::Creating => "Creating",
            KeyState::Enabled => "Enabled",
            KeyState::Disabled => "Disabled",
            KeyState::PendingDeletion => "PendingDeletion",
            KeyState::PendingReplicaDeletion => "PendingReplicaDeletion",
            KeyState::PendingImport => "PendingImport",
            KeyState::Unavailable => "Unavailable",
            KeyState::Updating => "Updating",
        }
    }

    pub fn parse(name: &str) -> Option<KeyState> {
        KeyState::ALL.into_iter().find(|state| state.name() == name)
    }

    fn is_pending_deletion(self) -> bool {
        matches!(self, KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)
    }
}

/// Where a key's material comes from, named as in `KeyMetadata.Origin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOrigin {
    AwsKms,
    External,
    CloudHsm,
    ExternalKeyStore,
}

impl KeyOrigin {
    pub const ALL: [KeyOrigin; 4] =
        [KeyOrigin::AwsKms, KeyOrigin::External, KeyOrigin::CloudHsm, KeyOrigin::ExternalKeyStore];

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            KeyOrigin::AwsKms => "AWS_KMS",
            KeyOrigin::External => "EXTERNAL",
            KeyOrigin::CloudHsm => "AWS_CLOUDHSM",
            KeyOrigin::ExternalKeyStore => "EXTERNAL_KEY_STORE",
        }
    }

    pub fn parse(name: &str) -> Option<KeyOrigin> {
        KeyOrigin::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

/// Operations on one key, as far as its state matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyOperation {
    CancelKeyDeletion,
    CreateAlias,
    CreateGrant,
    Decrypt,
    DeleteAlias,
    DeleteImportedKeyMaterial,
    DeriveSharedSecret,
    DescribeKey,
    DisableKey,
    DisableKeyRotation,
    EnableKey,
    EnableKeyRotation,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext,
    GenerateDataKeyWithoutPlaintext,
    GenerateMac,
    GetKeyPolicy,
    GetKeyRotationStatus,
    GetParametersForImport,
    GetPublicKey,
    ImportKeyMaterial,
    ListAliases,
    ListGrants,
    ListKeyPolicies,
    ListKeyRotations,
    ListResourceTags,
    PutKeyPolicy,
    ReEncrypt,
    ReplicateKey,
    RetireGrant,
    RevokeGrant,
    RotateKeyOnDemand,
    ScheduleKeyDeletion,
    Sign,
    TagResource,
    UntagResource,
    /// asked of the alias's new target; the state of the old one does not matter
    UpdateAlias,
    UpdateKeyDescription,
    UpdatePrimaryRegion,
    Verify,
    VerifyMac,
}

/// Why a key's state or origin refuses an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStateRefusal {
    Disabled,
    PendingDeletion,
    NotPendingDeletion,
    PendingImport,
    Unavailable,
    Creating,
    Updating,
    /// the operation is not for keys of this origin
    Origin(KeyOrigin),
}

impl KeyStateRefusal {
    /// AWS's error code.
    pub fn code(self) -> &'static str {
        match self {
            KeyStateRefusal::Disabled => "DisabledException",
            KeyStateRefusal::Origin(_) => "UnsupportedOperationException",
            _ => "KMSInvalidStateException",
        }
    }

    /// AWS's message; EBS events carry the same text as their cause. (For keys pending deletion the page allows two codes;
    /// this is the one seen in EBS events and public reports.)
    pub fn message(self, key_arn: &str) -> String {
        match self {
            KeyStateRefusal::Disabled => format!("{key_arn} is disabled."),
            KeyStateRefusal::PendingDeletion => format!("{key_arn} is pending deletion."),
            KeyStateRefusal::NotPendingDeletion => {
                format!("{key_arn} is not pending deletion (or pending replica deletion).")
            }
            KeyStateRefusal::PendingImport => format!("{key_arn} is pending import."),
            KeyStateRefusal::Unavailable => format!("{key_arn} is unavailable."),
            KeyStateRefusal::Creating => format!("{key_arn} is creating."),
            KeyStateRefusal::Updating => format!("{key_arn} is updating."),
            KeyStateRefusal::Origin(origin) => {
                format!("{key_arn} origin is {} which is not valid for this operation.", origin.name())
            }
        }
    }

    /// The answer to the caller.
    pub fn refusal(self, key_arn: &str) -> Refusal {
        Refusal::new(self.code(), self.message(key_arn))
    }
}

/// May a key in this state do this?
pub fn check(op: KeyOperation, state: KeyState, origin: KeyOrigin) -> Result<(), KeyStateRefusal> {
    use KeyOperation as Op;
    match op {
        Op::DeleteAlias
        | Op::DescribeKey
        | Op::GetKeyPolicy
        | Op::ListAliases
        | Op::ListGrants
        | Op::ListKeyPolicies
        | Op::ListKeyRotations
        | Op::ListResourceTags
        | Op::PutKeyPolicy
        | Op::RetireGrant
        | Op::RevokeGrant => Ok(()),
        Op::CancelKeyDeletion if state.is_pending_deletion() => Ok(()),
        Op::CancelKeyDeletion => Err(KeyStateRefusal::NotPendingDeletion),
        Op::CreateAlias
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateAlias
        | Op::UpdateKeyDescription => not_pending_deletion(state),
        Op::ScheduleKeyDeletion if state == KeyState::Updating => Err(KeyStateRefusal::Updating),
        Op::ScheduleKeyDeletion => not_pending_deletion(state),
        Op::EnableKey | Op::DisableKey => switchable(state),
        Op::EnableKeyRotation | Op::DisableKeyRotation => rotatable(state, origin),
        Op::GetKeyRotationStatus => rotation_readable(origin),
        Op::DeleteImportedKeyMaterial => {
            imported(origin)?;
            settled(state)
        }
        Op::GetParametersForImport => importable(state, origin, settled),
        Op::ImportKeyMaterial => importable(state, origin, created),
        Op::CreateGrant if state == KeyState::Unavailable => Ok(()),
        Op::ReplicateKey | Op::RotateKeyOnDemand if state == KeyState::Updating => {
            Err(KeyStateRefusal::Updating)
        }
        Op::UpdatePrimaryRegion if state == KeyState::Updating => Err(KeyStateRefusal::Updating),
        Op::CreateGrant
        | Op::Decrypt
        | Op::DeriveSharedSecret
        | Op::Encrypt
        | Op::GenerateDataKey
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateMac
        | Op::GetPublicKey
        | Op::ReEncrypt
        | Op::ReplicateKey
        | Op::RotateKeyOnDemand
        | Op::Sign
        | Op::UpdatePrimaryRegion
        | Op::Verify
        | Op::VerifyMac => usable(state),
    }
}

/// For operations that need the material: only an enabled key (or one whose primary is moving) has it at hand.
fn usable(state: KeyState) -> Result<(), KeyStateRefusal> {
    match state {
        KeyState::Enabled | KeyState::Updating => Ok(()),
        KeyState::Disabled => Err(KeyStateRefusal::Disabled),
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => Err(KeyStateRefusal::PendingDeletion),
        KeyState::PendingImport => Err(KeyStateRefusal::PendingImport),
        KeyState::Unavailable => Err(KeyStateRefusal::Unavailable),
        KeyState::Creating => Err(KeyStateRefusal::Creating),
    }
}

fn not_pending_deletion(state: KeyState) -> Result<(), KeyStateRefusal> {
    if state.is_pending_deletion() { Err(KeyStateRefusal::PendingDeletion) } else { Ok(()) }
}

/// For EnableKey and DisableKey. A key store that is away does not hinder (the change shows when it is back).
fn switchable(state: KeyState) -> Result<(), KeyStateRefusal> {
    match state {
        KeyState::PendingImport => Err(KeyStateRefusal::PendingImport),
        KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => Err(KeyStateRefusal::PendingDeletion),
        _ => settled(state),
    }
}

fn created(state: KeyState) -> Result<(), KeyStateRefusal> {
    if state == KeyState::Creating { Err(KeyStateRefusal::Creating) } else { Ok(()) }
}

fn settled(state: KeyState) -> Result<(), KeyStateRefusal> {
    created(state)?;
    if state == KeyState::Updating { Err(KeyStateRefusal::Updating) } else { Ok(()) }
}

/// Automatic rotation is for material that we made.
fn rotatable(state: KeyState, origin: KeyOrigin) -> Result<(), KeyStateRefusal> {
    created(state)?;
    rotation_readable(origin)?;
    if state == KeyState::Updating { Ok(()) } else { usable(state) }
}

fn rotation_readable(origin: KeyOrigin) -> Result<(), KeyStateRefusal> {
    if origin == KeyOrigin::AwsKms { Ok(()) } else { Err(KeyStateRefusal::Origin(origin)) }
}

fn imported(origin: KeyOrigin) -> Result<(), KeyStateRefusal> {
    if origin == KeyOrigin::External { Ok(()) } else { Err(KeyStateRefusal::Origin(origin)) }
}

fn importable(
    state: KeyState,
    origin: KeyOrigin,
    ready: fn(KeyState) -> Result<(), KeyStateRefusal>,
) -> Result<(), KeyStateRefusal> {
    ready(state)?;
    imported(origin)?;
    not_pending_deletion(state)
}

/// What changes a key's state on request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyChange {
    Enable,
    Disable,
    /// `replicas`: a multi-Region primary waits for its replicas first
    ScheduleDeletion {
        replicas: bool,
    },
    /// `material`: whether the key has key material; one without goes back to waiting for its import
    CancelDeletion {
        material: bool,
    },
    /// `complete`: whether the key has all the material now that it ever used
    Import {
        complete: bool,
    },
}

/// The state of a new key.
pub fn initial(origin: KeyOrigin) -> KeyState {
    if origin == KeyOrigin::External { KeyState::PendingImport } else { KeyState::Enabled }
}

/// The state after a change, if it is allowed now.
pub fn after(change: KeyChange, state: KeyState, origin: KeyOrigin) -> Result<KeyState, KeyStateRefusal> {
    let (op, next) = match change {
        KeyChange::Enable => (KeyOperation::EnableKey, KeyState::Enabled),
        KeyChange::Disable => (KeyOperation::DisableKey, KeyState::Disabled),
        KeyChange::ScheduleDeletion { replicas: false } => {
            (KeyOperation::ScheduleKeyDeletion, KeyState::PendingDeletion)
        }
        KeyChange::ScheduleDeletion { replicas: true } => {
            (KeyOperation::ScheduleKeyDeletion, KeyState::PendingReplicaDeletion)
        }
        KeyChange::CancelDeletion { material: true } => (KeyOperation::CancelKeyDeletion, KeyState::Disabled),
        KeyChange::CancelDeletion { material: false } => {
            (KeyOperation::CancelKeyDeletion, KeyState::PendingImport)
        }
        KeyChange::Import { complete: true } if state == KeyState::PendingImport => {
            (KeyOperation::ImportKeyMaterial, KeyState::Enabled)
        }
        KeyChange::Import { .. } => (KeyOperation::ImportKeyMaterial, state),
    };
    check(op, state, origin).map(|()| next)
}

/// The state after imported material was deleted or has expired: the key waits for its import. One that is to be deleted goes
/// on waiting for that.
pub fn without_material(state: KeyState) -> KeyState {
    if state.is_pending_deletion() { state } else { KeyState::PendingImport }
}

#[cfg(test)]
#[path = "key_state_tests.rs"]
mod tests;
