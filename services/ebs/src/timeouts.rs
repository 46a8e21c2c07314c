//! Snapshots that nobody goes on writing. The program's upkeep thread calls [`time_out`] every minute or so.

use crate::rows::Completion;
use crate::{drafts, find, jobs};
use api::{Answer, Caller, Cx, Door, Failure, Request};
use base::{Fault, Region, Timestamp};
use catalog::Row;
use ec2::rows::{Origin, Snapshot};
use rules::lifecycle::snapshot::SnapshotState;
use std::time::Duration;
use wire::generated::ebs::SERVICE;

/// Rows looked at in one transaction.
const PAGE: usize = 200;

/// Ends direct snapshots that were pending without a request for their timeout in state `error`, and removes the rows of blocks
/// whose snapshot was deleted. Returns how many snapshots it ended.
pub fn time_out(door: &Door) -> Result<usize, Fault> {
    let (mut after, mut ended) = (None::<String>, 0);
    loop {
        let page = page(door, after.as_deref())?;
        let Some(last) = page.last() else { break };
        after = Some(last.key());
        for row in page.iter().filter(|row| is_over(row, door.env.clock.now())) {
            ended += usize::from(as_ebs(door, row, |cx| end(cx, row))?);
        }
    }
    sweep(door)?;
    Ok(ended)
}

fn page(door: &Door, after: Option<&str>) -> Result<Vec<Snapshot>, Fault> {
    let read = |tx: &mut catalog::Tx| Ok(tx.scan_index::<Snapshot>("pending", "direct", after, PAGE)?);
    door.catalog.transact::<_, Failure>(read).map_err(fault)
}

fn is_over(row: &Snapshot, now: Timestamp) -> bool {
    match &row.origin {
        Origin::Direct { timeout_minutes, last_used, .. } => {
            let timeout = Duration::from_secs(u64::from(*timeout_minutes) * 60);
            row.state == SnapshotState::Pending && last_used.plus(timeout) <= now
        }
        _ => false,
    }
}

/// In a transaction, so looks again: a block may just have been put, or the snapshot completed. One that is being completed has
/// time.
fn end(cx: &mut Cx, row: &Snapshot) -> Answer<bool> {
    let now = cx.now();
    let Some(row) = cx.tx.get::<Snapshot>(&row.key())?.filter(|row| is_over(row, now)) else {
        return Ok(false);
    };
    if find::completion(cx, &row)?.is_some_and(|completion| completion.verified) {
        return Ok(false);
    }
    jobs::fail(cx, row, "The snapshot was not completed within its timeout")?;
    Ok(true)
}

/// Runs `work` as EBS itself, in the snapshot's account and Region.
fn as_ebs<T>(door: &Door, row: &Snapshot, work: impl FnMut(&mut Cx) -> Answer<T>) -> Result<T, Fault> {
    let request = Request {
        id: door.env.ids.uuid(),
        region: row.region.clone(),
        received: door.env.clock.now(),
        host: String::new(),
    };
    door.transact(&Caller::ebs(row.account.clone()), &request, &SERVICE, work).map_err(fault)
}

/// Removes the rows of blocks of snapshots that are gone: DeleteSnapshot of a pending one is EC2's and knows nothing of them.
fn sweep(door: &Door) -> Result<(), Fault> {
    let mut after = None::<String>;
    while let Some((region, snapshot)) = drafts::next_drafted(door, after.as_deref())? {
        let place = format!("{region}/{snapshot}");
        if !is_there(door, &place)? {
            drafts::remove(door, &region, &snapshot).map_err(fault)?;
            forget_completion(door, &region, &snapshot)?;
        }
        after = Some(place);
    }
    Ok(())
}

fn is_there(door: &Door, place: &str) -> Result<bool, Fault> {
    let read = |tx: &mut catalog::Tx| Ok(!tx.scan_index::<Snapshot>("id", place, None, 1)?.is_empty());
    door.catalog.transact::<_, Failure>(read).map_err(fault)
}

fn forget_completion(door: &Door, region: &Region, snapshot: &str) -> Result<(), Fault> {
    let key = Completion::key_of(region, snapshot);
    door.catalog.transact::<_, Failure>(|tx| Ok(tx.delete::<Completion>(&key)?)).map_err(fault)
}

fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Fault(fault) => fault,
        Failure::Refused(refusal) => Fault::caused("the upkeep of direct snapshots was refused", refusal),
        Failure::Conflict => Fault::new("the rows of direct snapshots kept changing"),
    }
}

#[cfg(test)]
#[path = "timeouts_tests.rs"]
mod tests;
