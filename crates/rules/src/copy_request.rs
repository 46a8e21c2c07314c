//! What CopySnapshot checks of its request before anything else is known: source, Regions, presigned URL, completion time.
//! Source: EC2 API Reference, CopySnapshot; messages as recorded from AWS.
//!
//! SDKs add `PresignedUrl`, a GET of CopySnapshot signed for the *source* Region:
//!
//! ```text
//! https://ec2.us-west-2.amazonaws.com/?Action=CopySnapshot&...&SourceSnapshotId=snap-…&DestinationRegion=us-east-1&X-Amz-…
//! └ http or https                                              └ as in the request     └ this Region
//! ```
//! Its signature is not checked: AWS was seen to accept a wrong one, and we hold both Regions ourselves. Its host is not either,
//! because endpoints have any name here.

use crate::places;
use base::{Kind, Refusal, Region, ResourceId};
use percent_encoding::percent_decode_str;
use std::ops::RangeInclusive;

/// `CompletionDurationMinutes`: this range, in steps of [`COMPLETION_STEP`].
pub const COMPLETION_MINUTES: RangeInclusive<i32> = 15..=2880;
pub const COMPLETION_STEP: i32 = 15;

/// The request, as sent. Empty texts count as absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyRequest<'a> {
    pub source_snapshot_id: Option<&'a str>,
    pub source_region: Option<&'a str>,
    pub destination_region: Option<&'a str>,
    pub presigned_url: Option<&'a str>,
    pub completion_minutes: Option<i32>,
}

/// A request that holds together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    pub snapshot: ResourceId,
    pub source_region: Region,
    /// minutes, if the copy is to be time-based
    pub completion_minutes: Option<u32>,
}

/// Checks the request; `here` is the Region of the endpoint, which is the destination. Refusals: `MissingParameter`,
/// `InvalidParameterValue`, `InvalidRegion`.
pub fn check(asked: CopyRequest, here: &Region) -> Result<CopyPlan, Refusal> {
    let snapshot = source_snapshot(asked.source_snapshot_id)?;
    let source_region = source_region(asked.source_region)?;
    if let Some(given) = asked.destination_region.filter(|r| !r.is_empty() && *r != here.as_str()) {
        return Err(invalid(format!(
            "DestinationRegion '{given}' does not match the current region ({here})"
        ))
        .because("a copy is asked for in the Region where it is to be"));
    }
    if let Some(url) = asked.presigned_url.filter(|u| !u.is_empty()) {
        check_url(url, snapshot.as_str(), &source_region, here)?;
    }
    let completion_minutes = asked.completion_minutes.map(completion).transpose()?;
    Ok(CopyPlan { snapshot, source_region, completion_minutes })
}

fn source_snapshot(sent: Option<&str>) -> Result<ResourceId, Refusal> {
    let Some(text) = sent.filter(|s| !s.is_empty()) else {
        return Err(missing("SourceSnapshotId"));
    };
    ResourceId::parse_kind(text, Kind::Snapshot)
        .map_err(|error| invalid("The specified snapshotId is invalid").because(error.to_string()))
}

fn source_region(sent: Option<&str>) -> Result<Region, Refusal> {
    let Some(text) = sent.filter(|s| !s.is_empty()) else {
        return Err(missing("SourceRegion"));
    };
    Region::parse(text).ok().filter(|region| places::find(region.as_str()).is_some()).ok_or_else(|| {
        Refusal::new("InvalidRegion", format!("{text} is not a valid region name"))
            .because(format!("no Region called {text} is served here"))
    })
}

fn check_url(url: &str, snapshot: &str, source: &Region, here: &Region) -> Result<(), Refusal> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(invalid("The protocol in PresignedUrl should be http or https")
            .because("PresignedUrl is a GET of CopySnapshot signed for the source Region"));
    }
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    let query = query.split_once('#').map_or(query, |(query, _)| query);
    let named = parameter(query, "SourceSnapshotId");
    if named != snapshot {
        return Err(invalid(format!(
            "The source snapshot specified in PresignedUrl '{named}' does not match the source snapshot in the request: \
             '{snapshot}'"
        ))
        .because("PresignedUrl was signed for the copy of another snapshot"));
    }
    // These two may be left out; the texts are ours.
    let action = parameter(query, "Action");
    if !action.is_empty() && action != "CopySnapshot" {
        return Err(invalid(format!("The action specified in PresignedUrl: '{action}' is incorrect"))
            .because("PresignedUrl is a GET of CopySnapshot signed for the source Region"));
    }
    let from = parameter(query, "SourceRegion");
    if !from.is_empty() && from != source.as_str() {
        return Err(invalid(format!("The source region specified in PresignedUrl: '{from}' is incorrect"))
            .because(format!("PresignedUrl was signed for a copy from another Region than {source}")));
    }
    let region = parameter(query, "DestinationRegion");
    if region != here.as_str() {
        return Err(invalid(format!(
            "The destination region specified in PresignedUrl: '{region}' is incorrect"
        ))
        .because(format!("PresignedUrl was signed for a copy into another Region than {here}")));
    }
    Ok(())
}

/// The first value of that name, decoded; an absent one is an empty text. Bytes that are not UTF-8 become replacement characters,
/// which match no id and no Region.
fn parameter(query: &str, name: &str) -> String {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(key, _)| decoded(key) == name)
        .map_or_else(String::new, |(_, value)| decoded(value))
}

fn completion(minutes: i32) -> Result<u32, Refusal> {
    let good = COMPLETION_MINUTES.contains(&minutes) && minutes % COMPLETION_STEP == 0;
    u32::try_from(minutes).ok().filter(|_| good).ok_or_else(|| {
        let (low, high) = (COMPLETION_MINUTES.start(), COMPLETION_MINUTES.end());
        invalid(format!(
            "CompletionDurationMinutes must be a multiple of {COMPLETION_STEP} from {low} to {high}"
        ))
        .because(format!("{minutes} minutes were asked for"))
    })
}

fn missing(parameter: &str) -> Refusal {
    Refusal::new("MissingParameter", format!("The request must contain the parameter {parameter}"))
        .because(format!("a copy needs {parameter}: which snapshot, and where it is"))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

#[cfg(test)]
#[path = "copy_request_tests.rs"]
mod tests;
