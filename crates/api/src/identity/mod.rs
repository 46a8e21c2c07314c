//! Accounts, people, roles and what they may: the rows of IAM, STS and Organizations. They live with the door, not with the
//! services that change them, because the door reads them in the transaction of every call that it authorises.
//!
//! | table | key | secret? |
//! |---|---|---|
//! | accounts | account id | no |
//! | access_keys | access key id | the secret access key, sealed |
//! | access_key_uses | access key id | no |
//! | iam_sessions | access key id (`ASIA…`) | the secret access key, sealed; of the session token a hash |
//! | iam_users, iam_groups, iam_roles, iam_instance_profiles, iam_policies | `account/<name in lower case>` | no |
//! | org_organizations | organization id | no |
//! | org_nodes | root or OU id | no |
//! | org_policies | policy id | no |

mod accounts;
pub mod aws_managed;
mod key_use;
mod organization;
mod people;
mod policies;
pub mod principals;
mod sessions;

pub use accounts::{AccessKey, Account, ServerFact, TEST_ACCOUNTS};
pub use key_use::{AccessKeyUse, KeyUses};
pub use organization::{ControlPolicy, Node, Organization};
pub use people::{Group, InstanceProfile, Role, User};
pub use policies::{ManagedPolicy, PolicyVersion};
pub use sessions::TemporaryCredential;

use base::AccountId;

/// The key of what has a name in an account: names differ by more than their case.
pub fn named(account: &AccountId, name: &str) -> String {
    format!("{account}/{}", name.to_ascii_lowercase())
}
