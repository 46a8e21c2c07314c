//! Derived signing keys, and a bounded memory of them.
//!
//! ```text
//! HMAC("AWS4" + secret, date) ─▶ HMAC(·, region) ─▶ HMAC(·, service) ─▶ HMAC(·, "aws4_request") = signing key
//! ```
//! A signing key lets its holder sign for a day, so it lives in locked memory like the secret it comes from.

use super::TERMINATOR;
use super::scope::CredentialScope;
use aws_lc_rs::hmac;
use base::Fault;
use keys::Secret;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

/// Keys remembered at most: one per access key, date, Region and service in use. 64 KiB of locked memory.
const REMEMBERED_MAX: usize = 1024;

/// The signing key for one day, Region and service. Errors: locked memory is exhausted.
pub(crate) fn derive(secret: &[u8], date: &str, region: &str, service: &str) -> Result<Secret, Fault> {
    let mut seed = Vec::with_capacity(4 + secret.len());
    seed.extend_from_slice(b"AWS4");
    seed.extend_from_slice(secret);
    let seed = locked(&mut seed)?;
    let step = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let mut key = step(seed.expose(), date);
    for text in [region, service, TERMINATOR] {
        key = step(key.as_ref(), text);
    }
    locked(&mut key.as_ref().to_vec())
}

fn locked(bytes: &mut [u8]) -> Result<Secret, Fault> {
    Secret::from_slice_wiping(bytes).map_err(|source| Fault::caused("keeping a signing key", source))
}

/// HMAC-SHA-256 of a text under a signing key.
pub(crate) fn sign(key: &Secret, text: &str) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), text.as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

/// The credential scope is the name of a signing key.
#[derive(PartialEq, Eq, Hash)]
struct Name {
    access_key_id: String,
    date: String,
    region: String,
    service: String,
}

/// Signing keys that verified a signature before.
#[derive(Default)]
pub(crate) struct SigningKeys(Mutex<HashMap<Name, Arc<Secret>>>);

impl SigningKeys {
    /// The key for a scope, remembered or derived anew.
    pub(crate) fn get(&self, scope: &CredentialScope, secret: &Secret) -> Result<Arc<Secret>, Fault> {
        if let Some(key) = self.0.lock().get(&name(scope)) {
            return Ok(key.clone());
        }
        derive(secret.expose(), &scope.date, &scope.region, &scope.service).map(Arc::new)
    }

    /// Keeps a key that has verified a signature. Keys of failed signatures are not kept: anybody can name scopes.
    pub(crate) fn remember(&self, scope: &CredentialScope, key: &Arc<Secret>) {
        let mut remembered = self.0.lock();
        if remembered.len() >= REMEMBERED_MAX {
            // Yesterday's keys first; if today's alone are too many, deriving them again costs microseconds.
            remembered.retain(|name, _| name.date == scope.date);
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
        }
        remembered.entry(name(scope)).or_insert_with(|| key.clone());
    }
}

fn name(scope: &CredentialScope) -> Name {
    let CredentialScope { access_key_id, date, region, service, .. } = scope.clone();
    Name { access_key_id, date, region, service }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::from_slice_wiping(&mut b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec()).unwrap()
    }

    #[test]
    fn the_derived_key_is_the_published_one() {
        // AWS General Reference, "Examples of how to derive a signing key for Signature Version 4".
        let key = derive(secret().expose(), "20120215", "us-east-1", "iam").unwrap();
        let published = "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d";
        assert_eq!(hex::encode(key.expose()), published);
    }

    #[test]
    fn every_element_of_the_scope_changes_the_key() {
        let key = |date, region, service| derive(secret().expose(), date, region, service).unwrap();
        let one = key("20120215", "us-east-1", "iam");
        for other in [
            key("20120216", "us-east-1", "iam"),
            key("20120215", "us-east-2", "iam"),
            key("20120215", "us-east-1", "ec2"),
        ] {
            assert!(!one.same_as(&other));
        }
    }

    #[test]
    fn the_memory_is_bounded_and_prefers_today() {
        let keys = SigningKeys::default();
        let scope = |n: usize, date: &str| CredentialScope {
            access_key_id: format!("AKID{n}"),
            date: date.to_owned(),
            region: "us-east-1".to_owned(),
            service: "ec2".to_owned(),
            terminator: TERMINATOR.to_owned(),
        };
        let key = Arc::new(secret());
        for n in 0..REMEMBERED_MAX {
            keys.remember(&scope(n, if n < 1000 { "20150829" } else { "20150830" }), &key);
        }
        keys.remember(&scope(5000, "20150830"), &key);
        assert_eq!(keys.0.lock().len(), REMEMBERED_MAX - 1000 + 1);
        assert!(keys.0.lock().keys().all(|name| name.date == "20150830"));
        for n in 0..5 * REMEMBERED_MAX {
            keys.remember(&scope(n, "20150830"), &key);
            assert!(keys.0.lock().len() <= REMEMBERED_MAX);
        }
    }
}
