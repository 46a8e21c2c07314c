//! What only this service needs to remember. Table `org_account_requests`, key `<organization>/<request id>`.

use base::{AccountId, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// The tables of this service.
pub const TABLES: &[Table] = &[AccountRequest::TABLE];

/// One CreateAccount.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountRequest {
    pub organization: String,
    /// `car-…`
    pub id: String,
    pub account_name: String,
    pub requested: Timestamp,
    /// The account, or why there is none (`EMAIL_ALREADY_EXISTS`).
    pub outcome: Result<AccountId, String>,
}

impl Row for AccountRequest {
    const TABLE: Table = Table { name: "org_account_requests", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{}", self.organization, self.id)
    }
}
