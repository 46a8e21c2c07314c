//! CompleteSnapshot: no more blocks come. The count of blocks and, if the client sends one, the checksum over all blocks must be
//! right; then the snapshot is completed by a job, and the answer says `pending`. Asked again it says how far that is.
//!
//! ```text
//!  close      a row says that nothing may be put any more                    one transaction
//!  verify     count the blocks; SHA-256 over their digests in index order    no transaction: there may be millions of rows
//!  complete   the row says `verified`, the job stands in line; trail record  one transaction
//!  reopen     instead, if the blocks are not those that the client says      one transaction
//! ```
//! A crash in between leaves the snapshot closed; the client's next try goes on from there. The digests of encrypted blocks are
//! concealed in the catalog, so verifying them needs the key, as the caller.
//!
//! The action is served as one that moves data because of the second phase; unlike those it has a record in the event history. The
//! linear checksum is over the raw digests (EBS User Guide, "Write snapshots with EBS direct APIs"); texts are ours but for those in
//! `refusals.rs`. Source: EBS direct API Reference, CompleteSnapshot.

use crate::drafts::PAGE;
use crate::jobs::complete_snapshot;
use crate::rows::Completion;
use crate::{drafts, find, keys, refusals, touched};
use api::{Action, After, Answer, Cx, DataAction, Touched};
use aws_lc_rs::digest::{Context, SHA256};
use base::Refusal;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ec2::rows::Snapshot;
use host::{KeyUse, StorageHandle};
use rules::lifecycle::snapshot::SnapshotState;
use wire::generated::ebs::{CompleteSnapshot as Op, CompleteSnapshotInput, CompleteSnapshotOutput};

/// Digests handed to the host at a time: each hand-over is one Decrypt, and a snapshot of 64 TiB makes 1,024 of them.
const DIGESTS_MAX: usize = 131_072;

pub struct CompleteSnapshot;

/// What the second half has to do.
pub enum Plan {
    /// Nothing: it was verified before.
    Known,
    Verify(Box<(Snapshot, Option<KeyUse>)>),
}

impl DataAction for CompleteSnapshot {
    type Op = Op;
    type Plan = Plan;
    const IAM: &'static str = "ebs:CompleteSnapshot";
    const KEYS: &'static [&'static str] = touched::EXISTING;
    const READ_ONLY: bool = false;

    fn check(input: &CompleteSnapshotInput) -> Result<(), Refusal> {
        find::check_id(&input.snapshot_id)?;
        if let Some(checksum) = &input.checksum
            && BASE64_STANDARD.decode(checksum).map_or(0, |bytes| bytes.len()) != 32
        {
            return Err(refusals::parameter("x-amz-Checksum is not a SHA-256 in base64."));
        }
        Ok(())
    }

    fn touches(cx: &mut Cx, input: &CompleteSnapshotInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::existing(cx, &input.snapshot_id)?])
    }

    /// Closes the snapshot.
    fn plan(cx: &mut Cx, input: &CompleteSnapshotInput) -> Answer<Plan> {
        let (row, completion) = draft(cx, &input.snapshot_id)?;
        if row.state == SnapshotState::Completed || completion.is_some_and(|c| c.verified) {
            return Ok(Plan::Known);
        }
        let close = Completion {
            account: row.account.clone(),
            region: row.region.clone(),
            snapshot: row.id.clone(),
            request_id: cx.request.id.clone(),
            verified: false,
        };
        cx.tx.put(&close)?;
        let key = keys::use_of(cx, &row)?;
        Ok(Plan::Verify(Box::new((row, key))))
    }

    fn carry_out(after: &After, plan: Plan, input: CompleteSnapshotInput) -> Answer<CompleteSnapshotOutput> {
        if let Plan::Verify(closed) = plan {
            let (row, key) = *closed;
            if let Err(failure) = verify(after, &row, key.as_ref(), &input) {
                after.transact(|cx| reopen(cx, &row))?;
                return Err(failure);
            }
        }
        after.door.call::<Complete>(after.caller, after.request, || input.clone())
    }
}

/// The caller's own direct snapshot that is pending or completed, and whether it is closed.
fn draft(cx: &mut Cx, id: &str) -> Answer<(Snapshot, Option<Completion>)> {
    let row = find::own(cx, id)?;
    if !row.is_direct() || row.state == SnapshotState::Error {
        // The one refusal of these that says which it is.
        find::open_draft(cx, id)?;
    }
    let completion = find::completion(cx, &row)?;
    Ok((row, completion))
}

