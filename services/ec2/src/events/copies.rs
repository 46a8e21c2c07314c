//! EBS notifications about copies of snapshots. `incremental` and `metCompletionDuration` are strings, and `incremental` is written
//! small, as recorded of AWS (the documentation's sample has it with a capital).

use super::snapshots::{About, snapshot_event, snapshot_in_event};
use crate::rows::{Copied, Snapshot};
use crate::shapes;
use api::trail::iso_seconds;
use api::{Cx, events::Event};
use serde_json::json;
use std::time::Duration;

/// `copySnapshot` succeeded.
pub fn snapshot_copied(cx: &Cx, row: &Snapshot, copied: &Copied) -> Event {
    let mut event = about(cx, row, copied, None);
    event.detail["incremental"] = json!(copied.incremental.to_string());
    event.detail["transferType"] = json!(shapes::transfer_type(copied.completion_minutes));
    if let Some(minutes) = copied.completion_minutes {
        let wished = row.started.plus(Duration::from_secs(u64::from(minutes) * 60));
        let met = row.completed.is_some_and(|end| end <= wished);
        event.detail["completionDurationStartTime"] = json!(iso_seconds(row.started));
        event.detail["metCompletionDuration"] = json!(met.to_string());
    }
    event
}

/// `copySnapshot` failed; the cause is the snapshot's `StateMessage`.
pub fn copy_failed(cx: &Cx, row: &Snapshot, copied: &Copied) -> Event {
    about(cx, row, copied, Some(row.state_message.as_deref().unwrap_or_default()))
}

fn about(cx: &Cx, row: &Snapshot, copied: &Copied, cause: Option<&str>) -> Event {
    let source = snapshot_in_event(copied.source_region.as_str(), &copied.source);
    snapshot_event(cx, row, &row.account, About { event: "copySnapshot", cause, source })
}
