//! Accounts and their credentials. Secrets of access keys are stored only under the seal; who opens them is the gateway,
//! which must recompute signatures.

use base::{AccountId, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// An account on this server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub created: Timestamp,
}

impl Row for Account {
    const TABLE: Table = Table { name: "accounts", indexes: &[] };
    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// A long-term access key. For now all belong to account roots.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub account: AccountId,
    pub created: Timestamp,
    /// The secret access key, wrapped by the seal under this key's id.
    pub sealed_secret: Vec<u8>,
}

impl Row for AccessKey {
    const TABLE: Table = Table { name: "access_keys", indexes: &[] };
    fn key(&self) -> String {
        self.id.clone()
    }
}

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
