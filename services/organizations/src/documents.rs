//! Documents of service control policies. What they mean is decided in `rules::iam`.

use crate::organization::FULL_ACCESS;
use crate::{members, refusals};
use api::identity::Organization;
use api::{Answer, Cx};
use base::Refusal;
use rules::iam::{Policy, PolicyType};

/// Source: Organizations User Guide, "Quotas".
const DOCUMENT_BYTES_MAX: usize = 5120;

/// Refuses what is no service control policy.
pub fn check(document: &str) -> Result<(), Refusal> {
    if document.len() > DOCUMENT_BYTES_MAX {
        let message = "You have exceeded the maximum size of a policy.";
        return Err(refusals::constraint("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    Policy::parse(document, PolicyType::Control).map(drop).map_err(|why| {
        Refusal::new(
            "MalformedPolicyDocumentException",
            "The provided policy document does not meet the requirements of the specified policy type.",
        )
        .because(why.0)
    })
}

/// Names of policies are unique in an organization. `but` is the policy that is being renamed.
pub fn check_name(cx: &mut Cx, organization: &Organization, name: &str, but: Option<&str>) -> Answer<()> {
    let taken = members::policies(cx, organization)?;
    if name == "FullAWSAccess"
        || taken.iter().any(|other| other.name == name && Some(other.id.as_str()) != but)
    {
        let message = "A policy with the same name already exists.";
        return Err(Refusal::new("DuplicatePolicyException", message).into());
    }
    Ok(())
}

/// AWS's own policy cannot be changed.
pub fn check_own(id: &str) -> Result<(), Refusal> {
    if id == FULL_ACCESS {
        return Err(refusals::invalid(
            "IMMUTABLE_POLICY",
            "You specified a policy that is managed by AWS and can't be modified.",
        ));
    }
    Ok(())
}
