//! The end of a snapshot as far as its volume is concerned, however it ended: stored, failed, or deleted while pending. It stands in
//! the volume's line of storing, behind the snapshots that were asked for before.
//!
//! 1. thaw: the volume need not keep the instant any more; a stored snapshot is what the next one is compared with.
//! 2. discard: what was written for a snapshot that was not completed is removed.
//! 3. merge: the volume's layers become one again, while the volume is used.
//! 4. tidied: the host may forget its work, and a snapshot deleted while pending has left nothing behind.
//!
//! A volume that cannot be tidied (its store is damaged) stays as it is: it works as before, and the next snapshot tries again.

use super::create_volume::LOOK_EVERY;
use super::store_snapshot::{self, Storing, calmly, storing_line};
use super::{if_there, transact};
use crate::find;
use crate::rows::{FormerSnapshot, Snapshot, Volume};
use api::{Answer, Cx};
use base::Refusal;
use host::{StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::snapshot::SnapshotState;
use rules::lifecycle::volume::VolumeState;

pub struct ThawVolumeJob;

impl Job for ThawVolumeJob {
    const KIND: &'static str = "ec2:thaw-volume";
    type State = Storing;
    const STEPS: &'static [Step<Storing>] = &[
        Step { name: "thaw", run: thaw, undo: end },
        Step { name: "discard", run: discard, undo: |_, _, _| Ok(()) },
        Step { name: "merge", run: merge, undo: |_, _, _| Ok(()) },
        Step { name: "tidied", run: tidied, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, storing: &Storing) -> Answer<()> {
    let line = storing_line(cx, &storing.volume);
    ::jobs::enqueue::<ThawVolumeJob>(cx, &line, storing)
}

fn discard_name(snapshot: &str) -> String {
    format!("discard/{snapshot}")
}

fn merge_name(volume: &str) -> String {
    format!("merge/{volume}")
}

/// Whether the snapshot was stored. It may have been deleted since: what it stored is then removed by the collection, not here.
fn is_stored(cx: &mut Cx, id: &str) -> Answer<bool> {
    let row: Option<Snapshot> = match if_there(find::snapshot(cx, id))? {
        Some(row) => Some(row),
        None => find::former_snapshot(cx, id)?.map(|f| f.snapshot),
    };
    Ok(row.is_some_and(|s| s.state == SnapshotState::Completed))
}

fn thaw(run: &Run, storing: &mut Storing) -> StepResult {
    let storage = &run.dependency::<StorageHandle>()?.0;
    storage.forget(&store_snapshot::work_name(&storing.snapshot));
    let stored = transact(run, |cx| is_stored(cx, &storing.snapshot))?;
    calmly(storage.thaw(&storing.volume, &storing.snapshot, stored))?;
    Ok(())
}

fn discard(run: &Run, storing: &mut Storing) -> StepResult {
    if transact(run, |cx| is_stored(cx, &storing.snapshot))? {
        return Ok(());
    }
    let (region, snapshot) = (run.request.region.to_string(), storing.snapshot.clone());
    work(run, &discard_name(&storing.snapshot), &Work::Discard { region, snapshot })
}

fn merge(run: &Run, storing: &mut Storing) -> StepResult {
    let there = transact(run, |cx| if_there(find::volume(cx, &storing.volume)))?;
    // The layers of a volume that is being deleted go with it.
    match there.filter(|v: &Volume| v.state != VolumeState::Deleting) {
        Some(row) => work(run, &merge_name(&row.id), &Work::Merge { volume: row.id.clone() }),
        None => Ok(()),
    }
}

fn tidied(run: &Run, storing: &mut Storing) -> StepResult {
    let storage = &run.dependency::<StorageHandle>()?.0;
    // Storing that was still running when it was told to stop is forgotten now that it has.
    storage.forget(&store_snapshot::work_name(&storing.snapshot));
    storage.forget(&discard_name(&storing.snapshot));
    storage.forget(&merge_name(&storing.volume));
    transact(run, |cx| {
        let Some(former) = store_snapshot::given_up(cx, &storing.snapshot)? else { return Ok(()) };
        cx.tx.put(&FormerSnapshot { collected: true, ..former })?;
        store_snapshot::tell_set(cx, &storing.set)
    })
}

/// Nothing here is ever refused; if it were, the volume would be let go all the same.
fn end(run: &Run, storing: &mut Storing, _why: &Refusal) -> StepResult {
    thaw(run, storing)?;
    tidied(run, storing)
}

fn work(run: &Run, name: &str, work: &Work) -> StepResult {
    match calmly(run.dependency::<StorageHandle>()?.0.work(name, work))? {
        Some(progress) if progress.ended.is_none() => Err(StepError::Later(LOOK_EVERY)),
        _ => Ok(()),
    }
}
