//! EBS notifications and events of KMS, stored in the same transaction as the change that they tell of. Delivery to rules and targets comes
//! later; until then `sealvol explain` reads them. Format: EBS User Guide, "EventBridge events for EBS".

use base::{AccountId, Region, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One stored event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Event {
    pub account: AccountId,
    pub region: Region,
    pub id: String,
    pub time: Timestamp,
    pub detail_type: String,
    /// ARNs of what the event is about; the first is the main one.
    pub resources: Vec<String>,
    pub detail: Value,
}

impl Event {
    /// The service it comes from. KMS names itself in all its detail types, EBS's events are EC2's.
    fn source(&self) -> &'static str {
        if self.detail_type.starts_with("KMS ") { "aws.kms" } else { "aws.ec2" }
    }

    /// The whole event as EventBridge would deliver it.
    pub fn envelope(&self) -> Value {
        json!({
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source(),
            "account": self.account,
            "time": crate::trail::iso_seconds(self.time),
            "region": self.region,
            "resources": self.resources,
            "detail": self.detail,
        })
    }
}

impl Row for Event {
    const TABLE: Table = Table { name: "events", indexes: &["resource"] };

    /// Oldest first within a tenant: events are read, and will be delivered, in order.
    fn key(&self) -> String {
        format!("{}/{}/{:016x}/{}", self.account, self.region, self.time.millis(), self.id)
    }

    fn indexes(&self) -> Vec<Option<String>> {
        vec![self.resources.first().cloned()]
    }
}
