//! Sharing snapshots: what ModifySnapshotAttribute may change, and who may see a snapshot and restore from it. Sources: EC2 API
//! Reference, ModifySnapshotAttribute; EBS User Guide, "Share a snapshot" and "Block public access".
//!
//! ```text
//! block public access    new public sharing    snapshots that are public already
//! unblocked              allowed               public
//! block-new-sharing      refused               public
//! block-all-sharing      refused               hidden, and public again when unblocked
//! ```

use crate::encryption::choices;
use base::{AccountId, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The account's and Region's setting for public snapshots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockPublicAccess {
    #[default]
    Unblocked,
    BlockNewSharing,
    BlockAllSharing,
}

impl BlockPublicAccess {
    pub fn as_str(self) -> &'static str {
        match self {
            BlockPublicAccess::Unblocked => "unblocked",
            BlockPublicAccess::BlockNewSharing => "block-new-sharing",
            BlockPublicAccess::BlockAllSharing => "block-all-sharing",
        }
    }

    /// Reads `State` of EnableSnapshotBlockPublicAccess, which takes the two blocking ones only. Refusal:
    /// `InvalidParameterValue`.
    pub fn parse_blocking(text: &str) -> Result<Self, Refusal> {
        match text {
            "block-new-sharing" => Ok(BlockPublicAccess::BlockNewSharing),
            "block-all-sharing" => Ok(BlockPublicAccess::BlockAllSharing),
            _ => Err(invalid(format!("Invalid value '{text}' for State")).because(
                "block-new-sharing or block-all-sharing; unblocking is DisableSnapshotBlockPublicAccess",
            )),
        }
    }
}

/// Whom a snapshot is shared with: one item of `createVolumePermission`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grantee {
    /// the group `all`
    Everyone,
    Account(AccountId),
}

/// One item of `CreateVolumePermission.Add` or `.Remove`: a user id or a group.
#[derive(Clone, Copy, Debug, Default)]
pub struct Item<'a> {
    pub user_id: Option<&'a str>,
    pub group: Option<&'a str>,
}

/// ModifySnapshotAttribute as sent, both forms.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModifyAttribute<'a> {
    /// `Attribute`
    pub attribute: Option<&'a str>,
    /// `CreateVolumePermission.Add`
    pub add: &'a [Item<'a>],
    /// `CreateVolumePermission.Remove`
    pub remove: &'a [Item<'a>],
    /// `OperationType`
    pub operation: Option<&'a str>,
    pub user_ids: &'a [&'a str],
    pub group_names: &'a [&'a str],
}

/// Accounts and groups that one call may name (EC2 API Reference, ModifySnapshotAttribute).
pub const MODIFICATIONS_MAX: usize = 500;

/// What is to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    pub add: BTreeSet<Grantee>,
    pub remove: BTreeSet<Grantee>,
}

impl Change {
    /// The permissions after the change. Who is in both lists is removed.
    pub fn applied_to(&self, current: &BTreeSet<Grantee>) -> BTreeSet<Grantee> {
        current.union(&self.add).filter(|grantee| !self.remove.contains(grantee)).cloned().collect()
    }

    /// The accounts that get the snapshot by this change and had it not before (each hears of it by an event).
    pub fn newly_shared(&self, current: &BTreeSet<Grantee>) -> Vec<AccountId> {
        let new = |grantee: &&Grantee| !current.contains(grantee) && !self.remove.contains(grantee);
        let account = |grantee: &Grantee| match grantee {
            Grantee::Account(id) => Some(id.clone()),
            Grantee::Everyone => None,
        };
        self.add.iter().filter(new).filter_map(account).collect()
    }
}

/// Reads both forms into one. Refusals: `InvalidParameterValue`, `InvalidParameterCombination`, `MissingParameter`,
/// `InvalidUserID.Malformed`, `InvalidGroup.NotFound`.
pub fn change(asked: ModifyAttribute) -> Result<Change, Refusal> {
    let attribute = asked.attribute.filter(|a| !a.is_empty());
    if attribute.is_some_and(|a| a != "createVolumePermission") {
        return Err(invalid("Only the attribute createVolumePermission can be modified")
            .because(format!("{} was named", attribute.unwrap_or_default())));
    }
    let structured = !asked.add.is_empty() || !asked.remove.is_empty();
    let operation = asked.operation.filter(|o| !o.is_empty());
    let flat = operation.is_some() || !asked.user_ids.is_empty() || !asked.group_names.is_empty();
    if structured && flat {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "CreateVolumePermission and OperationType, UserIds or GroupNames cannot be used together",
        )
        .because("the two forms say the same thing; send one of them"));
    }
    if structured {
        let read = |items: &[Item]| items.iter().map(|item| grantee(*item)).collect::<Result<_, _>>();
        if !asked.add.is_empty() && !asked.remove.is_empty() {
            return Err(Refusal::new(
                "InvalidParameterCombination",
                "Permissions cannot be added and removed in a single operation",
            )
            .because("send two requests, one for each"));
        }
        at_most(asked.add.len() + asked.remove.len())?;
        return Ok(Change { add: read(asked.add)?, remove: read(asked.remove)? });
    }
    at_most(asked.user_ids.len() + asked.group_names.len())?;
    let users = asked.user_ids.iter().map(|id| account(id));
    let groups = asked.group_names.iter().map(|name| group(name));
    let listed: BTreeSet<Grantee> = users.chain(groups).collect::<Result<_, _>>()?;
    let change = match operation {
        Some("add") => Change { add: listed, ..Default::default() },
        Some("remove") => Change { remove: listed, ..Default::default() },
        Some(other) => {
            return Err(
                invalid(format!("Invalid value '{other}' for OperationType")).because("add or remove")
            );
        }
        None if listed.is_empty() => Change::default(),
        None => {
            return Err(
                missing("OperationType").because("UserIds and GroupNames need to be told add or remove")
            );
        }
    };
    if change == Change::default() {
        return Err(missing("CreateVolumePermission").because("nobody is added and nobody removed"));
    }
    Ok(change)
}

