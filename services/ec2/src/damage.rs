//! What a host found broken, noted in the volume's row and told in an event: chunks of its snapshot that cannot be read (once per
//! chunk), and a disk that failed a sync, which leaves the volume read-only until it is opened anew.

use crate::events;
use crate::resume::{each, internal_request};
use crate::rows::Volume;
use api::{Answer, Caller, Door, Failure};
use catalog::Row;
use wire::generated::ec2::SERVICE;

/// Lines kept per volume: enough to see what is wrong; the scrub tells all.
const LINES_MAX: usize = 100;
/// Bytes of a chunk.
const CHUNK_BYTES: u64 = snapshot::CHUNK_BYTES as u64;

/// Notes that a chunk of the volume cannot be read.
pub fn note(door: &Door, volume: &str, chunk: u32, what: &str) -> Answer<()> {
    let Some(found) = find(door, volume)? else { return Ok(()) };
    let from = u64::from(chunk) * CHUNK_BYTES;
    let line = format!("bytes {from} to {} cannot be read: {what}", from + CHUNK_BYTES - 1);
    let caller = Caller::ebs(found.account.clone());
    let request = internal_request(door, found.region.clone());
    door.transact(&caller, &request, &SERVICE, |cx| {
        let Some(mut row) = cx.tx.get::<Volume>(&found.key())? else { return Ok(()) };
        if row.damage.contains(&line) || row.damage.len() >= LINES_MAX {
            return Ok(());
        }
        row.damage.push(line.clone());
        cx.tx.put(&row)?;
        let event = events::impaired(cx, &row, &line);
        cx.publish(&event)
    })
}

/// Notes that the volume takes no more writes.
pub fn read_only(door: &Door, volume: &str, why: &str) -> Answer<()> {
    let Some(found) = find(door, volume)? else { return Ok(()) };
    let caller = Caller::ebs(found.account.clone());
    let request = internal_request(door, found.region.clone());
    door.transact(&caller, &request, &SERVICE, |cx| {
        let Some(mut row) = cx.tx.get::<Volume>(&found.key())? else { return Ok(()) };
        let line = format!("the volume is read-only because {why}");
        row.read_only = Some(line.clone());
        cx.tx.put(&row)?;
        let event = events::impaired(cx, &row, &line);
        cx.publish(&event)
    })
}

/// The server has just started: whatever failed before, every volume is opened anew.
pub fn forget_read_only(door: &Door) -> Answer<()> {
    let mut failed: Vec<Volume> = Vec::new();
    each::<Volume>(door, |row| failed.extend((row.read_only.is_some()).then(|| row.clone())))?;
    for found in failed {
        door.catalog.transact::<(), Failure>(|tx| {
            let Some(mut row) = tx.get::<Volume>(&found.key())? else { return Ok(()) };
            row.read_only = None;
            Ok(tx.put(&row)?)
        })?;
    }
    Ok(())
}

/// A volume by its id alone: hosts know nothing of accounts.
fn find(door: &Door, volume: &str) -> Answer<Option<Volume>> {
    let mut tx = door.catalog.begin()?;
    let mut after: Option<String> = None;
    loop {
        let rows = tx.scan::<Volume>("", after.as_deref(), 500).map_err(Failure::from)?;
        let Some(last) = rows.last() else { return Ok(None) };
        after = Some(last.key());
        if let Some(row) = rows.into_iter().find(|row| row.id == volume) {
            return Ok(Some(row));
        }
    }
}
