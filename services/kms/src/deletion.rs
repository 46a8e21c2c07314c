//! The end of keys. A key whose waiting period is over does not exist for any caller from that moment (`Key::is_gone`); the sweep
//! destroys what is left of it: sealed material, grants, aliases, and the row itself. Until then its account is told every day
//! what depends on it.
//!
//! A multi-Region primary with replicas waits for them first (`PendingReplicaDeletion`); its own window begins when the last of
//! them is destroyed.
//!
//! Source: KMS Developer Guide, "Delete an AWS KMS key" and "Deleting multi-Region keys".

use crate::dependants::{self, KeyUse};
use crate::rows::{Alias, Grant, GrantSlot, Key, MultiRegionKey};
use crate::service_events::{self, ServiceEvent};
use crate::{material, scrubbing};
use api::{Answer, Door, Failure};
use base::Timestamp;
use catalog::{Row, Tx};
use rules::key_state::KeyState;
use serde_json::json;
use std::time::Duration;

/// Rows read at a time.
const BATCH: usize = 200;

const DAY: Duration = Duration::from_secs(86_400);

/// The detail type of the event that tells what depends on a key that is to be deleted. AWS has no such event.
pub const SCHEDULED: &str = "KMS Key Deletion Scheduled";

/// Destroys all keys whose time has come; returns how many. Safe to run at any time and twice; the program runs it now and then.
pub fn destroy_due(door: &Door) -> Answer<usize> {
    let now = door.env.clock.now();
    each_pending(door, |key| {
        if !key.is_gone(now) {
            return Ok(false);
        }
        door.catalog.transact::<_, Failure>(|tx| destroy(door, tx, &key.key(), now))
    })
}

/// Tells what depends on keys that are to be deleted, once a day for each; returns how many were told of.
pub fn remind_due(door: &Door) -> Answer<usize> {
    let now = door.env.clock.now();
    let due = |key: &Key| !key.is_gone(now) && key.reminded.is_none_or(|last| last.plus(DAY) <= now);
    each_pending(door, |key| {
        if !due(key) {
            return Ok(false);
        }
        door.catalog.transact::<_, Failure>(|tx| {
            let Some(mut key) = tx.get::<Key>(&key.key())?.filter(|key| is_pending(key) && due(key)) else {
                return Ok(false);
            };
            tell(door, tx, &mut key, now)?;
            tx.put(&key)?;
            Ok(true)
        })
    })
}

/// Publishes what depends on a key that is to be deleted, notes in its row (not written here) that it was done, and returns it.
pub fn tell(door: &Door, tx: &mut Tx, key: &mut Key, now: Timestamp) -> Answer<KeyUse> {
    let used = dependants::of(door, tx, key)?;
    let detail = json!({
        "key-id": key.key_id,
        "state": key.state.name(),
        "deletion-date": key.deletion_date.map(api::trail::iso_seconds),
        "pending-window-in-days": key.pending_window_days,
        "message": used.told(),
        "dependants": used.value(),
    });
    service_events::publish(tx, &door.env, SCHEDULED, key, now, detail)?;
    // A sweep that is late by minutes must not move the hour of the day, one that is late by days not catch up on them.
    let on_time = key.reminded.map(|last| last.plus(DAY)).filter(|due| now < due.plus(DAY));
    key.reminded = Some(on_time.filter(|due| *due <= now).unwrap_or(now));
    Ok(used)
}

fn is_pending(key: &Key) -> bool {
    matches!(key.state, KeyState::PendingDeletion | KeyState::PendingReplicaDeletion)
}

/// Shows `look` every key that waits for its deletion; counts for how many it says yes.
fn each_pending(door: &Door, mut look: impl FnMut(&Key) -> Answer<bool>) -> Answer<usize> {
    let mut after: Option<String> = None;
    let mut count = 0;
    loop {
        let batch =
            door.catalog.begin()?.scan_index::<Key>("pending", "deletion", after.as_deref(), BATCH)?;
        for key in &batch {
            count += usize::from(look(key)?);
        }
        if batch.len() < BATCH {
            return Ok(count);
        }
        after = batch.last().map(Row::key);
    }
}

/// Destroys one key, if it is still due: its deletion may have been cancelled since it was found.
fn destroy(door: &Door, tx: &mut Tx, key: &str, now: Timestamp) -> Answer<bool> {
    let Some(key) = tx.get::<Key>(key)?.filter(|key| key.is_gone(now)) else { return Ok(false) };
    material::destroy_all(tx, &key)?;
    scrubbing::note(tx, &key, now)?;
    let prefix = key.prefix();
    for grant in tx.scan::<Grant>(&prefix, None, usize::MAX)? {
        tx.delete::<Grant>(&grant.key())?;
    }
    for slot in tx.scan::<GrantSlot>(&prefix, None, usize::MAX)? {
        tx.delete::<GrantSlot>(&slot.key())?;
    }
    for alias in tx.scan_index::<Alias>("target", &key.key(), None, usize::MAX)? {
        tx.delete::<Alias>(&alias.key())?;
    }
    leave_family(tx, &key, now)?;
    tx.delete::<Key>(&key.key())?;
    service_events::tell(tx, &door.env, ServiceEvent::DeleteKey, &key, now, json!({}))?;
    Ok(true)
}

/// Takes a multi-Region key out of its family. The window of a primary that waited for this replica begins now.
fn leave_family(tx: &mut Tx, key: &Key, now: Timestamp) -> Answer<()> {
    let Some(mut family) = material::family(tx, key)? else { return Ok(()) };
    if family.primary == key.region {
        // A primary with replicas cannot come this far, so nobody is left.
        tx.delete::<MultiRegionKey>(&family.key())?;
        return Ok(());
    }
    family.replicas.retain(|region| *region != key.region);
    tx.put(&family)?;
    if !family.replicas.is_empty() {
        return Ok(());
    }
    let primary = format!("{}/{}/{}", key.account, family.primary, key.key_id);
    let waits = |key: &Key| key.state == KeyState::PendingReplicaDeletion;
    if let Some(mut primary) = tx.get::<Key>(&primary)?.filter(waits) {
        primary.state = KeyState::PendingDeletion;
        primary.deletion_date = primary.pending_window_days.map(|days| now.plus(DAY * days.unsigned_abs()));
        tx.put(&primary)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "deletion_tests.rs"]
mod tests;