/// Blocks may be put again, unless another request has closed the snapshot since.
fn reopen(cx: &mut Cx, row: &Snapshot) -> Answer<()> {
    let mine = cx.request.id.clone();
    match find::completion(cx, row)? {
        Some(completion) if completion.request_id == mine && !completion.verified => {
            Ok(cx.tx.delete::<Completion>(&Completion::key_of(&row.region, &row.id))?)
        }
        _ => Ok(()),
    }
}

/// Are the blocks those that the client says?
fn verify(after: &After, row: &Snapshot, key: Option<&KeyUse>, input: &CompleteSnapshotInput) -> Answer<()> {
    let said = input.changed_blocks_count.unsigned_abs();
    let (count, linear) = match &input.checksum {
        None => (counted(after, row, said)?, None),
        Some(_) => {
            let (count, linear) = linear(after, row, key, said)?;
            (count, Some(linear))
        }
    };
    if count != said {
        let more = if count > said { " or more" } else { "" };
        return Err(refusals::parameter(format!(
            "ChangedBlocksCount is {said}, but {count}{more} blocks were put."
        ))
        .into());
    }
    if linear != input.checksum {
        return Err(refusals::parameter("The checksum is not that of the blocks that were put.").into());
    }
    Ok(())
}

/// How many blocks were put; one more than `most` stands for all that is more.
fn counted(after: &After, row: &Snapshot, most: u32) -> Answer<u32> {
    let (mut count, mut from) = (0_u32, 0);
    loop {
        let page = drafts::chunks(after.door, &row.region, &row.id, from, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        from = last + 1;
        count = count.saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
        if count > most {
            return Ok(most.saturating_add(1));
        }
    }
}

/// The same, with the checksum over all of them in base64. Of no blocks it is the digest of nothing.
fn linear(after: &After, row: &Snapshot, key: Option<&KeyUse>, most: u32) -> Answer<(u32, String)> {
    let storage = &after.dependency::<StorageHandle>()?.0;
    let (mut count, mut from, mut whole) = (0_u32, 0, Context::new(&SHA256));
    loop {
        let mut digests: Vec<(u32, [u8; 32])> = Vec::new();
        while digests.len() < DIGESTS_MAX {
            let page = drafts::blocks(after.door, &row.region, &row.id, from, PAGE)?;
            let Some(last) = page.last() else { break };
            from = last.index + 1;
            digests.extend(page.iter().map(|block| (block.index, block.digest)));
        }
        count = count.saturating_add(u32::try_from(digests.len()).unwrap_or(u32::MAX));
        if digests.is_empty() || count > most {
            return Ok((count.min(most.saturating_add(1)), BASE64_STANDARD.encode(whole.finish())));
        }
        for digest in keys::told(storage.reveal_digests(digests, key))? {
            whole.update(&digest);
        }
    }
}

/// The last phase: a call of its own inside, so that it has its record in the event history.
struct Complete;

impl Action for Complete {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = CompleteSnapshot::IAM;

    fn touches(cx: &mut Cx, input: &CompleteSnapshotInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::existing(cx, &input.snapshot_id)?])
    }

    fn handle(cx: &mut Cx, input: CompleteSnapshotInput) -> Answer<CompleteSnapshotOutput> {
        let (row, completion) = draft(cx, &input.snapshot_id)?;
        let state = |state: SnapshotState| CompleteSnapshotOutput { status: Some(state.as_str().to_owned()) };
        match completion {
            _ if row.state == SnapshotState::Completed => Ok(state(row.state)),
            Some(completion) if completion.verified => Ok(state(row.state)),
            Some(completion) if completion.request_id == cx.request.id => {
                cx.tx.put(&Completion { verified: true, ..completion })?;
                complete_snapshot::enqueue(cx, &row.id)?;
                Ok(state(row.state))
            }
            // Another request has closed the snapshot since, or opened it again: it may have other blocks now.
            _ => Err(refusals::busy(&row.id).into()),
        }
    }
}

#[cfg(test)]
#[path = "complete_snapshot_tests.rs"]
mod tests;
