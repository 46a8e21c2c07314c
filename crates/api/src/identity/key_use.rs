//! When an access key was last used, for what, and where. Remembered in memory with every call and written at most every quarter of an hour
//! per key, so that a call that reads writes nothing. After a crash the answer may be a quarter of an hour old, as AWS's may be.
//! Source: IAM API Reference, "AccessKeyLastUsed".

use crate::{Answer, Cx};
use base::{Fault, Timestamp};
use catalog::{Catalog, CatalogError, Row, Table};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::Duration;

/// Between two writes for one key.
const WRITE_EVERY: Duration = Duration::from_secs(15 * 60);
/// Keys remembered at most; beyond that the memory starts anew and each key is written once more.
const REMEMBERED_MAX: usize = 10_000;

/// The last use of one access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyUse {
    pub access_key_id: String,
    pub at: Timestamp,
    /// signing name of the service: `ec2`
    pub service: String,
    pub region: String,
}

impl Row for AccessKeyUse {
    const TABLE: Table = Table { name: "access_key_uses", indexes: &[] };
    fn key(&self) -> String {
        self.access_key_id.clone()
    }
}

struct Known {
    last: AccessKeyUse,
    written: Timestamp,
}

/// What this server has seen since its start.
#[derive(Default)]
pub struct KeyUses(Mutex<HashMap<String, Known>>);

impl KeyUses {
    /// Remembers a use, and writes it if the last one written is old.
    pub fn note(&self, catalog: &Catalog, now: AccessKeyUse) -> Result<(), Fault> {
        if !self.remember(&now) {
            return Ok(());
        }
        catalog.transact::<(), CatalogError>(|tx| tx.put(&now)).map_err(Fault::from)
    }

    /// Whether it is time to write.
    fn remember(&self, now: &AccessKeyUse) -> bool {
        let mut known = self.0.lock();
        if let Some(entry) = known.get_mut(&now.access_key_id) {
            entry.last = now.clone();
            let due = entry.written.plus(WRITE_EVERY) <= now.at;
            if due {
                entry.written = now.at;
            }
            return due;
        }
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(now.access_key_id.clone(), Known { last: now.clone(), written: now.at });
        true
    }

    fn last(&self, access_key_id: &str) -> Option<AccessKeyUse> {
        self.0.lock().get(access_key_id).map(|known| known.last.clone())
    }
}

impl Cx<'_> {
    /// When the access key was last used; `None` if never.
    pub fn access_key_last_used(&mut self, access_key_id: &str) -> Answer<Option<AccessKeyUse>> {
        match self.door.key_uses.last(access_key_id) {
            Some(last) => Ok(Some(last)),
            None => Ok(self.tx.get(access_key_id)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(id: &str, minute: i64) -> AccessKeyUse {
        AccessKeyUse {
            access_key_id: id.into(),
            at: Timestamp::from_secs(minute * 60),
            service: "ec2".into(),
            region: "us-east-1".into(),
        }
    }

    #[test]
    fn a_key_is_written_at_most_every_quarter_of_an_hour_and_remembered_always() {
        let uses = KeyUses::default();
        let writes: Vec<bool> = [0, 1, 14, 15, 16, 31].map(|minute| uses.remember(&used("A", minute))).into();
        assert_eq!(writes, [true, false, false, true, false, true]);
        assert!(uses.remember(&used("B", 0)));
        assert_eq!(uses.last("A"), Some(used("A", 31)));
        assert_eq!(uses.last("C"), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let uses = KeyUses::default();
        for n in 0..2 * REMEMBERED_MAX {
            uses.remember(&used(&n.to_string(), 0));
        }
        assert!(uses.0.lock().len() <= REMEMBERED_MAX);
    }
}
