//! What KMS does by itself, as it is told of: a trail record without a caller, and an EventBridge event of source `aws.kms`.
//!
//! | what | trail record | event's detail type |
//! |---|---|---|
//! | material was replaced | `RotateKey` | `KMS CMK Rotation` |
//! | imported material has expired | `DeleteExpiredKeyMaterial` | `KMS Imported Key Material Expiration` |
//! | a deleted key's window is over | `DeleteKey` | `KMS CMK Deletion` |
//! | a key waits for its deletion (ours: AWS has no such event) | none | `KMS Key Deletion Scheduled` |
//!
//! Sources: CloudTrail User Guide, "Non-API events captured by CloudTrail"; KMS Developer Guide, "Monitor KMS keys with Amazon
//! EventBridge" and "Logging AWS KMS API calls" (RotateKey, DeleteExpiredKeyMaterial, DeleteKey).

use crate::rows::Key;
use api::Answer;
use api::events::Event;
use api::trail::{Record, Touched, iso_seconds};
use base::Timestamp;
use catalog::Tx;
use env::Env;
use serde_json::{Value, json};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceEvent {
    RotateKey,
    DeleteExpiredKeyMaterial,
    DeleteKey,
}

impl ServiceEvent {
    fn name(self) -> &'static str {
        match self {
            ServiceEvent::RotateKey => "RotateKey",
            ServiceEvent::DeleteExpiredKeyMaterial => "DeleteExpiredKeyMaterial",
            ServiceEvent::DeleteKey => "DeleteKey",
        }
    }

    fn detail_type(self) -> &'static str {
        match self {
            ServiceEvent::RotateKey => "KMS CMK Rotation",
            ServiceEvent::DeleteExpiredKeyMaterial => "KMS Imported Key Material Expiration",
            ServiceEvent::DeleteKey => "KMS CMK Deletion",
        }
    }
}

/// Writes record and event. `details` are `serviceEventDetails` beyond the key's id.
pub fn tell(
    tx: &mut Tx,
    env: &Env,
    what: ServiceEvent,
    key: &Key,
    now: Timestamp,
    details: Value,
) -> Answer<()> {
    let mut shown = json!({"keyId": key.key_id});
    if let (Some(shown), Value::Object(details)) = (shown.as_object_mut(), details) {
        shown.extend(details);
    }
    tx.append(&record(env, what, key, now, shown))?;
    publish(tx, env, what.detail_type(), key, now, json!({"key-id": key.key_id}))
}

/// Stores an event about a key.
pub fn publish(
    tx: &mut Tx,
    env: &Env,
    detail_type: &str,
    key: &Key,
    now: Timestamp,
    detail: Value,
) -> Answer<()> {
    tx.append(&Event {
        account: key.account.clone(),
        region: key.region.clone(),
        id: env.ids.uuid(),
        time: now,
        detail_type: detail_type.to_owned(),
        resources: vec![key.arn()],
        detail,
    })?;
    Ok(())
}

fn record(env: &Env, what: ServiceEvent, key: &Key, now: Timestamp, details: Value) -> Record {
    let event_id = env.ids.uuid();
    let body = json!({
        "eventVersion": "1.11",
        "userIdentity": {"accountId": key.account, "invokedBy": "AWS Internal"},
        "eventTime": iso_seconds(now),
        "eventSource": "kms.amazonaws.com",
        "eventName": what.name(),
        "awsRegion": key.region,
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "eventID": event_id,
        "readOnly": false,
        "resources": [{"accountId": key.account, "type": "AWS::KMS::Key", "ARN": key.arn()}],
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": key.account,
        "serviceEventDetails": details,
        "eventCategory": "Management",
    });
    Record {
        account: key.account.clone(),
        region: key.region.clone(),
        time: now,
        // Not one of the door's calls, so not counted by it; its id keeps its place unique.
        sequence: 0,
        inner: true,
        event_id,
        request_id: env.ids.uuid(),
        event_name: what.name().to_owned(),
        event_source: "kms.amazonaws.com".to_owned(),
        read_only: false,
        user_name: "AWS Internal".to_owned(),
        access_key_id: None,
        resources: vec![Touched {
            account: key.account.clone(),
            kind: "AWS::KMS::Key".into(),
            arn: key.arn(),
        }],
        reason: None,
        body,
    }
}
