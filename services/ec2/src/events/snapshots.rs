//! EBS notifications about snapshots. Their ARNs have the Region where the account belongs (`arn:aws:ec2::us-east-1:snapshot/…`): so
//! the documentation shows them and so they were recorded of AWS. Shapes: EBS User Guide, "EventBridge events for Amazon EBS".

use crate::rows::Snapshot;
use api::trail::iso_seconds;
use api::{Cx, events::Event};
use base::{AccountId, Region, Timestamp};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};

/// The ARN of a snapshot as events have it.
pub fn snapshot_in_event(region: &str, id: &str) -> String {
    format!("arn:aws:ec2::{region}:snapshot/{id}")
}

/// The ARN of a volume as events about snapshots have it.
fn volume_in_event(region: &Region, id: &str) -> String {
    format!("arn:aws:ec2::{region}:volume/{id}")
}

/// `createSnapshot` succeeded.
pub fn snapshot_created(cx: &Cx, row: &Snapshot) -> Event {
    let source = volume_in_event(&row.region, &row.volume);
    snapshot_event(cx, row, &row.account, About { event: "createSnapshot", cause: None, source })
}

/// `createSnapshot` failed; `cause` tells why.
pub fn snapshot_failed(cx: &Cx, row: &Snapshot, cause: &str) -> Event {
    let source = volume_in_event(&row.region, &row.volume);
    snapshot_event(cx, row, &row.account, About { event: "createSnapshot", cause: Some(cause), source })
}

/// `shareSnapshot`, sent to whom the snapshot is shared with.
pub fn snapshot_shared(cx: &Cx, row: &Snapshot, with: &AccountId) -> Event {
    let source = row.account.to_string();
    let mut event = snapshot_event(cx, row, with, About { event: "shareSnapshot", cause: None, source });
    // Sharing takes no time: it began when it ended.
    event.detail["startTime"] = event.detail["endTime"].clone();
    event
}

/// What is told of one snapshot.
pub struct About<'a> {
    pub event: &'a str,
    /// Why it failed; `None` if it succeeded.
    pub cause: Option<&'a str>,
    pub source: String,
}

/// An "EBS Snapshot Notification" to `account`.
pub fn snapshot_event(cx: &Cx, row: &Snapshot, account: &AccountId, about: About<'_>) -> Event {
    let arn = snapshot_in_event(row.region.as_str(), &row.id);
    let detail = json!({
        "event": about.event,
        "result": if about.cause.is_some() { "failed" } else { "succeeded" },
        "cause": about.cause.unwrap_or_default(),
        "request-id": "",
        "snapshot_id": arn,
        "source": about.source,
        "startTime": iso_seconds(row.started),
        "endTime": iso_seconds(row.completed.unwrap_or(cx.now())),
    });
    told(cx, account, &row.region, ("EBS Snapshot Notification", vec![arn]), detail)
}

/// `createSnapshots`: the last snapshot of a set has ended. `set` holds all of them, also those deleted meanwhile.
pub fn set_ended(cx: &Cx, account: &AccountId, region: &Region, set: &[Snapshot]) -> Event {
    let failed = set.iter().find(|row| row.state != SnapshotState::Completed);
    let cause = failed.map_or(String::new(), |row| format!("Snapshot {} is in status error", row.id));
    let arn = |row: &Snapshot| snapshot_in_event(region.as_str(), &row.id);
    let one = |row: &Snapshot| {
        let status = if row.state == SnapshotState::Completed { "completed" } else { "error" };
        json!({"snapshot_id": arn(row), "source": volume_in_event(region, &row.volume), "status": status})
    };
    let started: Option<Timestamp> = set.iter().map(|row| row.started).min();
    let detail = json!({
        "event": "createSnapshots",
        "result": if failed.is_some() { "failed" } else { "succeeded" },
        "cause": cause,
        "request-id": "",
        "startTime": iso_seconds(started.unwrap_or(cx.now())),
        "endTime": iso_seconds(cx.now()),
        "snapshots": set.iter().map(one).collect::<Vec<Value>>(),
    });
    let what = ("EBS Multi-Volume Snapshots Completion Status", set.iter().map(arn).collect());
    told(cx, account, region, what, detail)
}

fn told(
    cx: &Cx,
    account: &AccountId,
    region: &Region,
    (detail_type, resources): (&str, Vec<String>),
    detail: Value,
) -> Event {
    Event {
        account: account.clone(),
        region: region.clone(),
        id: cx.door.env.ids.uuid(),
        time: cx.now(),
        detail_type: detail_type.to_owned(),
        resources,
        detail,
    }
}
