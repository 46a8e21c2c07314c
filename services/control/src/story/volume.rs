//! The story of a volume, there or gone: why it is encrypted as it is, who holds it, what KMS said, what was told in events.

use super::{calls_of, events_of, jobs_of, line_of};
use api::{Answer, Cx};
use ec2::rows::{FormerVolume, Volume};
use wire::generated::sealvol::ExplainOutput;

pub fn tell(cx: &mut Cx, id: &str) -> Answer<Option<ExplainOutput>> {
    let key = format!("{}{id}", cx.tenant());
    let (row, former) = match cx.tx.get::<Volume>(&key)? {
        Some(row) => (row, None),
        None => match cx.tx.get::<FormerVolume>(&key)? {
            Some(former) => (former.volume.clone(), Some(former)),
            None => return Ok(None),
        },
    };
    let (state, reason) = match &former {
        None => (row.state.as_str(), trouble(&row)),
        Some(FormerVolume { failure: Some(why), .. }) => ("failed", Some(why.clone())),
        Some(_) => ("deleted", None),
    };
    let summary = match (&former, &reason) {
        (None, Some(why)) if row.read_only.as_ref() == Some(why) => {
            format!("Volume {id} is {state}, but takes no writes: {why}")
        }
        (None, None) => format!("Volume {id} is {state}"),
        (None, Some(why)) => format!("Volume {id} is {state}, but its device is not there: {why}"),
        (Some(_), Some(why)) => format!("Volume {id} could not be created: {why}"),
        (Some(_), None) => format!("Volume {id} was deleted"),
    };
    let mut lines = facts(&row);
    lines.extend(jobs_of(cx, id)?);
    Ok(Some(ExplainOutput {
        id: Some(id.to_owned()),
        kind: Some("volume".into()),
        summary: Some(summary),
        state: Some(state.into()),
        reason,
        lines: Some(lines),
        events: Some(events_of(cx, &row.arn())?),
        calls: Some(calls_of(cx, &row.request_id)?.iter().map(line_of).collect()),
    }))
}

/// Why an attached volume has no device, or one that only reads.
fn trouble(row: &Volume) -> Option<String> {
    row.attachments.iter().find_map(|a| a.broken.clone()).or_else(|| row.read_only.clone())
}

fn facts(row: &Volume) -> Vec<String> {
    let mut lines = vec![format!("{} GiB {} in {}", row.size_gib, row.volume_type, row.zone)];
    match &row.encryption {
        None => {
            lines.push("not encrypted: the request did not ask for it and nothing else demands it".into())
        }
        Some(e) => {
            lines.push(format!("encrypted under {}: {}", e.key_arn, e.outcome_row));
            if e.asked_key != e.key_arn {
                lines.push(format!("the key was named as {}", e.asked_key));
            }
            lines.push(format!(
                "its data key is bound to the encryption context aws:ebs:id = {}",
                e.context_id
            ));
        }
    }
    for a in &row.attachments {
        let at = a.uri.as_ref().map_or(String::new(), |u| format!(" at {u}"));
        let grant = a.grant.as_ref().map_or(String::new(), |g| format!(", under grant {}", g.id));
        lines.push(format!("{} to {} as {}{at}{grant}", a.state.as_str(), a.instance, a.device));
    }
    lines
}
