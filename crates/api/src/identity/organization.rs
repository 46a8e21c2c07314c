//! Organizations: a tree of OUs with accounts as leaves, and the control policies attached to its nodes.

use base::{AccountId, Tag, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// An organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Organization {
    /// `o-…`
    pub id: String,
    /// the management account: control policies do not limit it
    pub management: AccountId,
    /// `r-…`
    pub root: String,
    pub created: Timestamp,
}

/// The root or an organizational unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Node {
    /// `r-abcd` or `ou-abcd-12345678`
    pub id: String,
    pub organization: String,
    pub name: String,
    /// of an OU
    pub parent: Option<String>,
    /// of the root: service control policies are enabled
    pub control_enabled: bool,
    /// ids of the control policies attached here
    pub control_policies: Vec<String>,
    pub created: Timestamp,
    pub tags: Vec<Tag>,
}

/// A service control policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ControlPolicy {
    /// `p-…`; `p-FullAWSAccess` is AWS's own and has no row
    pub id: String,
    pub organization: String,
    pub name: String,
    pub description: String,
    pub document: String,
    pub created: Timestamp,
    pub tags: Vec<Tag>,
}

impl Row for Organization {
    const TABLE: Table = Table { name: "org_organizations", indexes: &["management"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(self.management.to_string())]
    }
}

impl Row for Node {
    const TABLE: Table = Table { name: "org_nodes", indexes: &["parent", "organization"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.parent.clone(), Some(self.organization.clone())]
    }
}

impl Row for ControlPolicy {
    const TABLE: Table = Table { name: "org_policies", indexes: &["organization"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(self.organization.clone())]
    }
}
