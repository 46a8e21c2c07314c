//! What the owner of a shared snapshot hears when another account uses it: a record in the owner's own trail, of a service event.
//! Source: EBS User Guide, "Share a snapshot", monitoring.

use api::trail::{Record, iso_seconds};
use api::{Answer, Cx};
use base::AccountId;
use serde_json::{Value, json};

const EC2: &str = "ec2.amazonaws.com";

/// Writes the owner's record: `SharedSnapshotVolumeCreated` or `SharedSnapshotCopyInitiated`. Call it once for each use.
pub fn tell_owner(cx: &mut Cx, name: &str, owner: &AccountId, snapshot: &str) -> Answer<()> {
    let event_id = cx.door.env.ids.uuid();
    let body = json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSAccount", "accountId": cx.account(), "invokedBy": EC2},
        "eventTime": iso_seconds(cx.now()),
        "eventSource": EC2,
        "eventName": name,
        "awsRegion": cx.region(),
        "sourceIPAddress": EC2,
        "userAgent": EC2,
        "requestParameters": Value::Null,
        "responseElements": Value::Null,
        "eventID": event_id,
        "readOnly": false,
        "eventType": "AwsServiceEvent",
        "managementEvent": true,
        "recipientAccountId": owner,
        "serviceEventDetails": {"snapshotId": snapshot},
        "eventCategory": "Management",
    });
    let record = Record {
        account: owner.clone(),
        region: cx.region().clone(),
        time: cx.now(),
        // It has no place among the calls of its millisecond: it is no call.
        sequence: 0,
        inner: true,
        event_id,
        request_id: cx.request.id.clone(),
        event_name: name.to_owned(),
        event_source: EC2.to_owned(),
        read_only: false,
        user_name: EC2.to_owned(),
        access_key_id: None,
        resources: Vec::new(),
        reason: None,
        body,
    };
    Ok(cx.tx.append(&record)?)
}
