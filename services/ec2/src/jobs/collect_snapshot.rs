//! Removes what a deleted snapshot stored, as far as nobody else needs it. Collections of one lineage stand in one line, so that two
//! never look at each other's objects while they disappear.
//!
//! 1. collect: waits while the snapshot is read (it is the base or the source of a pending one, or a volume still loads from it),
//!    then the host removes what no other snapshot of the lineage names. A snapshot that was never completed has nothing that
//!    anybody else names: all that it wrote is removed.
//! 2. collected: the former snapshot says so.

use super::create_volume::LOOK_EVERY;
use super::transact;
use crate::find;
use crate::rows::{FormerSnapshot, Snapshot, Volume};
use api::{Answer, Cx};
use host::{HostError, StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use serde::{Deserialize, Serialize};
use snapshot::SnapshotRef;
use std::time::Duration;

/// How often to look whether the snapshot is still read.
const READ_LOOK_EVERY: Duration = Duration::from_millis(500);
/// How soon a lineage with a damaged manifest is tried again: it heals when the object is put back.
const TRY_AGAIN: Duration = Duration::from_secs(60);

pub struct CollectSnapshotJob;

/// The deleted snapshot.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Deleted {
    pub snapshot: String,
}

impl Job for CollectSnapshotJob {
    const KIND: &'static str = "ec2:collect-snapshot";
    type State = Deleted;
    const STEPS: &'static [Step<Deleted>] = &[
        Step { name: "collect", run: collect, undo: |_, _, _| Ok(()) },
        Step { name: "collected", run: collected, undo: |_, _, _| Ok(()) },
    ];
}

/// For a snapshot that has just become a former one. One that was not completed is collected in its own line, behind the job that is
/// still writing it.
pub fn enqueue(cx: &mut Cx, row: &Snapshot) -> Answer<()> {
    let line = line(cx, row);
    ::jobs::enqueue::<CollectSnapshotJob>(cx, &line, &Deleted { snapshot: row.id.clone() })
}

/// The line of that job.
pub fn line(cx: &Cx, row: &Snapshot) -> String {
    match row.at {
        Some(_) => format!("{}/lineage/{}", row.region, row.lineage),
        None => super::line(cx, &row.id),
    }
}

fn work_name(snapshot: &str) -> String {
    format!("collect/{snapshot}")
}

fn uncollected(cx: &mut Cx, id: &str) -> Answer<Option<FormerSnapshot>> {
    Ok(find::former_snapshot(cx, id)?.filter(|f| !f.collected))
}

fn collect(run: &Run, deleted: &mut Deleted) -> StepResult {
    let found = transact(run, |cx| {
        let Some(former) = uncollected(cx, &deleted.snapshot)? else { return Ok(None) };
        Ok(Some((work(cx, &former.snapshot)?, former)))
    })?;
    let Some((work, former)) = found else { return Ok(()) };
    let Some(work) = work else { return Err(StepError::Later(READ_LOOK_EVERY)) };
    let storage = &run.dependency::<StorageHandle>()?.0;
    match storage.work(&work_name(&former.snapshot.id), &work) {
        Ok(progress) if progress.ended.is_some() => Ok(()),
        Ok(_) => Err(StepError::Later(LOOK_EVERY)),
        Err(HostError::Fault(fault)) => Err(StepError::Fault(fault)),
        Err(HostError::Refused(refusal)) => {
            tracing::warn!(snapshot = former.snapshot.id, %refusal, "a deleted snapshot cannot be collected yet");
            Err(StepError::Later(TRY_AGAIN))
        }
    }
}

/// What is to be done; `None` while the snapshot is still read.
fn work(cx: &mut Cx, row: &Snapshot) -> Answer<Option<Work>> {
    let Some(at) = row.at.clone() else {
        return Ok(Some(Work::Discard { region: row.region.to_string(), snapshot: row.id.clone() }));
    };
    if readers(cx, row)?.is_empty() {
        return Ok(Some(Work::Collect { deleted: at, live: live(cx, row)? }));
    }
    Ok(None)
}

/// Who still reads a snapshot's objects, in words: pending snapshots stored over it, pending copies of it, volumes that load from it.
pub fn readers(cx: &mut Cx, row: &Snapshot) -> Answer<Vec<String>> {
    let place = format!("{}/{}", row.region, row.id);
    let mut readers = Vec::new();
    for (index, what) in [("base", "is stored over it"), ("source", "is copied from it")] {
        let found = cx.tx.scan_index::<Snapshot>(index, &place, None, usize::MAX)?;
        readers.extend(found.iter().map(|s| format!("{} {what}", s.id)));
    }
    let loading = cx.tx.scan_index::<Volume>("loading", &place, None, usize::MAX)?;
    readers.extend(loading.iter().map(|v| format!("{} is still loaded from it", v.id)));
    Ok(readers)
}

/// Every other snapshot of the lineage and Region whose objects must stay: those that exist, and former ones that are not collected.
fn live(cx: &mut Cx, row: &Snapshot) -> Answer<Vec<SnapshotRef>> {
    let lineage = format!("{}/{}", row.region, row.lineage);
    let here = cx.tx.scan_index::<Snapshot>("lineage", &lineage, None, usize::MAX)?;
    let former = cx.tx.scan_index::<FormerSnapshot>("lineage", &lineage, None, usize::MAX)?;
    let rows = here.into_iter().chain(former.into_iter().map(|f| f.snapshot));
    Ok(rows.filter(|s| s.id != row.id).filter_map(|s| s.at).collect())
}

fn collected(run: &Run, deleted: &mut Deleted) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(&deleted.snapshot));
    transact(run, |cx| match uncollected(cx, &deleted.snapshot)? {
        Some(former) => Ok(cx.tx.put(&FormerSnapshot { collected: true, ..former })?),
        None => Ok(()),
    })
}
