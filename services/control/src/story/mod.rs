//! The stories that `explain` tells, one file per kind of thing.

pub mod instance;
pub mod request;
pub mod snapshot;
pub mod volume;

use api::events::Event;
use api::trail::Record;
use api::{Answer, Cx};
use jobs::JobRow;

/// At most so many events (the newest) and calls (the first).
const SHOWN_MAX: usize = 50;
/// Calls of one request that are looked at: a launch of 100 instances with all their volumes makes some thousand.
const CALLS_MAX: usize = 10_000;

/// The stored events about a resource, oldest first, as JSON text.
fn events_of(cx: &mut Cx, arn: &str) -> Answer<Vec<String>> {
    let mut events = cx.tx.scan_index::<Event>("resource", arn, None, usize::MAX)?;
    // The ARN of a snapshot names no account, and those that it is shared with have events about it too.
    events.retain(|e| e.account == *cx.account());
    events.drain(..events.len().saturating_sub(SHOWN_MAX));
    Ok(events.iter().map(|e| e.envelope().to_string()).collect())
}

/// The trail records of a request: the client's own call first, then those made for it, oldest first.
fn calls_of(cx: &mut Cx, request_id: &str) -> Answer<Vec<Record>> {
    let index = format!("{}{request_id}", cx.tenant());
    // The index has the newest first, so the client's own call comes last.
    let mut calls = cx.tx.scan_index::<Record>("request", &index, None, CALLS_MAX)?;
    calls.sort_by_key(|c| (c.inner, c.time, c.sequence));
    calls.truncate(SHOWN_MAX);
    Ok(calls)
}

/// One call in one line: what, by whom, and how it ended.
fn line_of(record: &Record) -> String {
    let by = record.body["userIdentity"]["arn"].as_str().unwrap_or(&record.user_name);
    let head =
        format!("{} {} by {by}", record.event_source.trim_end_matches(".amazonaws.com"), record.event_name);
    match (record.body["errorCode"].as_str(), &record.reason) {
        (Some(code), Some(reason)) => format!("{head}: refused, {code}: {reason}"),
        (Some(code), None) => format!("{head}: refused, {code}"),
        _ => format!("{head}: done"),
    }
}

/// The jobs that still stand in a resource's line, in words.
fn jobs_of(cx: &mut Cx, id: &str) -> Answer<Vec<String>> {
    let line = format!("{}{id}", cx.tenant());
    jobs_in(cx, &line)
}

/// The same for a line by its name.
fn jobs_in(cx: &mut Cx, line: &str) -> Answer<Vec<String>> {
    let line = format!("{line}/");
    let words = |j: &JobRow| {
        let way = if j.refused.is_some() { "undoing" } else { "running" };
        let trouble = j.last_fault.as_ref().map_or(String::new(), |f| format!("; last attempt failed: {f}"));
        format!("job {} is {way} step {}{trouble}", j.kind, j.step + 1)
    };
    Ok(cx.tx.scan::<JobRow>(&line, None, SHOWN_MAX)?.iter().map(words).collect())
}
