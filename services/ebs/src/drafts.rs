//! The rows of blocks that were put, read and removed a page at a time: a snapshot of 64 TiB has 134 million of them.

use crate::rows::DraftBlock;
use api::{Answer, Door, Failure};
use base::{Fault, Region};
use snapshot::ChunkHash;

/// Rows read or removed at a time.
pub const PAGE: usize = 1000;

/// Blocks of a snapshot from index `from` on, ascending. Read outside of any transaction: nothing is put any more when this is
/// called, or it does not matter.
pub fn blocks(
    door: &Door,
    region: &Region,
    snapshot: &str,
    from: u32,
    max: usize,
) -> Result<Vec<DraftBlock>, Fault> {
    let prefix = DraftBlock::prefix(region, snapshot);
    let after = from.checked_sub(1).map(|last| DraftBlock::key_of(region, snapshot, last));
    let mut tx = door.catalog.begin()?;
    Ok(tx.scan(&prefix, after.as_deref(), max)?)
}

/// The same as the host wants them for the manifest.
pub fn chunks(
    door: &Door,
    region: &Region,
    snapshot: &str,
    from: u32,
    max: usize,
) -> Result<Vec<(u32, ChunkHash)>, Fault> {
    Ok(blocks(door, region, snapshot, from, max)?.into_iter().map(|b| (b.index, b.chunk)).collect())
}

/// Removes all rows of a snapshot.
pub fn remove(door: &Door, region: &Region, snapshot: &str) -> Answer<()> {
    loop {
        let page = blocks(door, region, snapshot, 0, PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        door.catalog.transact::<(), Failure>(|tx| {
            for block in &page {
                tx.delete::<DraftBlock>(&catalog::Row::key(block))?;
            }
            Ok(())
        })?;
    }
}

/// One snapshot that has rows, in order, after `after` (`region/snap-…`): the region and the snapshot.
pub fn next_drafted(door: &Door, after: Option<&str>) -> Result<Option<(Region, String)>, Fault> {
    // `0` is the byte after `/`: past every block of that snapshot.
    let after = after.map(|place| format!("{place}0"));
    let mut tx = door.catalog.begin()?;
    let found = tx.scan::<DraftBlock>("", after.as_deref(), 1)?.pop();
    Ok(found.map(|block| (block.region, block.snapshot)))
}
