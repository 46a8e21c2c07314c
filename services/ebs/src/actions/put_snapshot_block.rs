//! PutSnapshotBlock: one block of a snapshot that is being written. On the answer the block is durable.
//!
//! The snapshot is the caller's own, was made by StartSnapshot and is still open. The host encrypts the block under the snapshot's
//! data key, which it asks of KMS in the caller's name for every block. First the bytes are made durable, then the row that names
//! them, in a transaction that looks again whether the snapshot is still open.
//!
//! A block put twice is the last one, also if two requests put it at once: which of them is last is then the order of their rows.
//! AWS may answer such a race with `CONFLICTING_BLOCK_UPDATE`. We do not, because a client that sends a block again after a lost
//! answer (as every SDK does) would meet its own first try. Source: EBS direct API Reference, PutSnapshotBlock.

use crate::rows::DraftBlock;
use crate::{BLOCK_BYTES, BLOCKS_PER_GIB, find, keys, refusals, touched};
use api::{After, Answer, Cx, DataAction, Touched};
use aws_lc_rs::digest::{SHA256, digest};
use base::{Refusal, Timestamp};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ec2::rows::{Origin, Snapshot};
use host::{KeyUse, StorageHandle};
use wire::generated::ebs::{PutSnapshotBlock as Op, PutSnapshotBlockInput, PutSnapshotBlockOutput};

/// The snapshot's row says when a block was last put, for its timeout (10 minutes or more). It is not written for every block: 64
/// workers would wait for each other.
const TOUCH_EVERY_MS: i64 = 60_000;

pub struct PutSnapshotBlock;

pub struct Plan {
    snapshot: Snapshot,
    index: u32,
    digest: [u8; 32],
    key: Option<KeyUse>,
}

impl DataAction for PutSnapshotBlock {
    type Op = Op;
    type Plan = Plan;
    const IAM: &'static str = "ebs:PutSnapshotBlock";
    const KEYS: &'static [&'static str] = touched::EXISTING;
    const READ_ONLY: bool = false;

    fn check(input: &PutSnapshotBlockInput) -> Result<(), Refusal> {
        find::check_id(&input.snapshot_id)?;
        let length = i32::try_from(input.block_data.0.len()).unwrap_or(i32::MAX);
        if input.data_length != length {
            return Err(refusals::block(format!(
                "The data has {length} bytes, but x-amz-Data-Length says {}.",
                input.data_length
            )));
        }
        if input.block_data.0.len() != BLOCK_BYTES {
            return Err(refusals::block(format!("A block has {BLOCK_BYTES} bytes, not {length}.")));
        }
        Ok(())
    }

    fn touches(cx: &mut Cx, input: &PutSnapshotBlockInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::existing(cx, &input.snapshot_id)?])
    }

    fn plan(cx: &mut Cx, input: &PutSnapshotBlockInput) -> Answer<Plan> {
        let digest = verified(input)?;
        let snapshot = find::open_draft(cx, &input.snapshot_id)?;
        let index = input.block_index.unsigned_abs();
        if index >= snapshot.size_gib.saturating_mul(BLOCKS_PER_GIB) {
            return Err(refusals::block(format!(
                "The block {index} is behind the end of a volume of {} GiB.",
                snapshot.size_gib
            ))
            .into());
        }
        let key = keys::use_of(cx, &snapshot)?;
        Ok(Plan { snapshot, index, digest, key })
    }

    fn carry_out(after: &After, plan: Plan, input: PutSnapshotBlockInput) -> Answer<PutSnapshotBlockOutput> {
        let Plan { snapshot, index, digest, key } = plan;
        let storage = &after.dependency::<StorageHandle>()?.0;
        let region = snapshot.region.as_str();
        let put = storage.put_block(region, &snapshot.id, index, &input.block_data.0, digest, key.as_ref());
        let (chunk, digest) = keys::told(put)?;
        let block = DraftBlock {
            region: snapshot.region.clone(),
            snapshot: snapshot.id.clone(),
            index,
            chunk,
            digest,
        };
        after.transact(|cx| {
            let row = find::open_draft(cx, &snapshot.id)?;
            cx.tx.put(&block)?;
            touch(cx, row)
        })?;
        Ok(PutSnapshotBlockOutput {
            checksum: Some(input.checksum),
            checksum_algorithm: Some(input.checksum_algorithm),
        })
    }
}

/// The data's SHA-256, if it is the one that the client says.
fn verified(input: &PutSnapshotBlockInput) -> Result<[u8; 32], Refusal> {
    let wrong = |what: &str| refusals::block(format!("x-amz-Checksum {what}."));
    let said = BASE64_STANDARD.decode(&input.checksum).map_err(|_| wrong("is not base64"))?;
    let found = digest(&SHA256, &input.block_data.0);
    match <[u8; 32]>::try_from(said.as_slice()) {
        Ok(said) if said == *found.as_ref() => Ok(said),
        _ => Err(wrong("is not the SHA-256 of the data")),
    }
}

/// Moves the moment from which the timeout counts, if it is long past.
fn touch(cx: &mut Cx, mut row: Snapshot) -> Answer<()> {
    let now: Timestamp = cx.now();
    if let Origin::Direct { last_used, .. } = &mut row.origin
        && now.millis() - last_used.millis() >= TOUCH_EVERY_MS
    {
        *last_used = now;
        cx.tx.put(&row)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "put_snapshot_block_tests.rs"]
mod tests;
