//! LookupEvents: the account's trail in this Region, newest first, by at most one attribute and a time range, 50 to a page.
//! Needs `cloudtrail:LookupEvents`. Unlike AWS's, our trail is complete at once: a record is committed with its change.
//! Source: CloudTrail API Reference, LookupEvents.

use api::trail::{Record, reversed};
use api::{Action, Answer, Cx};
use base::{Fault, Refusal};
use catalog::Row;
use wire::generated::cloudtrail::{
    Event, LookupAttribute, LookupEvents as Op, LookupEventsInput, LookupEventsOutput, Resource,
};

const PAGE_MAX: usize = 50;
/// Rows that one call may look at; a call that finds too little in them gives a token to go on with, as AWS does.
const LOOKED_AT_MAX: usize = 20_000;
const BATCH: usize = 500;

pub struct LookupEvents;

impl Action for LookupEvents {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "cloudtrail:LookupEvents";

    fn check(input: &LookupEventsInput) -> Result<(), Refusal> {
        if input.lookup_attributes.as_ref().is_some_and(|a| a.len() > 1) {
            return Err(Refusal::new(
                "InvalidLookupAttributesException",
                "You can only specify one lookup attribute.",
            ));
        }
        if input.max_results.is_some_and(|m| !(1..=50).contains(&m)) {
            return Err(Refusal::new("InvalidMaxResultsException", "MaxResults must be between 1 and 50."));
        }
        match (input.start_time, input.end_time) {
            (Some(start), Some(end)) if start > end => Err(Refusal::new(
                "InvalidTimeRangeException",
                "The start time must not be after the end time.",
            )),
            _ => Ok(()),
        }
    }

    fn handle(cx: &mut Cx, input: LookupEventsInput) -> Answer<LookupEventsOutput> {
        if input.event_category.is_some() {
            // The only category that can be named is that of CloudTrail Insights, which we do not make.
            return Ok(LookupEventsOutput { events: Some(Vec::new()), next_token: None });
        }
        let wanted = input.max_results.map_or(PAGE_MAX, |m| usize::try_from(m).unwrap_or(PAGE_MAX));
        let attribute = input.lookup_attributes.as_ref().and_then(|a| a.first());
        let list = list_name(input.lookup_attributes.as_deref());
        let tenant = cx.tenant();
        let mut after = start(cx, &input)?;
        let (mut events, mut looked_at) = (Vec::new(), 0);
        loop {
            let batch = cx.tx.scan::<Record>(&tenant, after.as_deref(), BATCH)?;
            let full = batch.len() == BATCH;
            for record in batch {
                if input.start_time.is_some_and(|s| record.time < s) {
                    return Ok(LookupEventsOutput { events: Some(events), next_token: None });
                }
                let key = record.key();
                if attribute.is_none_or(|a| matches(a, &record)) {
                    if events.len() == wanted {
                        return page(cx, &list, events, after);
                    }
                    events.push(event(&record)?);
                }
                after = Some(key);
                looked_at += 1;
            }
            if !full {
                return Ok(LookupEventsOutput { events: Some(events), next_token: None });
            }
            if looked_at >= LOOKED_AT_MAX {
                return page(cx, &list, events, after);
            }
        }
    }
}

/// The key after which to start: the token's, or the end of the time range.
fn start(cx: &Cx, input: &LookupEventsInput) -> Answer<Option<String>> {
    if let Some(token) = &input.next_token {
        let bad = || {
            Refusal::new("InvalidNextTokenException", "The token is not valid.")
                .because("the token was not given by this server to this account, Region and action")
        };
        return Ok(Some(
            cx.page_cursor(&list_name(input.lookup_attributes.as_deref()), token).ok_or_else(bad)?,
        ));
    }
    // `<tenant><time>` sorts just before every key of that time, which goes on with a slash.
    Ok(input.end_time.map(|end| format!("{}{}", cx.tenant(), reversed(end))))
}

/// A token is good for the lookup that it came from, not for another attribute.
fn list_name(attributes: Option<&[LookupAttribute]>) -> String {
    let words = attributes.into_iter().flatten().map(|a| {
        format!("{}={}", a.attribute_key.as_deref().unwrap_or(""), a.attribute_value.as_deref().unwrap_or(""))
    });
    ["LookupEvents".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn page(cx: &Cx, list: &str, events: Vec<Event>, after: Option<String>) -> Answer<LookupEventsOutput> {
    let token = after.map(|a| cx.page_token(list, &a));
    Ok(LookupEventsOutput { events: Some(events), next_token: token })
}

fn matches(attribute: &LookupAttribute, record: &Record) -> bool {
    let value = attribute.attribute_value.as_deref().unwrap_or_default();
    match attribute.attribute_key.as_deref().unwrap_or_default() {
        "EventId" => record.event_id == value,
        "EventName" => record.event_name == value,
        "ReadOnly" => record.read_only.to_string() == value.to_ascii_lowercase(),
        "Username" => record.user_name == value,
        "ResourceType" => record.resources.iter().any(|r| r.kind == value),
        "ResourceName" => record.resources.iter().any(|r| r.arn == value),
        "EventSource" => record.event_source == value,
        "AccessKeyId" => record.access_key_id.as_deref() == Some(value),
        _ => false,
    }
}

fn event(record: &Record) -> Answer<Event> {
    let text = serde_json::to_string(&record.body).map_err(|e| Fault::caused("writing a trail record", e))?;
    let resource = |r: &api::trail::Touched| Resource {
        resource_type: Some(r.kind.clone()),
        resource_name: Some(r.arn.clone()),
    };
    Ok(Event {
        event_id: Some(record.event_id.clone()),
        event_name: Some(record.event_name.clone()),
        read_only: Some(record.read_only.to_string()),
        access_key_id: record.access_key_id.clone(),
        event_time: Some(record.time),
        event_source: Some(record.event_source.clone()),
        username: Some(record.user_name.clone()),
        resources: Some(record.resources.iter().map(resource).collect()),
        cloud_trail_event: Some(text),
    })
}

#[cfg(test)]
#[path = "lookup_events_tests.rs"]
mod tests;
