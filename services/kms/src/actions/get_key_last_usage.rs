//! GetKeyLastUsage: the last cryptographic operation with the key that succeeded, read from the account's event history: 90 days,
//! or the life of a younger key. Nothing is written per use beyond the trail record that there is anyway.
//!
//! Any state. Needs `kms:GetKeyLastUsage` on the key. Source: KMS API Reference, GetKeyLastUsage.

use crate::access::{self, Asks};
use crate::find::{self, Accepts};
use api::trail::Record;
use api::{Action, Answer, Cx};
use std::time::Duration;
use wire::generated::kms::{
    GetKeyLastUsage as Op, GetKeyLastUsageInput, GetKeyLastUsageOutput, KeyLastUsageData,
};

/// How far back the event history goes.
const TRACKED: Duration = Duration::from_secs(90 * 86_400);

pub struct GetKeyLastUsage;

impl Action for GetKeyLastUsage {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "kms:GetKeyLastUsage";

    fn authorise(cx: &mut Cx, input: &GetKeyLastUsageInput) -> Answer<()> {
        access::key(cx, &input.key_id, Accepts::Key, "GetKeyLastUsage", &Asks::nothing()).map(|_| ())
    }

    fn handle(cx: &mut Cx, input: GetKeyLastUsageInput) -> Answer<GetKeyLastUsageOutput> {
        let key = find::key(cx, &input.key_id, Accepts::Key)?;
        let since = cx.now().minus(TRACKED).max(key.created);
        let mut last: Option<Record> = None;
        // Records sort newest first, so the first of each index is the last use.
        for index in ["key", "other_key"] {
            let value = Record::key_index(&key.account, &key.arn());
            let found = cx.tx.scan_index::<Record>(index, &value, None, 1)?.pop();
            let order = |record: &Record| (record.time, record.sequence);
            last = last.into_iter().chain(found).max_by_key(order);
        }
        Ok(GetKeyLastUsageOutput {
            key_last_usage: last.filter(|record| record.time >= since).map(shape),
            tracking_start_date: Some(since),
            key_creation_date: Some(key.created),
            key_id: Some(key.key_id),
        })
    }
}

fn shape(record: Record) -> KeyLastUsageData {
    KeyLastUsageData {
        operation: Some(record.event_name),
        timestamp: Some(record.time),
        cloud_trail_event_id: Some(record.event_id),
        kms_request_id: Some(record.request_id),
    }
}

#[cfg(test)]
#[path = "get_key_last_usage_tests.rs"]
mod tests;
