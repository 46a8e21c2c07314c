//! Grants as rows, and how many a key has.
//!
//! | table | key | secret? |
//! |---|---|---|
//! | kms_grants | `account/region/<key id>/<grant id>` | no |
//! | kms_grant_slots | `account/region/<key id>/<slot>` | no |
//!
//! A key may have 50,000 grants, and no call may become slower by it. So a grant is found by what a request holds against it:
//!
//! | index | value (after `account/region/<key id>/`) | asked by |
//! |---|---|---|
//! | grantee | grantee | ListGrants |
//! | name | name | CreateGrant with a name |
//! | retiring | (region only) retiring principal | ListRetirableGrants |
//! | bound | grantee, and the first pair of the constraint | operations with an encryption context |
//! | free | grantee, if some operation has no encryption context | operations without one |
//!
//! The count is spread over slots, because one row that every CreateGrant writes would make them all wait for each other.

use crate::rows::Key;
use base::{AccountId, Region, Timestamp};
use catalog::{Row, Table};
use rules::key_access::{Constraint, Context};
use serde::{Deserialize, Serialize};

/// Slots of a key, and grants in a slot: together the quota of 50,000 (KMS Developer Guide, "Resource quotas").
pub const SLOTS: u32 = 250;
pub const GRANTS_PER_SLOT: u32 = 200;
/// Bytes of a pair that go into an index value. What is cut off is compared later.
const PAIR_BYTES_MAX: usize = 200;

/// A grant on a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Grant {
    /// of the key
    pub account: AccountId,
    pub region: Region,
    pub key_id: String,
    /// 64 hexadecimal digits
    pub grant_id: String,
    pub name: Option<String>,
    /// as `api::identity::principals` stores names
    pub grantee: String,
    /// likewise
    pub retiring: Option<String>,
    pub operations: Vec<String>,
    pub equals: Option<Context>,
    pub subset: Option<Context>,
    pub issuing_account: AccountId,
    pub created: Timestamp,
    /// Where it is counted. Grants on AWS managed keys are not.
    #[serde(default)]
    pub slot: Option<u32>,
}

impl Grant {
    pub fn constraint(&self) -> Constraint {
        Constraint { equals: self.equals.clone(), subset: self.subset.clone() }
    }

    /// The `grantee` index value: this grantee's grants on this key.
    pub fn grantee_index(key: &Key, grantee: &str) -> String {
        format!("{}{grantee}", key.prefix())
    }

    /// The `name` index value: this key's grants of this name.
    pub fn name_index(key: &Key, name: &str) -> String {
        format!("{}{name}", key.prefix())
    }

    /// The `free` index value: this grantee's grants on this key with operations that have no encryption context.
    pub fn free_index(key: &Key, grantee: &str) -> String {
        Grant::grantee_index(key, grantee)
    }

    /// The `bound` index values under which those of this grantee's grants stand that may admit this encryption context: without a
    /// constraint, or with a constraint whose first pair the context has.
    pub fn bound_indexes(key: &Key, grantee: &str, context: &Context) -> Vec<String> {
        let by_grantee = Grant::grantee_index(key, grantee);
        let pairs = context.iter().map(|(name, value)| Some((name.as_str(), value.as_str())));
        std::iter::once(None).chain(pairs).map(|pair| bound(&by_grantee, pair)).collect()
    }
}

/// Whether an operation of a grant is held to an encryption context.
pub fn carries_context(operation: &str) -> bool {
    operation.starts_with("GenerateDataKey")
        || matches!(operation, "Encrypt" | "Decrypt" | "ReEncryptFrom" | "ReEncryptTo")
}

fn bound(by_grantee: &str, pair: Option<(&str, &str)>) -> String {
    let mut pair = pair.map_or(String::new(), |(name, value)| format!("{name}={value}"));
    let end = (0..=PAIR_BYTES_MAX.min(pair.len())).rev().find(|at| pair.is_char_boundary(*at));
    pair.truncate(end.unwrap_or(0));
    // The catalog cannot hold a NUL.
    format!("{by_grantee}\n{}", pair.replace('\0', " "))
}

impl Row for Grant {
    const TABLE: Table =
        Table { name: "kms_grants", indexes: &["grantee", "name", "retiring", "bound", "free"] };

    fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.account, self.region, self.key_id, self.grant_id)
    }

    fn indexes(&self) -> Vec<Option<String>> {
        let on_key = format!("{}/{}/{}/", self.account, self.region, self.key_id);
        let by_grantee = format!("{on_key}{}", self.grantee);
        let has_free = self.operations.iter().any(|operation| !carries_context(operation));
        vec![
            Some(by_grantee.clone()),
            self.name.as_ref().map(|name| format!("{on_key}{name}")),
            self.retiring.as_ref().map(|retiring| format!("{}/{retiring}", self.region)),
            Some(bound(&by_grantee, self.constraint().first_pair())),
            has_free.then_some(by_grantee),
        ]
    }
}

/// How many of a key's grants are counted here.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GrantSlot {
    pub account: AccountId,
    pub region: Region,
    pub key_id: String,
    pub slot: u32,
    pub grants: u32,
}

impl GrantSlot {
    /// An empty one.
    pub fn new(key: &Key, slot: u32) -> GrantSlot {
        let (account, region) = (key.account.clone(), key.region.clone());
        GrantSlot { account, region, key_id: key.key_id.clone(), slot, grants: 0 }
    }
}

impl Row for GrantSlot {
    const TABLE: Table = Table { name: "kms_grant_slots", indexes: &[] };

    fn key(&self) -> String {
        format!("{}/{}/{}/{:03}", self.account, self.region, self.key_id, self.slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_the_quota_together() {
        assert_eq!(SLOTS * GRANTS_PER_SLOT, 50_000);
    }

    #[test]
    fn a_pair_of_any_length_makes_a_short_index_value_without_nul() {
        for (name, value) in
            [("a", "x".repeat(2000)), ("é".repeat(300).as_str(), "\0".into()), ("", "".into())]
        {
            let value = bound("111122223333/r/k/g", Some((name, &value)));
            assert!(value.len() < 300 && !value.contains('\0'), "{value}");
        }
        assert_ne!(bound("g", Some(("a", "1"))), bound("g", Some(("a", "2"))));
        assert_ne!(bound("g", Some(("a", "1"))), bound("g", None));
    }
}
