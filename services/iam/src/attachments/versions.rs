//! Versions of a managed policy: named `v1`, `v2`, …, at most five, one of them in force. Source: IAM User Guide, "Versioning IAM
//! policies".

use crate::find;
use api::identity::{ManagedPolicy, PolicyVersion};
use base::{Refusal, Timestamp};

/// The form of a version's name: `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`.
pub fn check_id(id: &str) -> Result<(), Refusal> {
    let after_v = id.strip_prefix('v').unwrap_or_default();
    let (number, rest) = after_v.split_once('.').unwrap_or((after_v, ""));
    let is_number =
        !number.starts_with('0') && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    if is_number && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Ok(());
    }
    let pattern = "satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
    Err(crate::names::constraint("versionId", id, pattern))
}

/// Adds a version; whether there is room is the caller's to check.
pub fn add(policy: &mut ManagedPolicy, document: String, now: Timestamp) -> String {
    let id = format!("v{}", policy.next_version);
    policy.next_version = policy.next_version.saturating_add(1);
    policy.versions.push(PolicyVersion { id: id.clone(), document, created: now });
    policy.updated = now;
    id
}

/// Where the version stands in the row.
pub fn position(policy: &ManagedPolicy, id: &str) -> Result<usize, Refusal> {
    policy.versions.iter().position(|version| version.id == id).ok_or_else(|| missing(&policy.arn(), id))
}

pub fn missing(arn: &str, id: &str) -> Refusal {
    find::no_such_entity(format!("Policy {arn} version {id} does not exist or is not attachable."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_v_and_a_number() {
        for good in ["v1", "v10", "v123.a-B", "v1."] {
            assert_eq!(check_id(good), Ok(()), "{good}");
        }
        for bad in ["", "v", "1", "v0", "v01", "V1", "v1a", "v1.a_", "v-1", "v1.a.b", "v１"] {
            assert_eq!(check_id(bad).unwrap_err().code, "ValidationError", "{bad}");
        }
    }
}
