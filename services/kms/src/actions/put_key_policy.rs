//! PutKeyPolicy: another key policy in place of the one there is, obeyed from the commit on. Any key state.
//!
//! Needs `kms:PutKeyPolicy` on the key, which AWS managed keys give to nobody; not for keys of other accounts. A policy that
//! would not let the caller put another one is refused unless it forgoes the check; one that names a principal that does not
//! exist is refused always (`policy.rs`). Source: KMS API Reference, PutKeyPolicy.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use crate::policy::{self, LockOut};
use api::{Action, Answer, Cx};
use rules::key_state::KeyOperation;
use wire::generated::kms::{PutKeyPolicy as Op, PutKeyPolicyInput, PutKeyPolicyOutput};

pub struct PutKeyPolicy;

impl Action for PutKeyPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "kms:PutKeyPolicy";
    const KEYS: &'static [&'static str] = &["kms:BypassPolicyLockoutSafetyCheck"];

    fn authorise(cx: &mut Cx, input: &PutKeyPolicyInput) -> Answer<()> {
        let asks = Asks::nothing().with("kms:BypassPolicyLockoutSafetyCheck", bypasses(input).to_string());
        access::key(cx, &input.key_id, Accepts::Key, "PutKeyPolicy", &asks).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: PutKeyPolicyInput) -> Answer<PutKeyPolicyOutput> {
        let mut key = find::key(cx, &input.key_id, Accepts::Key)?;
        key.check(KeyOperation::PutKeyPolicy)?;
        if input.policy_name.is_some_and(|name| name != policy::NAME) {
            return Err(find::not_found("No such policy exists".to_owned()).into());
        }
        let lock_out = LockOut::asked(input.bypass_policy_lockout_safety_check);
        key.policy = policy::accepted(cx, &input.policy, &key.arn_parts(), Some(&key), lock_out)?;
        cx.tx.put(&key)?;
        Ok(PutKeyPolicyOutput {})
    }
}

fn bypasses(input: &PutKeyPolicyInput) -> bool {
    input.bypass_policy_lockout_safety_check == Some(true)
}

#[cfg(test)]
#[path = "put_key_policy_tests.rs"]
mod tests;
