//! The refusals of this service: code, status and the word that goes out as `Reason`. Codes, statuses and words are those of the
//! public service model; texts marked (recorded) were seen from AWS, the others are ours.

use base::Refusal;

/// The request is not one that can be fulfilled; `word` says which part of it.
pub fn invalid(word: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new("ValidationException", message).with_word(word)
}

pub fn parameter(message: impl Into<String>) -> Refusal {
    invalid("INVALID_PARAMETER_VALUE", message)
}

pub fn block(message: impl Into<String>) -> Refusal {
    invalid("INVALID_BLOCK", message)
}

/// There is no such snapshot, or it is not for this caller: a stranger does not learn which (text recorded).
pub fn no_snapshot(id: &str) -> Refusal {
    Refusal::new("ResourceNotFoundException", format!("The snapshot '{id}' does not exist."))
        .with_status(404)
        .with_word("SNAPSHOT_NOT_FOUND")
}

/// Writing to a snapshot that is closed (text recorded).
pub fn already_completed() -> Refusal {
    invalid("INVALID_SNAPSHOT_ID", "Snapshot is already completed")
}

pub fn no_block_token(reason: &str) -> Refusal {
    invalid("INVALID_BLOCK_TOKEN", "The block token is not valid for this block.").because(reason)
}

pub fn no_page_token() -> Refusal {
    invalid("INVALID_PAGE_TOKEN", "The page token is not valid for this request.")
        .because("the token was not given by this server to this account for these snapshots")
}

/// The client token was used with other parameters.
pub fn conflict(made: &str) -> Refusal {
    Refusal::new(
        "ConflictException",
        "The client token was used before with other parameters. Use another client token.",
    )
    .with_status(409)
    .because(format!("the token made {made} with other parameters"))
}

/// Another request works on the same snapshot; the client may try again.
pub fn busy(id: &str) -> Refusal {
    Refusal::new("RequestThrottledException", format!("Another request completes the snapshot '{id}'."))
        .with_word("RESOURCE_LEVEL_THROTTLE")
}
