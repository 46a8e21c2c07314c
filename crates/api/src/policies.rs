//! Policies that have been read, remembered by their text: a decision over a hundred statements must not read them again at
//! every call.
//!
//! Two generations: what is used moves into the young one; when that is full it becomes the old one and the former old one is
//! forgotten. So memory is bounded, and texts that nobody uses any more go first.

use crate::{Cx, Door};
use parking_lot::Mutex;
use rules::iam::{Malformed, Policy, PolicyType};
use std::collections::HashMap;
use std::sync::Arc;

/// Policies of one generation. With two generations and IAM's longest text (32 KiB, a key policy) at most 32 MiB of text.
const GENERATION: usize = 512;

type Read = HashMap<String, Arc<Policy>>;

/// The memory; one per door.
#[derive(Default)]
pub(crate) struct Policies(Mutex<HashMap<PolicyType, Generations>>);

#[derive(Default)]
struct Generations {
    young: Read,
    old: Read,
}

impl Generations {
    fn find(&mut self, text: &str) -> Option<Arc<Policy>> {
        if let Some(policy) = self.young.get(text) {
            return Some(policy.clone());
        }
        let (text, policy) = self.old.remove_entry(text)?;
        self.keep(text, policy.clone());
        Some(policy)
    }

    fn keep(&mut self, text: String, policy: Arc<Policy>) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(text, policy);
    }
}

impl Policies {
    fn read(&self, text: &str, kind: PolicyType) -> Result<Arc<Policy>, Malformed> {
        if let Some(found) = self.0.lock().entry(kind).or_default().find(text) {
            return Ok(found);
        }
        // Read outside of the lock: a long text must not hold up the others.
        let policy = Arc::new(Policy::parse(text, kind)?);
        self.0.lock().entry(kind).or_default().keep(text.to_owned(), policy.clone());
        Ok(policy)
    }
}

impl Door {
    /// A policy document, read once for all calls. Errors: the text is no policy of this kind.
    pub fn policy(&self, text: &str, kind: PolicyType) -> Result<Arc<Policy>, Malformed> {
        self.policies.read(text, kind)
    }
}

impl Cx<'_> {
    /// As [`Door::policy`].
    pub fn policy(&self, text: &str, kind: PolicyType) -> Result<Arc<Policy>, Malformed> {
        self.door.policy(text, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(n: usize) -> String {
        let statement = r#"{"Effect":"Allow","Action":"ec2:*","Resource":"*"}"#;
        format!(r#"{{"Version":"2012-10-17","Id":"{n}","Statement":[{statement}]}}"#)
    }

    #[test]
    fn a_policy_is_read_once() {
        let policies = Policies::default();
        let first = policies.read(&text(1), PolicyType::Identity).unwrap();
        assert!(Arc::ptr_eq(&first, &policies.read(&text(1), PolicyType::Identity).unwrap()));
        assert!(!Arc::ptr_eq(&first, &policies.read(&text(2), PolicyType::Identity).unwrap()));
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let policies = Policies::default();
        let used = policies.read(&text(0), PolicyType::Identity).unwrap();
        for n in 1..5 * GENERATION {
            policies.read(&text(n), PolicyType::Identity).unwrap();
            if n % 100 == 0 {
                assert!(Arc::ptr_eq(&used, &policies.read(&text(0), PolicyType::Identity).unwrap()));
            }
        }
        let all = policies.0.lock();
        let held = &all[&PolicyType::Identity];
        assert!(held.young.len() + held.old.len() <= 2 * GENERATION);
        assert!(!held.young.contains_key(&text(1)) && !held.old.contains_key(&text(1)));
    }
}
