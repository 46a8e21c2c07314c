//! Accounts and long-term access keys. Secrets of access keys are stored only under the seal; who opens them is the gateway,
//! which must recompute signatures.

use base::{AccountId, Tag, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// An account on this server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub created: Timestamp,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub email: String,
    /// IAM's account alias
    #[serde(default)]
    pub alias: Option<String>,
    /// The organization that it belongs to.
    #[serde(default)]
    pub organization: Option<String>,
    /// In an organization: the root or OU above it.
    #[serde(default)]
    pub parent: Option<String>,
    /// Ids of the control policies attached to the account itself.
    #[serde(default)]
    pub control_policies: Vec<String>,
    /// CloseAccount was called: nobody can sign for it any more.
    #[serde(default)]
    pub closed: Option<Timestamp>,
    #[serde(default)]
    pub tags: Vec<Tag>,
}

impl Account {
    pub fn new(id: AccountId, created: Timestamp) -> Self {
        Account {
            id,
            created,
            name: String::new(),
            email: String::new(),
            alias: None,
            organization: None,
            parent: None,
            control_policies: Vec::new(),
            closed: None,
            tags: Vec::new(),
        }
    }
}

impl Row for Account {
    const TABLE: Table = Table { name: "accounts", indexes: &["organization", "parent", "alias"] };
    fn key(&self) -> String {
        self.id.to_string()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.organization.clone(), self.parent.clone(), self.alias.clone()]
    }
}

/// A long-term access key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    pub account: AccountId,
    /// The user whose it is, without path; the account's root if absent.
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub inactive: bool,
    pub created: Timestamp,
    /// The secret access key, wrapped by the seal under this key's id.
    #[serde(with = "catalog::bytes")]
    pub sealed_secret: Vec<u8>,
}

impl AccessKey {
    /// The `owner` index value; `user` without path.
    pub fn owner_index(account: &AccountId, user: Option<&str>) -> String {
        super::named(account, user.unwrap_or_default())
    }
}

impl Row for AccessKey {
    const TABLE: Table = Table { name: "access_keys", indexes: &["owner"] };
    fn key(&self) -> String {
        self.id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(AccessKey::owner_index(&self.account, self.user.as_deref()))]
    }
}

/// The server's fact that test credentials are accepted: then every account that they could name exists, with or without a row.
pub const TEST_ACCOUNTS: &str = "test-accounts";

/// A fact about the server itself, for instance under which root key its secrets are sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerFact {
    pub name: String,
    pub value: String,
}

impl Row for ServerFact {
    const TABLE: Table = Table { name: "server_facts", indexes: &[] };
    fn key(&self) -> String {
        self.name.clone()
    }
}
