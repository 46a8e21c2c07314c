//! After a start: the attachments in the catalog are made to work again, and those that a key stopped are tried again once
//! the key can be used. Also forgets instances that ended long ago.

use crate::jobs::reattach_volume::{self, ReattachVolumeJob};
use crate::jobs::{if_there, is_waiting};
use crate::rows::{BROKEN, Instance, Volume};
use api::{Answer, Caller, Door, Failure, Request};
use base::{AccountId, Region};
use catalog::Row;
use rules::lifecycle::volume::AttachmentState;
use std::time::Duration;
use wire::generated::ec2::SERVICE;

/// How long an ended instance's row is kept after it is no longer shown.
const FORGET_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Which attachments to make again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All of them: the host has just started and exports nothing.
    All,
    /// Those that did not work, if their key can be used now.
    Broken,
}

/// Enqueues the reattachments; returns how many.
pub fn reattach(door: &Door, which: Which) -> Answer<usize> {
    let mut wanted: Vec<(AccountId, Region, String, String)> = Vec::new();
    let mut note = |volume: &Volume| {
        for a in &volume.attachments {
            if a.state == AttachmentState::Attached && (which == Which::All || a.broken.is_some()) {
                wanted.push((
                    volume.account.clone(),
                    volume.region.clone(),
                    volume.id.clone(),
                    a.instance.clone(),
                ));
            }
        }
    };
    match which {
        Which::All => {
            crate::damage::forget_read_only(door)?;
            each::<Volume>(door, note)?;
        }
        Which::Broken => {
            let broken =
                |tx: &mut catalog::Tx| Ok(tx.scan_index::<Volume>("broken", BROKEN, None, usize::MAX)?);
            door.catalog.transact::<_, Failure>(broken)?.iter().for_each(&mut note);
        }
    }
    let mut enqueued = 0;
    for (account, region, volume, instance) in wanted {
        let caller = Caller::service(account, &format!("ec2.{region}.amazonaws.com"));
        let request = internal_request(door, region);
        enqueued += door.transact(&caller, &request, &SERVICE, |cx| {
            // It may have been deleted since: jobs run already.
            let Some(row) = if_there(crate::find::volume(cx, &volume))? else { return Ok(0) };
            let usable = match &row.encryption {
                Some(e) => kms::names::is_usable(cx, &e.key_arn)?,
                None => true,
            };
            // One that still stands in line (its host keeps failing) need not be joined by another every few seconds.
            let waiting = is_waiting::<ReattachVolumeJob>(cx, &volume, &instance)?;
            if !waiting && (which == Which::All || usable) {
                reattach_volume::enqueue(cx, &volume, &instance)?;
                return Ok(1);
            }
            Ok(0)
        })?;
    }
    Ok(enqueued)
}

/// Removes the rows of instances that ended long ago.
pub fn forget_ended(door: &Door) -> Answer<()> {
    let now = door.env.clock.now();
    let mut old: Vec<Instance> = Vec::new();
    each::<Instance>(door, |i| {
        if i.ended.is_some_and(|e| e.plus(FORGET_AFTER) < now) {
            old.push(i.clone());
        }
    })?;
    for row in old {
        door.catalog.transact::<(), Failure>(|tx| Ok(tx.delete::<Instance>(&row.key())?))?;
    }
    Ok(())
}

/// A request of our own making.
pub fn internal_request(door: &Door, region: Region) -> Request {
    Request { id: door.env.ids.uuid(), region, received: door.env.clock.now(), host: String::new() }
}

/// Looks at every row of a table, of every tenant.
pub(crate) fn each<R: Row>(door: &Door, mut look: impl FnMut(&R)) -> Answer<()> {
    let mut tx = door.catalog.begin()?;
    let mut after: Option<String> = None;
    loop {
        let rows = tx.scan::<R>("", after.as_deref(), 500)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = Some(last.key());
        rows.iter().for_each(&mut look);
    }
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
