//! The story of a snapshot, there or gone: how it came into being, how it is encrypted, what it is stored over, who it is shared with,
//! who still needs its objects, what was told in events. Who it is shared with hears what it may see of it.

use super::{calls_of, events_of, jobs_in, jobs_of, line_of};
use api::{Answer, Cx};
use ec2::jobs::{collect_snapshot, store_snapshot};
use ec2::rows::{FormerSnapshot, Origin, Share, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use wire::generated::sealvol::ExplainOutput;

pub fn tell(cx: &mut Cx, id: &str) -> Answer<Option<ExplainOutput>> {
    let key = format!("{}{id}", cx.tenant());
    let (row, former) = match cx.tx.get::<Snapshot>(&key)? {
        Some(row) => (row, None),
        None => match cx.tx.get::<FormerSnapshot>(&key)? {
            Some(former) => (former.snapshot.clone(), Some(former)),
            None => return shared(cx, id),
        },
    };
    let state = if former.is_some() { "deleted" } else { row.state.as_str() };
    let summary = match (&former, row.state) {
        (Some(_), SnapshotState::Completed) => format!("Snapshot {id} was deleted"),
        (Some(_), SnapshotState::Pending) => format!("Snapshot {id} was deleted before it was completed"),
        (Some(_), _) => format!("Snapshot {id} failed and was deleted"),
        (None, SnapshotState::Error) => format!("Snapshot {id} could not be stored"),
        (None, SnapshotState::Pending) => format!("Snapshot {id} is pending, {} % are done", row.progress),
        (None, _) => format!("Snapshot {id} is {state}"),
    };
    let mut lines = facts(&row);
    lines.extend(needs(cx, &row, former.as_ref())?);
    lines.extend(shares(cx, &row)?);
    lines.extend(jobs_of(cx, id)?);
    if row.state == SnapshotState::Pending && matches!(row.origin, Origin::Volume) {
        let line = store_snapshot::storing_line(cx, &row.volume);
        lines.extend(jobs_in(cx, &line)?);
    }
    // Most events name a snapshot by an ARN of an odd form, those of fast restore by the usual one.
    let mut events = events_of(cx, &ec2::snapshot_in_event(row.region.as_str(), id))?;
    events.extend(events_of(cx, &row.arn())?);
    Ok(Some(ExplainOutput {
        id: Some(id.to_owned()),
        kind: Some("snapshot".into()),
        summary: Some(summary),
        state: Some(state.into()),
        reason: reason(&row),
        lines: Some(lines),
        events: Some(events),
        calls: Some(calls_of(cx, &row.request_id)?.iter().map(line_of).collect()),
    }))
}

/// AWS's few words for an error, and what is known beyond them.
fn reason(row: &Snapshot) -> Option<String> {
    let why =
        row.copied().and_then(|copied| copied.failure.as_ref()).filter(|_| row.state == SnapshotState::Error);
    match (&row.state_message, why) {
        (Some(words), Some(why)) if words != why => Some(format!("{words}: {why}")),
        (words, _) => words.clone(),
    }
}

/// The story of another account's snapshot for somebody that it is shared with: what DescribeSnapshots shows of it, and what it takes to
/// use it. Its jobs, calls and other shares are its owner's alone.
fn shared(cx: &mut Cx, id: &str) -> Answer<Option<ExplainOutput>> {
    let region = cx.region().clone();
    let Some(row) = ec2::snapshot_in(cx, &region, id)? else { return Ok(None) };
    let mut lines = vec![format!("{} GiB, owned by account {}", row.size_gib, row.account)];
    lines.push(if row.public { "public" } else { "shared with this account" }.into());
    match &row.encryption {
        None => lines.push("not encrypted".into()),
        Some(e) => {
            lines.push(format!("encrypted under {}", e.key_arn));
            lines.push(
                "to use it, that key's policy and your own must allow it; what is made from it is encrypted under your own key".into(),
            );
        }
    }
    let events = events_of(cx, &ec2::snapshot_in_event(row.region.as_str(), id))?;
    Ok(Some(ExplainOutput {
        id: Some(id.to_owned()),
        kind: Some("snapshot".into()),
        summary: Some(format!("Snapshot {id} of account {} is {}", row.account, row.state.as_str())),
        state: Some(row.state.as_str().into()),
        reason: None,
        lines: Some(lines),
        events: Some(events),
        calls: Some(Vec::new()),
    }))
}

fn facts(row: &Snapshot) -> Vec<String> {
    let how = match &row.origin {
        Origin::Volume => format!("{} GiB of {}", row.size_gib, row.volume),
        Origin::Copy(copy) => {
            format!("{} GiB, copied from {} in {}", row.size_gib, copy.source, copy.source_region)
        }
        Origin::Direct { parent: Some(parent), .. } => {
            format!("{} GiB, written through the EBS direct API over {parent}", row.size_gib)
        }
        Origin::Direct { parent: None, .. } => {
            format!("{} GiB, written through the EBS direct API", row.size_gib)
        }
    };
    let mut lines = vec![how];
    match &row.encryption {
        None => lines.push("not encrypted: what it was made from is not, and nothing else demands it".into()),
        Some(e) => {
            lines.push(format!("encrypted under {}: {}", e.key_arn, e.outcome_row));
            lines.push(format!(
                "its data key is bound to the encryption context aws:ebs:id = {}",
                e.context_id
            ));
        }
    }
    lines.push(format!("lineage {}: what shares its data key", row.lineage));
    if let Some(set) = row.set.as_ref().filter(|set| **set != row.id) {
        lines.push(format!("taken at one instant with {set}"));
    }
    match (&row.at, &row.base) {
        (Some(_), _) => lines.push(format!(
            "holds {} bytes, of which {} were stored for it and the others were there already",
            row.sizes.full_bytes, row.sizes.stored_bytes
        )),
        (None, Some(base)) => lines.push(format!("is stored over {base}")),
        (None, None) => {}
    }
    if row.state == SnapshotState::Pending && matches!(row.origin, Origin::Volume) {
        lines.push(
            if row.frozen { "its point in time is durable" } else { "its point in time is not durable yet" }
                .into(),
        );
    }
    lines
}

/// Who needs its objects; for a deleted one, whether they are still there.
fn needs(cx: &mut Cx, row: &Snapshot, former: Option<&FormerSnapshot>) -> Answer<Vec<String>> {
    let mut lines = collect_snapshot::readers(cx, row)?;
    match former {
        Some(FormerSnapshot { collected: true, .. }) => {
            lines.push("its objects that nobody else needs are gone".into());
        }
        Some(_) => {
            lines.push("its objects are still there".into());
            let line = collect_snapshot::line(cx, row);
            lines.extend(jobs_in(cx, &line)?);
        }
        None => {}
    }
    Ok(lines)
}

fn shares(cx: &mut Cx, row: &Snapshot) -> Answer<Vec<String>> {
    let of_snapshot = format!("{}/{}", row.region, row.id);
    let shares = cx.tx.scan_index::<Share>("snapshot", &of_snapshot, None, usize::MAX)?;
    Ok(shares.iter().map(|s| format!("shared with {}", s.with)).collect())
}
