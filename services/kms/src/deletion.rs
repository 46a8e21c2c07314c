//! The end of keys. A key whose waiting period is over does not exist for any caller from that moment (`Key::is_gone`); this
//! sweep destroys what is left of it: sealed material, grants, aliases, and the row itself.

use crate::rows::{Alias, Grant, Key, KeyMaterial};
use api::{Answer, Door, Failure};
use base::Timestamp;
use catalog::{Row, Tx};

/// Rows read at a time.
const BATCH: usize = 200;

/// Destroys all keys whose time has come; returns how many. Safe to run at any time and twice; the program runs it now and then.
pub fn destroy_due(door: &Door) -> Answer<usize> {
    let now = door.env.clock.now();
    let mut after: Option<String> = None;
    let mut destroyed = 0;
    loop {
        let batch =
            door.catalog.begin()?.scan_index::<Key>("pending", "deletion", after.as_deref(), BATCH)?;
        for key in &batch {
            if key.is_gone(now) {
                let gone = door.catalog.transact::<_, Failure>(|tx| destroy(tx, &key.key(), now))?;
                destroyed += usize::from(gone);
            }
        }
        if batch.len() < BATCH {
            break;
        }
        after = batch.last().map(Row::key);
    }
    if destroyed > 0 {
        // Sealed material must not linger in the database's log either.
        door.catalog.checkpoint()?;
    }
    Ok(destroyed)
}

/// Destroys one key, if it is still due: its deletion may have been cancelled since it was found.
fn destroy(tx: &mut Tx, key: &str, now: Timestamp) -> Answer<bool> {
    let Some(key) = tx.get::<Key>(key)?.filter(|key| key.is_gone(now)) else { return Ok(false) };
    let prefix = key.prefix();
    for material in tx.scan::<KeyMaterial>(&prefix, None, usize::MAX)? {
        tx.delete::<KeyMaterial>(&material.key())?;
    }
    for grant in tx.scan::<Grant>(&prefix, None, usize::MAX)? {
        tx.delete::<Grant>(&grant.key())?;
    }
    for alias in tx.scan_index::<Alias>("target", &key.key(), None, usize::MAX)? {
        tx.delete::<Alias>(&alias.key())?;
    }
    tx.delete::<Key>(&key.key())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;
    use serde_json::json;
    use std::time::Duration;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn nothing_is_left_of_a_key_after_its_window_and_everything_before() {
        let bench = Bench::new();
        let (doomed, kept) = (bench.create_key(), bench.create_key());
        bench.ok("CreateAlias", json!({"AliasName": "alias/doomed", "TargetKeyId": doomed.id}));
        bench.grant_to_session(&doomed.id);
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": doomed.id, "PendingWindowInDays": 7}));
        bench.clock.advance(DAY * 7 - Duration::from_secs(1));
        assert_eq!(destroy_due(&bench.door).unwrap(), 0);
        assert_eq!(bench.rows(), (2, 2, 1, 1));

        bench.clock.advance(Duration::from_secs(1));
        // Gone for callers at once, whether or not the sweep has run.
        let message = format!("Key '{}' does not exist", doomed.arn);
        bench.refused("DescribeKey", json!({"KeyId": doomed.id}), "NotFoundException", &message);
        bench.refused("CancelKeyDeletion", json!({"KeyId": doomed.id}), "NotFoundException", &message);
        assert_eq!(destroy_due(&bench.door).unwrap(), 1);
        assert_eq!(bench.rows(), (1, 1, 0, 0));
        assert_eq!(destroy_due(&bench.door).unwrap(), 0);
        bench.ok("DescribeKey", json!({"KeyId": kept.id}));
    }

    #[test]
    fn a_cancelled_deletion_destroys_nothing() {
        let bench = Bench::new();
        let key = bench.create_key();
        bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
        bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}));
        bench.clock.advance(DAY * 8);
        assert_eq!(destroy_due(&bench.door).unwrap(), 0);
        assert_eq!(bench.rows(), (1, 1, 0, 0));
    }
}
