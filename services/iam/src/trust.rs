//! Trust policies: who may assume a role. Users and roles in them are stored by their unique ids, so that one made again under the
//! same name does not inherit what the first one had. Source: IAM User Guide, "AWS JSON policy elements: Principal", "IAM and AWS
//! STS quotas" (role trust policy length); IAM API Reference, UpdateAssumeRolePolicy.

use crate::{limits, names, shapes};
use api::identity::{Role, principals};
use api::{Answer, Cx};
use base::Refusal;
use rules::iam::{Malformed, Policy, PolicyType};
use wire::generated::iam;

/// Longest document of any request.
const DOCUMENT_MAX: usize = 131_072;

/// The form of a document in a request.
pub fn check_length(member: &str, text: &str) -> Result<(), Refusal> {
    names::length(member, text, 1, DOCUMENT_MAX)
}

/// A trust policy as it is stored. Errors: `MalformedPolicyDocument`, also for principals that do not exist; `LimitExceeded`.
pub fn stored(cx: &mut Cx, text: &str) -> Answer<String> {
    Policy::parse(text, PolicyType::Trust).map_err(|Malformed(message, why)| {
        malformed_document(message).because(format!("the document is no trust policy: {why}"))
    })?;
    if limits::policy_chars(text) > limits::TRUST_CHARS {
        return Err(limits::exceeded("ACLSizePerRole", limits::TRUST_CHARS).into());
    }
    match principals::stored_document(cx.tx, text)? {
        Ok(text) => Ok(text),
        Err(missing) => {
            let message = format!("Invalid principal in policy: \"AWS\":\"{missing}\"");
            let reason = format!("the trust policy names {missing}, which does not exist on this server");
            Err(malformed_document(message).because(reason).into())
        }
    }
}

/// A role as the lists show it.
pub fn role_listed(cx: &mut Cx, role: &Role) -> Answer<iam::Role> {
    let trust = principals::shown_document(cx.tx, &role.trust)?;
    Ok(shapes::role_listed(role, &trust))
}

/// A role, whole.
pub fn role(cx: &mut Cx, role: &Role) -> Answer<iam::Role> {
    let trust = principals::shown_document(cx.tx, &role.trust)?;
    Ok(shapes::role(role, &trust))
}

fn malformed_document(message: impl Into<String>) -> Refusal {
    Refusal::new("MalformedPolicyDocument", message)
}
