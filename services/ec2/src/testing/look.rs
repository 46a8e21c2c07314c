//! What is in the catalog, for tests to look at.

use super::Bench;
use crate::rows::{FormerVolume, Instance, Volume};
use api::events::Event;
use api::trail::Record;
use catalog::Row;
use kms::rows::Grant;
use serde_json::Value;

impl Bench {
    pub fn all<R: Row>(&self) -> Vec<R> {
        self.door.catalog.begin().unwrap().scan("", None, 10_000).unwrap()
    }

    /// The volume's row, of whatever account.
    pub fn row(&self, id: &str) -> Option<Volume> {
        self.all::<Volume>().into_iter().find(|v| v.id == id)
    }

    pub fn former(&self, id: &str) -> Option<FormerVolume> {
        self.all::<FormerVolume>().into_iter().find(|v| v.volume.id == id)
    }

    pub fn instance_row(&self, id: &str) -> Instance {
        self.all::<Instance>().into_iter().find(|i| i.id == id).unwrap()
    }

    pub fn grants(&self) -> Vec<Grant> {
        self.all()
    }

    /// All stored events, oldest first; the account and Region are the same in most tests.
    pub fn events(&self) -> Vec<Value> {
        self.all::<Event>().iter().map(Event::envelope).collect()
    }

    /// `event result cause` of every event about this volume, oldest first.
    pub fn told(&self, volume: &str) -> Vec<String> {
        let about = |e: &Value| e["resources"][0].as_str().unwrap().ends_with(volume);
        let say = |e: Value| {
            let text = |name: &str| e["detail"][name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("event"), text("result"), text("cause")).trim_end().to_owned()
        };
        self.events().into_iter().filter(about).map(say).collect()
    }

    /// The trail, oldest first.
    pub fn trail(&self) -> Vec<Record> {
        let mut all: Vec<Record> = self.all();
        all.sort_by_key(|r| (r.time, r.sequence));
        all
    }

    /// The newest record of an action.
    pub fn record(&self, name: &str) -> Value {
        self.trail().into_iter().rfind(|r| r.event_name == name).unwrap_or_else(|| panic!("no {name}")).body
    }

    /// Names of the KMS calls since the test began, oldest first, without those that the test itself made.
    pub fn kms_calls(&self) -> Vec<String> {
        let inner = |r: &Record| r.event_source == "kms.amazonaws.com" && r.body.get("tlsDetails").is_none();
        self.trail().into_iter().filter(inner).map(|r| r.event_name).collect()
    }

    /// The same, of one account: another account's key is told of in both trails.
    pub fn kms_calls_of(&self, account: &str) -> Vec<String> {
        let inner = |r: &Record| {
            r.account.as_str() == account
                && r.event_source == "kms.amazonaws.com"
                && r.body.get("tlsDetails").is_none()
        };
        self.trail().into_iter().filter(inner).map(|r| r.event_name).collect()
    }

    /// Everything but the trail, as text, to compare.
    pub fn everything(&self) -> String {
        let text = |rows: Vec<Value>| rows.iter().map(|r| format!("{r}\n")).collect::<String>();
        fn values<R: Row>(bench: &Bench) -> Vec<Value> {
            bench.all::<R>().iter().map(|r| serde_json::to_value(r).unwrap()).collect()
        }
        [
            text(values::<Volume>(self)),
            text(values::<FormerVolume>(self)),
            text(values::<Instance>(self)),
            text(values::<crate::rows::Snapshot>(self)),
            text(values::<crate::rows::FormerSnapshot>(self)),
            text(values::<crate::rows::Share>(self)),
            text(values::<crate::rows::ClientToken>(self)),
            text(values::<Grant>(self)),
            text(values::<::jobs::JobRow>(self)),
            text(values::<Event>(self)),
        ]
        .concat()
    }
}