fn at_most(modifications: usize) -> Result<(), Refusal> {
    if modifications <= MODIFICATIONS_MAX {
        return Ok(());
    }
    Err(invalid(format!(
        "You can make up to {MODIFICATIONS_MAX} modifications to a snapshot in a single operation"
    ))
    .because(format!("the request makes {modifications}")))
}

fn grantee(item: Item) -> Result<Grantee, Refusal> {
    match (item.user_id.filter(|u| !u.is_empty()), item.group.filter(|g| !g.is_empty())) {
        (Some(id), None) => account(id),
        (None, Some(name)) => group(name),
        (Some(_), Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            "UserId and Group cannot be used together in one CreateVolumePermission",
        )
        .because("send two items, one for each")),
        (None, None) => Err(missing("UserId").because("a CreateVolumePermission names a UserId or a Group")),
    }
}

fn account(id: &str) -> Result<Grantee, Refusal> {
    AccountId::parse(id).map(Grantee::Account).map_err(|error| {
        Refusal::new("InvalidUserID.Malformed", format!("Invalid user id: \"{id}\""))
            .because(error.to_string())
    })
}

fn group(name: &str) -> Result<Grantee, Refusal> {
    if name == "all" {
        return Ok(Grantee::Everyone);
    }
    Err(Refusal::new("InvalidGroup.NotFound", format!("The group '{name}' does not exist"))
        .because("the only group that a snapshot is shared with is `all`"))
}

/// How a snapshot is encrypted, as far as sharing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedKey {
    Unencrypted,
    /// a customer managed key (even if it is the default EBS key)
    Customer,
    /// the AWS managed key `alias/aws/ebs`
    Managed,
}

/// May the change be made? Removing always may. `block` is the owner's setting in the Region. Refusal: `OperationNotPermitted`.
pub fn may_share(key: SharedKey, change: &Change, block: BlockPublicAccess) -> Result<(), Refusal> {
    if change.add.is_empty() {
        return Ok(());
    }
    let refused = |message: &'static str, reason: &'static str| {
        Err(Refusal::new("OperationNotPermitted", message).because(reason))
    };
    if key == SharedKey::Managed {
        return refused(
            "Encrypted snapshots with EBS default key cannot be shared",
            "nobody outside the account can be given the AWS managed key; copy the snapshot under a customer managed key",
        );
    }
    if !change.add.contains(&Grantee::Everyone) {
        return Ok(());
    }
    if key == SharedKey::Customer {
        return refused(
            "Encrypted snapshots cannot be shared publicly",
            "an encrypted snapshot is of use only with its key, which nobody shares with everybody",
        );
    }
    if block == BlockPublicAccess::Unblocked {
        return Ok(());
    }
    Err(Refusal::new(
        choices::PUBLIC_SHARING_BLOCKED_CODE,
        "Public sharing of snapshots is blocked in this account and Region",
    )
    .because(format!("snapshot block public access is {}", block.as_str())))
}

/// May `caller` see the snapshot and restore from it? The owner, accounts that it is shared with, and, if it is public and the
/// owner's setting does not hide it, everybody.
pub fn may_read(
    caller: &AccountId,
    owner: &AccountId,
    shared_with: &BTreeSet<Grantee>,
    block: BlockPublicAccess,
) -> bool {
    caller == owner
        || shared_with.contains(&Grantee::Account(caller.clone()))
        || is_public(shared_with, block)
}

/// Whether everybody may see it now.
pub fn is_public(shared_with: &BTreeSet<Grantee>, block: BlockPublicAccess) -> bool {
    shared_with.contains(&Grantee::Everyone) && block != BlockPublicAccess::BlockAllSharing
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

fn missing(parameter: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {parameter}"))
}

#[cfg(test)]
#[path = "sharing_tests.rs"]
mod tests;
