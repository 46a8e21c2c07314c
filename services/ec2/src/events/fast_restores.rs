//! EBS notifications about fast snapshot restore. Unlike the other events about snapshots these have the snapshot's real ARN.
//! Source: EBS User Guide, "EventBridge events for Amazon EBS".

use crate::rows::{FastRestore, snapshot_arn};
use api::{Cx, events::Event};
use serde_json::json;

/// A new state, and why.
pub fn fast_restore_changed(cx: &Cx, row: &FastRestore, message: &str) -> Event {
    Event {
        account: row.account.clone(),
        region: row.region.clone(),
        id: cx.door.env.ids.uuid(),
        time: cx.now(),
        detail_type: "EBS Fast Snapshot Restore State-change Notification".into(),
        resources: vec![snapshot_arn(&row.region, &row.snapshot)],
        detail: json!({
            "snapshot-id": row.snapshot, "state": row.state, "zone": row.zone, "message": message,
        }),
    }
}
