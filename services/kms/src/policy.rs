//! Key policies as documents: the two that we write, and what a caller's must be to be taken. What they mean is decided in
//! `rules::key_policy`. One that denies something in words that are not evaluated yet would be stored and not obeyed, so it is
//! refused by name.

use base::{AccountId, Arn, Refusal, Region};
use rules::key_policy::{KeyPolicy, KeyUse, Verdict};
use serde_json::json;

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

/// Refuses a document that is not a key policy, denies in words that are not evaluated, or locks out the root of the key's
/// account, who is giving it.
pub fn check(text: &str, account: &AccountId, key: &Arn, lock_out: LockOut) -> Result<(), Refusal> {
    if text.len() > POLICY_BYTES_MAX {
        let message = format!("The key policy exceeds the maximum size of {POLICY_BYTES_MAX} bytes.");
        return Err(Refusal::new("LimitExceededException", message));
    }
    let policy = KeyPolicy::parse(text).map_err(|why| malformed(&why.0))?;
    if let Some(what) = policy.would_not_obey() {
        let message = format!("This server does not evaluate {what} yet and would not obey the key policy.");
        return Err(Refusal::new("UnsupportedOperationException", message));
    }
    let put_again = policy.decide(&KeyUse {
        account: Some(account),
        caller_account: account,
        key,
        operation: "PutKeyPolicy",
        via_service: None,
        context: None,
    });
    match (put_again, lock_out) {
        (Verdict::Allowed(_), _) | (_, LockOut::Accepted) => Ok(()),
        (Verdict::Denied(why) | Verdict::Silent(why), LockOut::Refused) => {
            let message = "The new key policy will not allow you to update the key policy in the future.";
            Err(malformed(message).because(format!("kms:PutKeyPolicy by {}: {why}", account.root_arn())))
        }
    }
}

fn malformed(message: &str) -> Refusal {
    Refusal::new("MalformedPolicyDocumentException", message)
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
