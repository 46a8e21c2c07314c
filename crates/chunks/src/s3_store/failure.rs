//! What an S3 store's failure means to callers: is the object not there, is it worth trying again, or is it never going to
//! work.
//!
//! ```text
//!  404, code NoSuchBucket     Refused       301, 307 (wrong Region)          Refused
//!  404 otherwise              NotFound      401, 403, other 4xx              Refused
//!  507, or a code of a full   NoSpace       408, 409, 425, 429, 5xx,         Unavailable
//!  store                                    no answer, a broken answer
//! ```

use crate::{ObjectName, StoreError};
use std::error::Error;

/// What was tried.
#[derive(Clone, Copy)]
pub(super) enum Call<'a> {
    Put(&'a ObjectName),
    Get(&'a ObjectName),
    Delete(&'a ObjectName),
    List,
}

/// Codes by which S3-compatible stores say that there is no room.
const FULL: [&str; 4] = [
    "<Code>XMinioStorageFull",
    "<Code>QuotaExceeded",
    "<Code>InsufficientStorage",
    "<Code>InsufficientCapacity",
];

/// Longest text of a failure that is passed on: answers of strangers end up in logs.
const TEXT_MAX: usize = 400;

pub(super) fn failed(call: Call<'_>, bucket: &str, e: object_store::Error) -> StoreError {
    let text = whole_text(&e);
    let status = status(&text);
    if status == Some(507) || FULL.iter().any(|code| text.contains(code)) {
        return StoreError::NoSpace;
    }
    if text.contains("<Code>NoSuchBucket<") {
        return StoreError::Refused(format!("chunk store: there is no bucket {bucket}"));
    }
    let what = format!("chunk store: {}: {}", doing(call), shortened(&text));
    match (&e, call) {
        (object_store::Error::NotFound { .. }, Call::Get(name) | Call::Delete(name)) => {
            return StoreError::NotFound(name.to_string());
        }
        (object_store::Error::NotFound { .. }, Call::Put(_) | Call::List) => {
            return StoreError::Refused(what);
        }
        (object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. }, _) => {
            return StoreError::Refused(what);
        }
        _ => {}
    }
    match status {
        Some(408 | 409 | 425 | 429) => StoreError::Unavailable(what),
        Some(300..=499) => StoreError::Refused(what),
        // A redirection without a target is S3's answer to the wrong Region.
        _ if text.contains("redirect without LOCATION") => StoreError::Refused(what),
        _ => StoreError::Unavailable(what),
    }
}

fn doing(call: Call<'_>) -> String {
    match call {
        Call::Put(name) => format!("storing {name}"),
        Call::Get(name) => format!("reading {name}"),
        Call::Delete(name) => format!("deleting {name}"),
        Call::List => "listing".to_owned(),
    }
}

/// The error and its causes. A cause that the error already tells is not repeated.
fn whole_text(e: &dyn Error) -> String {
    let mut text = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        let more = e.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = e.source();
    }
    text
}

/// The HTTP status. The library keeps the type that has it to itself, so it is read from its text; the tests ask a server
/// for every status, and fail when a new version words it otherwise.
fn status(text: &str) -> Option<u16> {
    let (_, after) = text.split_once("status code: ")?;
    after.get(..3)?.parse().ok()
}

fn shortened(text: &str) -> String {
    let one_line: Vec<&str> = text.split_whitespace().collect();
    let mut text: String = one_line.join(" ").chars().take(TEXT_MAX + 1).collect();
    if text.chars().count() > TEXT_MAX {
        text.pop();
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests;
