//! EBS notifications about volumes. Shapes: EBS User Guide, "EventBridge events for Amazon EBS".

mod copies;
mod fast_restores;
mod snapshots;

pub use copies::*;
pub use fast_restores::*;
pub use snapshots::*;

use crate::rows::{Modification, Volume};
use api::{Cx, events::Event};
use serde_json::{Value, json};

/// `createVolume` succeeded.
pub fn created(cx: &Cx, volume: &Volume) -> Event {
    let detail =
        json!({"result": "available", "cause": "", "event": "createVolume", "request-id": volume.request_id});
    notification(cx, vec![volume.arn()], detail)
}

/// `createVolume` failed; `cause` tells why, for instance `<key arn> is disabled.`
pub fn create_failed(cx: &Cx, volume: &Volume, cause: &str) -> Event {
    let detail =
        json!({"event": "createVolume", "result": "failed", "cause": cause, "request-id": volume.request_id});
    notification(cx, vec![volume.arn()], detail)
}

/// `deleteVolume`; also follows a failed creation.
pub fn deleted(cx: &Cx, volume: &Volume) -> Event {
    let detail =
        json!({"result": "deleted", "cause": "", "event": "deleteVolume", "request-id": cx.request.id});
    notification(cx, vec![volume.arn()], detail)
}

/// `attachVolume` (a caller asked) or `reattachVolume` (a host came back) failed. Names the key too.
pub fn attach_failed(cx: &Cx, volume: &Volume, again: bool, cause: &str) -> Event {
    let event = if again { "reattachVolume" } else { "attachVolume" };
    let detail = json!({"event": event, "result": "failed", "cause": cause, "request-id": ""});
    let mut resources = vec![volume.arn()];
    resources.extend(volume.encryption.as_ref().map(|e| e.key_arn.clone()));
    notification(cx, resources, detail)
}

/// Part of a volume cannot be read any more. AWS tells such things through its health service; here the event has a name of its own.
pub fn impaired(cx: &Cx, volume: &Volume, what: &str) -> Event {
    let detail = json!({"event": "volumeImpaired", "result": "impaired", "cause": what, "request-id": ""});
    notification(cx, vec![volume.arn()], detail)
}

/// `modifyVolume`: the volume has its new shape (`optimizing`), or all is done (`completed`).
pub fn modified(cx: &Cx, volume: &Volume, modification: &Modification) -> Event {
    let (result, id) = (modification.state.as_str(), &modification.request_id);
    let detail = json!({"result": result, "cause": "", "event": "modifyVolume", "request-id": id});
    notification(cx, vec![volume.arn()], detail)
}

/// `initializeVolume`: everything was loaded from the volume's snapshot.
pub fn initialized(cx: &Cx, volume: &Volume) -> Event {
    let detail = json!({
        "event": "initializeVolume", "result": "succeeded", "cause": "", "request-id": "",
        "completionTime": api::trail::iso_seconds(cx.now()),
    });
    notification(cx, vec![volume.arn()], detail)
}

fn notification(cx: &Cx, resources: Vec<String>, detail: Value) -> Event {
    Event {
        account: cx.account().clone(),
        region: cx.region().clone(),
        id: cx.door.env.ids.uuid(),
        time: cx.now(),
        detail_type: "EBS Volume Notification".into(),
        resources,
        detail,
    }
}
