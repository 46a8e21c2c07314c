//! What an S3 store's failure means to callers: is the object not there, is it worth trying again, or is it never going to
//! work.
//!
//! ```text
//!  404, code NoSuchKey        NotFound      301, 307 (wrong Region)          Refused
//!  404 otherwise              Refused       401, 403, other 4xx              Refused
//!  507, or a code of a full   NoSpace       408, 409, 425, 429, 5xx,         Unavailable
//!  store                                    no answer, a broken answer
//! ```
//! A 404 without the code is not believed: it comes from a web server that is not S3, and to believe it would make every
//! chunk of every snapshot look lost.

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
    match (status, call) {
        (Some(404), Call::Get(name) | Call::Delete(name)) if text.contains("<Code>NoSuchKey<") => {
            StoreError::NotFound(name.to_string())
        }
        (Some(408 | 409 | 425 | 429), _) => StoreError::Unavailable(what),
        (Some(300..=499), _) => StoreError::Refused(what),
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
