//! The exceptions of Organizations with AWS's messages. Source: Organizations API Reference, "Errors" of each action.

use base::Refusal;

pub fn not_in_use() -> Refusal {
    Refusal::new("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

pub fn only_management(reason: impl Into<String>) -> Refusal {
    Refusal::new("AccessDeniedException", "You don't have permissions to access this resource.")
        .because(reason)
}

/// `ConstraintViolationException`; `word` is AWS's reason code.
pub fn constraint(word: &str, message: &str) -> Refusal {
    Refusal::new("ConstraintViolationException", message).because(format!("{word}: {message}"))
}

/// `InvalidInputException`; `word` is AWS's reason code.
pub fn invalid(word: &str, message: impl Into<String>) -> Refusal {
    let message = message.into();
    let reason = format!("{word}: {message}");
    Refusal::new("InvalidInputException", message).because(reason)
}

pub fn no_target(id: &str) -> Refusal {
    Refusal::new("TargetNotFoundException", "You specified a target that doesn't exist.")
        .because(format!("the organization has no root, OU or account {id}"))
}

pub fn no_policy(id: &str) -> Refusal {
    Refusal::new("PolicyNotFoundException", "You specified a policy that doesn't exist.")
        .because(format!("the organization has no policy {id}"))
}

pub fn no_parent(id: &str) -> Refusal {
    Refusal::new("ParentNotFoundException", "You specified a root or OU that doesn't exist.")
        .because(format!("the organization has no root or OU {id}"))
}

pub fn no_ou(id: &str) -> Refusal {
    Refusal::new(
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )
    .because(format!("the organization has no OU {id}"))
}

pub fn no_account(id: &str) -> Refusal {
    Refusal::new("AccountNotFoundException", "You specified an account that doesn't exist.")
        .because(format!("account {id} is not a member of the organization"))
}
