//! Users, groups, roles and instance profiles. Inline policies and the list of attached ones are part of the row: a decision reads
//! one row per identity.

use super::named;
use base::{AccountId, Tag, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An IAM user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub account: AccountId,
    pub name: String,
    /// `/` or `/a/b/`
    pub path: String,
    /// `AIDA…`
    pub id: String,
    pub created: Timestamp,
    /// documents by name
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies
    pub attached: Vec<String>,
    /// ARN of a managed policy
    pub boundary: Option<String>,
    /// names of the groups that the user is in
    pub groups: Vec<String>,
    pub tags: Vec<Tag>,
}

/// An IAM group.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AGPA…`
    pub id: String,
    pub created: Timestamp,
    pub inline: BTreeMap<String, String>,
    pub attached: Vec<String>,
}

/// An IAM role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AROA…`
    pub id: String,
    pub created: Timestamp,
    pub description: Option<String>,
    /// who may assume it
    pub trust: String,
    pub inline: BTreeMap<String, String>,
    pub attached: Vec<String>,
    pub boundary: Option<String>,
    /// 3,600 to 43,200
    pub session_seconds_max: u32,
    /// of a service-linked role: the service, `ebs.amazonaws.com`
    pub linked_service: Option<String>,
    pub last_used: Option<(Timestamp, String)>,
    pub tags: Vec<Tag>,
}

/// A role's name for instances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub account: AccountId,
    pub name: String,
    pub path: String,
    /// `AIPA…`
    pub id: String,
    pub created: Timestamp,
    /// the one role in it, without path
    pub role: Option<String>,
    pub tags: Vec<Tag>,
}

impl User {
    pub fn arn(&self) -> String {
        crate::caller::user_arn(&self.account, &self.path, &self.name)
    }
}

impl Group {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:group{}{}", self.account, self.path, self.name)
    }
}

impl Role {
    pub fn arn(&self) -> String {
        crate::caller::role_arn(&self.account, &self.path, &self.name)
    }
}

impl InstanceProfile {
    pub fn arn(&self) -> String {
        format!("arn:aws:iam::{}:instance-profile{}{}", self.account, self.path, self.name)
    }
}

impl Row for User {
    const TABLE: Table = Table { name: "iam_users", indexes: &["id"] };
    fn key(&self) -> String {
        named(&self.account, &self.name)
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(self.id.clone())]
    }
}

impl Row for Group {
    const TABLE: Table = Table { name: "iam_groups", indexes: &[] };
    fn key(&self) -> String {
        named(&self.account, &self.name)
    }
}

impl Row for Role {
    const TABLE: Table = Table { name: "iam_roles", indexes: &["id"] };
    fn key(&self) -> String {
        named(&self.account, &self.name)
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(self.id.clone())]
    }
}

impl Row for InstanceProfile {
    const TABLE: Table = Table { name: "iam_instance_profiles", indexes: &["role"] };
    fn key(&self) -> String {
        named(&self.account, &self.name)
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.role.as_ref().map(|role| named(&self.account, role))]
    }
}
