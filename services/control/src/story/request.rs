//! The story of a request: every call made under its id, with the reason of each refusal.

use super::{calls_of, line_of};
use api::{Answer, Cx};
use wire::generated::sealvol::ExplainOutput;

pub fn tell(cx: &mut Cx, id: &str) -> Answer<Option<ExplainOutput>> {
    let calls = calls_of(cx, id)?;
    if calls.is_empty() {
        return Ok(None);
    }
    let refused = calls.iter().find(|c| c.body.get("errorCode").is_some());
    let summary = match refused {
        Some(call) => format!("{} was refused", call.event_name),
        None => format!("{} was done", calls[0].event_name),
    };
    Ok(Some(ExplainOutput {
        id: Some(id.to_owned()),
        kind: Some("request".into()),
        summary: Some(summary),
        state: Some(if refused.is_some() { "refused" } else { "done" }.into()),
        reason: refused.and_then(|c| c.reason.clone()),
        lines: Some(Vec::new()),
        events: Some(Vec::new()),
        calls: Some(calls.iter().map(line_of).collect()),
    }))
}
