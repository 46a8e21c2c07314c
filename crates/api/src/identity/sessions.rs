//! Temporary credentials, made by AssumeRole, GetSessionToken and GetFederationToken. A row per session, so that a session token
//! means nothing by itself: a forged or truncated one names no row, and what a session may is not in its holder's hands.

use crate::{Principal, Session};
use base::AccountId;
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};

/// One session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TemporaryCredential {
    /// `ASIA…`
    pub access_key_id: String,
    pub account: AccountId,
    pub principal: Principal,
    pub session: Session,
    /// The secret access key, wrapped by the seal under the access key's id.
    #[serde(with = "catalog::bytes")]
    pub sealed_secret: Vec<u8>,
    /// SHA-256 of the session token, in hexadecimal digits.
    pub token_digest: String,
}

impl TemporaryCredential {
    /// The `expires` index value: the hour in which it ends, for upkeep.
    pub fn expires_index(hour: i64) -> String {
        format!("{hour:012}")
    }
}

impl Row for TemporaryCredential {
    const TABLE: Table = Table { name: "iam_sessions", indexes: &["expires"] };
    fn key(&self) -> String {
        self.access_key_id.clone()
    }
    fn indexes(&self) -> Vec<Option<String>> {
        vec![Some(TemporaryCredential::expires_index(self.session.expires.millis() / 3_600_000))]
    }
}
