//! Managed policies of customers. (AWS's own are documents in the program.)

use super::named;
use base::{AccountId, Tag, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// A customer managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ManagedPolicy {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `ANPA…`
    pub id: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub description: Option<String>,
    /// at most five, oldest first
    pub versions: Vec<PolicyVersion>,
    /// `v1`
    pub default_version: String,
    /// number of the next version
    pub next_version: u32,
    /// how many users, groups and roles it is attached to
    pub attachments: u32,
    /// how many users and roles it bounds
    pub boundaries: u32,
    pub tags: Vec<Tag>,
}

/// One version of a managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// `v1`
    pub id: String,
    pub document: String,
    pub created: Timestamp,
}

impl ManagedPolicy {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:policy{}{}", self.account, self.path, self.name)
    }

    /// The document in force.
    pub fn document(&self) -> Option<&str> {
        let version = self.versions.iter().find(|version| version.id == self.default_version)?;
        Some(&version.document)
    }
}

impl Row for ManagedPolicy {
    const TABLE: Table = Table { name: "iam_policies", indexes: &[] };
    fn key(&self) -> String {
        named(&self.account, &self.name)
    }
}
