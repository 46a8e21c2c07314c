//! The record of a call that used another account's resource, as that account gets it: both records carry one `sharedEventID`,
//! each has an id of its own, and the owner learns which account and identity called but neither its name nor its access key.
//! A denied call used nothing, so there is no record for the owner.
//!
//! Sources: CloudTrail User Guide, "sharedEventID" in "Record contents" and `AWSAccount` in "userIdentity element"; KMS Developer
//! Guide, "Allowing users in other accounts to use a KMS key" (cross-account operations are logged in both accounts);
//! IAM User Guide, "Logging IAM and AWS STS API calls" (AssumeRole across accounts).

use super::{Record, Touched};
use crate::{Caller, Principal};
use base::AccountId;
use serde_json::{Value, json};

/// Services whose use across accounts is recorded for the owner as well. (What other accounts do with an EBS snapshot reaches its
/// owner in events of another kind.)
const SOURCES: &[&str] = &["kms.amazonaws.com", "sts.amazonaws.com"];

impl Record {
    /// The accounts other than the caller's whose resources the call used.
    pub(crate) fn owners(&self) -> Vec<AccountId> {
        let mut owners: Vec<AccountId> = Vec::new();
        if SOURCES.contains(&self.event_source.as_str()) {
            for Touched { account, .. } in &self.resources {
                if *account != self.account && !owners.contains(account) {
                    owners.push(account.clone());
                }
            }
        }
        owners
    }

    /// Marks the record as one of several of the same call.
    pub(crate) fn share(&mut self, shared_event_id: &str) {
        self.body["sharedEventID"] = json!(shared_event_id);
    }

    /// What `owner` gets of this (shared) record.
    pub(crate) fn for_owner(
        &self,
        owner: AccountId,
        caller: &Caller,
        event_id: String,
        sequence: u64,
    ) -> Record {
        let mut body = self.body.clone();
        body["recipientAccountId"] = json!(owner);
        body["eventID"] = json!(event_id);
        // A service's identity is nobody's secret.
        if !matches!(caller.principal, Principal::Service { .. }) {
            let invoked_by = body["userIdentity"]["invokedBy"].take();
            body["userIdentity"] = stranger(caller, invoked_by);
        }
        Record {
            account: owner,
            sequence,
            event_id,
            user_name: caller.account.to_string(),
            access_key_id: None,
            body,
            ..self.clone()
        }
    }
}

/// `userIdentity` of a caller of another account.
fn stranger(caller: &Caller, invoked_by: Value) -> Value {
    let mut identity = json!({
        "type": "AWSAccount", "principalId": caller.principal_id(), "accountId": caller.account,
    });
    if !invoked_by.is_null() {
        identity["invokedBy"] = invoked_by;
    }
    identity
}
