//! Completes a snapshot that was written block by block.
//!
//! 1. assemble: the host makes the manifest from the rows of the blocks, over the parent's. Undone by the state `error`, whose message
//!    says why; the blocks are discarded.
//! 2. complete: the row says `completed`, and where it is stored.
//! 3. tidy: the rows of the blocks are removed; the manifest names them now.
//!
//! No event tells of it: AWS documents `createSnapshot` events for snapshots of volumes only.

use super::{About, LOOK_AGAIN, fail, line, pending, remove_rows, transact, work};
use crate::drafts;
use api::{Answer, Cx};
use base::{Fault, Refusal, SizeGib};
use ec2::rows::{Sizes, Snapshot};
use host::{Blocks, Ended, StorageHandle, StoreSpec, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::snapshot::SnapshotState;
use std::sync::Arc;

pub struct CompleteSnapshotJob;

impl Job for CompleteSnapshotJob {
    const KIND: &'static str = "ebs:complete-snapshot";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "assemble", run: assemble, undo: give_up },
        Step { name: "complete", run: complete, undo: |_, _, _| Ok(()) },
        Step { name: "tidy", run: tidy, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, snapshot: &str) -> Answer<()> {
    let line = line(cx, snapshot);
    jobs::enqueue::<CompleteSnapshotJob>(cx, &line, &About { snapshot: snapshot.to_owned() })
}

/// What the host calls the work.
fn name(run: &Run, about: &About) -> String {
    format!("assemble/{}/{}", run.request.region, about.snapshot)
}

fn assemble(run: &Run, about: &mut About) -> StepResult {
    goes_on(run, about).map(|_| ())
}

/// How the work ended; `None` if there is nothing to do any more. Safe to repeat: ended work answers the same, and work that a
/// restarted host has forgotten is done again with the same end.
fn goes_on(run: &Run, about: &About) -> Result<Option<Ended>, StepError> {
    let Some(row) = transact(run, |cx| pending(cx, about))? else { return Ok(None) };
    match work(run, &name(run, about), &manifest_work(run, &row)?)? {
        Ok(ended) => Ok(Some(ended)),
        Err(progress) => {
            let percent = progress.percent();
            if percent > row.progress {
                transact(run, |cx| match pending(cx, about)? {
                    Some(row) => Ok(cx.tx.put(&Snapshot { progress: percent, ..row })?),
                    None => Ok(()),
                })?;
            }
            Err(StepError::Later(LOOK_AGAIN))
        }
    }
}

fn manifest_work(run: &Run, row: &Snapshot) -> Result<Work, Fault> {
    let encryption = match &row.encryption {
        None => None,
        Some(e) => Some(snapshot::Encryption {
            kms_key_arn: e.key_arn.clone(),
            wrapped_key: e
                .wrapped_key
                .clone()
                .ok_or_else(|| Fault::new("the wrapped data key is missing"))?,
            context_id: e.context_id.clone(),
        }),
    };
    let spec = StoreSpec {
        region: row.region.to_string(),
        snapshot: row.id.clone(),
        size_bytes: SizeGib(row.size_gib).bytes(),
        lineage: row.lineage.clone(),
        encryption,
    };
    let (door, region, id) = (run.door.clone(), row.region.clone(), row.id.clone());
    let blocks = Blocks(Arc::new(move |from, max| drafts::chunks(&door, &region, &id, from, max)));
    Ok(Work::Assemble { spec, parent: row.base_at.clone(), blocks })
}

fn complete(run: &Run, about: &mut About) -> StepResult {
    let Some(ended) = goes_on(run, about)? else { return Ok(()) };
    let at = ended.at.clone().ok_or_else(|| Fault::new("an assembled snapshot has no place"))?;
    transact(run, |cx| {
        let Some(mut row) = pending(cx, about)? else { return Ok(()) };
        row.state = SnapshotState::Completed;
        row.completed = Some(cx.now());
        row.progress = 100;
        row.at = Some(at.clone());
        row.sizes = Sizes {
            full_bytes: ended.chunks.saturating_mul(crate::BLOCK_BYTES as u64),
            stored_bytes: ended.written_bytes,
        };
        (row.base, row.base_at) = (None, None);
        Ok(cx.tx.put(&row)?)
    })
}

fn tidy(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&name(run, about));
    remove_rows(run, about)
}

fn give_up(run: &Run, about: &mut About, why: &Refusal) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&name(run, about));
    transact(run, |cx| match pending(cx, about)? {
        Some(row) => fail(cx, row, &format!("The snapshot could not be completed: {}", why.reason)),
        None => Ok(()),
    })
}
