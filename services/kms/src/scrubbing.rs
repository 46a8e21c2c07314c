//! Destroyed material leaves the database's files. A row that is deleted or overwritten may linger in a log or in a page; so
//! whatever destroys material notes the key in the same transaction, and the next round of upkeep scrubs the table and removes the
//! note. A crash in between forgets nothing.
//!
//! What lingered was sealed under the root key all the same: nobody can open it without the root key.

use crate::rows::{Key, KeyMaterial};
use api::{Answer, Door, Failure};
use base::{AccountId, Region, Timestamp};
use catalog::{Row, Table, Tx};
use serde::{Deserialize, Serialize};

/// Notes read at a time.
const BATCH: usize = 1000;

/// Material of this key was destroyed and may linger in the files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lingering {
    pub account: AccountId,
    pub region: Region,
    pub key_id: String,
    pub since: Timestamp,
}

impl Row for Lingering {
    const TABLE: Table = Table { name: "kms_lingering", indexes: &[] };

    fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.key_id)
    }
}

/// Notes that material of the key was destroyed in this transaction.
pub fn note(tx: &mut Tx, key: &Key, now: Timestamp) -> Answer<()> {
    tx.put(&Lingering {
        account: key.account.clone(),
        region: key.region.clone(),
        key_id: key.key_id.clone(),
        since: now,
    })?;
    Ok(())
}

/// Scrubs the table of materials if something in it was destroyed; tells of how many keys. Safe to run at any time and twice.
pub fn run(door: &Door) -> Answer<usize> {
    let noted = door.catalog.begin()?.scan::<Lingering>("", None, BATCH)?;
    if noted.is_empty() {
        return Ok(0);
    }
    door.catalog.scrub::<KeyMaterial>()?;
    door.catalog.transact::<_, Failure>(|tx| {
        for note in &noted {
            // What was destroyed since then has its own note under the same key, and is not scrubbed yet.
            let same = tx.get::<Lingering>(&note.key())?.is_some_and(|now| now.since == note.since);
            if same {
                tx.delete::<Lingering>(&note.key())?;
            }
        }
        Ok(())
    })?;
    Ok(noted.len())
}
