//! Key policies as documents: the two that we write, what a caller's must be to be taken, and the form in which they are stored:
//! users and roles by their unique ids, so that who is made again under the same name inherits nothing. What they mean is decided
//! in `rules::key_access`.

use crate::access::{Asks, facts};
use crate::rows::Key;
use api::identity::principals;
use api::{Answer, Caller, Cx};
use base::{AccountId, Arn, Fault, Refusal, Region};
use rules::iam::{Policy, PolicyType, Verdict};
use serde_json::json;
use std::sync::Arc;

/// KMS Developer Guide, "Resource quotas".
const POLICY_BYTES_MAX: usize = 32_768;
/// The only name that a key policy has.
pub const NAME: &str = "default";

/// The default policy of keys made through the API.
pub fn of_customer_key(account: &AccountId) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": account.root_arn()},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// The policy of `alias/aws/ebs`.
pub fn of_managed_key(account: &AccountId, region: &Region) -> String {
    json!({
        "Version": "2012-10-17",
        "Id": "auto-ebs-2",
        "Statement": [
            {
                "Sid": "Allow access through EBS for all principals in the account that are authorized to use EBS",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": [
                    "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                    "kms:DescribeKey",
                ],
                "Resource": "*",
                "Condition": {"StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": format!("ec2.{region}.amazonaws.com"),
                }},
            },
            {
                "Sid": "Allow direct access to key metadata to the account",
                "Effect": "Allow",
                "Principal": {"AWS": account.root_arn()},
                "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                "Resource": "*",
            },
        ],
    })
    .to_string()
}

/// Whether a policy may lock its account out (`BypassPolicyLockoutSafetyCheck`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOut {
    Refused,
    Accepted,
}

impl LockOut {
    /// Reads the request's member; a check is made unless the caller forgoes it.
    pub fn asked(bypass: Option<bool>) -> LockOut {
        if bypass == Some(true) { LockOut::Accepted } else { LockOut::Refused }
    }
}

/// The stored form of a document that a caller gives a key. Refuses what is no key policy, names principals that do not exist, or
/// locks the caller out. `key` is there for a key that exists already.
pub fn accepted(cx: &mut Cx, text: &str, arn: &Arn, key: Option<&Key>, lock_out: LockOut) -> Answer<String> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("The key policy exceeds the maximum size of {POLICY_BYTES_MAX} bytes.");
        return Err(Refusal::new("LimitExceededException", message).into());
    }
    let policy = Policy::parse(text, PolicyType::Key).map_err(|why| malformed(&why.0).because(why.1))?;
    let stored = principals::stored_document(cx.tx, text)?.map_err(|nobody| {
        malformed("Policy contains a statement with one or more invalid principals.")
            .because(format!("{nobody} does not exist"))
    })?;
    if lock_out == LockOut::Refused {
        may_put_again(cx, &policy, arn, key)?;
    }
    Ok(stored)
}

/// Whether the new policy lets its giver put another one: itself, its role, or its account (then its IAM policies decide).
fn may_put_again(cx: &mut Cx, policy: &Policy, arn: &Arn, key: Option<&Key>) -> Answer<()> {
    let caller = cx.caller.clone();
    let authority = cx.authority(&caller)?;
    let mut context = facts::of_call(&authority, &caller, "PutKeyPolicy", &Asks::nothing());
    if let Some(key) = key {
        facts::of_key(cx, key, &mut context)?;
    }
    match policy.ask(&authority.asker(&caller), "kms:PutKeyPolicy", &arn.to_string(), &context) {
        Verdict::Allowed(..) => Ok(()),
        Verdict::Denied(why) | Verdict::Silent(why) => {
            let message = "The new key policy will not allow you to update the key policy in the future.";
            Err(malformed(message).because(format!("kms:PutKeyPolicy by {}: {why}", caller.arn())).into())
        }
    }
}

/// A key's policy for a decision about one caller.
pub fn of_key(cx: &Cx, key: &Key, caller: &Caller) -> Answer<Arc<Policy>> {
    let text = principals::document_for(caller, &key.policy);
    let read = cx.policy(&text, PolicyType::Key);
    Ok(read.map_err(|why| {
        Fault::new(format!("the stored policy of {} cannot be read: {} {}", key.arn(), why.0, why.1))
    })?)
}

/// A key's policy as its readers see it.
pub fn shown(cx: &mut Cx, key: &Key) -> Answer<String> {
    principals::shown_document(cx.tx, &key.policy)
}

fn malformed(message: &str) -> Refusal {
    Refusal::new("MalformedPolicyDocumentException", message)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
