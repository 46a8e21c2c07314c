//! Policy documents at the door of IAM: read before they are stored, measured without white space.
//!
//! Sources: IAM User Guide, "IAM and AWS STS quotas"; IAM API Reference, CreatePolicy.

use crate::{limits, names};
use base::Refusal;
use rules::iam::{Malformed, Policy, PolicyType};

/// Most characters of a document in a request, white space included: `policyDocumentType`.
const DOCUMENT_MAX: usize = 131_072;

/// The form that every document in a request has; what is longer does not reach the reader.
pub fn check_length(text: &str) -> Result<(), Refusal> {
    match text.chars().count() {
        0 => names::length("policyDocument", text, 1, DOCUMENT_MAX),
        n if n > DOCUMENT_MAX => {
            let must = format_args!("have length less than or equal to {DOCUMENT_MAX}").to_string();
            // The text itself is left out of the message: it would be the whole of the answer.
            Err(names::constraint("policyDocument", "", must))
        }
        _ => Ok(()),
    }
}

/// Refuses what is no policy of an identity.
pub fn check(text: &str) -> Result<(), Refusal> {
    let read = Policy::parse(text, PolicyType::Identity).and_then(Policy::of_current_version);
    read.map(drop).map_err(|Malformed(message, why)| {
        Refusal::new("MalformedPolicyDocument", message).because(format!("the document is no policy: {why}"))
    })
}

/// The same for a managed policy, which also has a size of its own.
pub fn check_managed(text: &str) -> Result<(), Refusal> {
    if limits::policy_chars(text) > limits::POLICY_CHARS {
        return Err(limits::exceeded("PolicySize", limits::POLICY_CHARS));
    }
    check(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_s_document_has_1_to_131072_characters() {
        assert_eq!(check_length("{"), Ok(()));
        assert_eq!(check_length(&"é".repeat(131_072)), Ok(()));
        for bad in [String::new(), " ".repeat(131_073)] {
            let refusal = check_length(&bad).unwrap_err();
            assert_eq!(refusal.code, "ValidationError");
            assert!(refusal.message.len() < 300, "{}", refusal.message.len());
        }
    }

    #[test]
    fn a_managed_policy_of_6145_characters_is_refused_before_it_is_read() {
        let refusal = check_managed(&"x".repeat(6145)).unwrap_err();
        assert_eq!((refusal.status, refusal.code.as_ref()), (409, "LimitExceeded"));
        assert_eq!(refusal.message, "Cannot exceed quota for PolicySize: 6144");
    }
}
