//! Stores a frozen snapshot. The snapshots of one volume are stored one after the other, in the order of their instants.
//!
//! 1. base: the snapshot over which this one is stored is chosen and noted in the row, which keeps its objects there. Undone by ending
//!    in `error`, with the reason.
//! 2. store: the host stores what changed since (or all); the row shows how far it is; at the end the snapshot is `completed`, with
//!    the createSnapshot event.
//! 3. given up: a snapshot that was deleted while pending has no row any more; nothing was stored for it, or in vain.
//!
//! However it ends, the next job in line lets the volume go and tidies up (`thaw_volume.rs`).

use super::create_volume::LOOK_EVERY;
use super::{host_error, if_there, thaw_volume, transact};
use crate::rows::{Encryption, FormerSnapshot, Sizes, Snapshot};
use crate::{events, find, snapshotting};
use api::{Answer, Cx};
use base::{Fault, GIB, Refusal, SizeGib};
use host::storage::{Ended, StoreSpec};
use host::{HostError, StorageHandle, Work};
use jobs::{Job, JobRow, Run, Step, StepError, StepResult};
use rules::lifecycle::snapshot::SnapshotState;
use serde::{Deserialize, Serialize};

/// Tries of a step that meets faults (a full disk, a store that is away: about a minute and a half) before the snapshot fails.
const TRIES_MAX: u32 = 8;
const CHUNK_BYTES: u64 = snapshot::CHUNK_BYTES as u64;

pub struct StoreSnapshotJob;

/// What to store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Storing {
    pub volume: String,
    pub snapshot: String,
    /// Ids of the set that it belongs to; empty if it was asked for alone.
    pub set: Vec<String>,
}

impl Job for StoreSnapshotJob {
    const KIND: &'static str = "ec2:store-snapshot";
    type State = Storing;
    const STEPS: &'static [Step<Storing>] = &[
        Step { name: "base", run: choose_base, undo: fail },
        Step { name: "store", run: store, undo: |_, _, _| Ok(()) },
        Step { name: "given up", run: tidy_away, undo: |_, _, _| Ok(()) },
    ];
}

/// The line of storing of a volume. It does not begin with the volume's own line and `/`, or it would be part of that.
pub fn storing_line(cx: &Cx, volume: &str) -> String {
    format!("{}.snapshots", super::line(cx, volume))
}

pub fn enqueue(cx: &mut Cx, storing: &Storing) -> Answer<()> {
    let line = storing_line(cx, &storing.volume);
    ::jobs::enqueue::<StoreSnapshotJob>(cx, &line, storing)
}

/// Whether the volume's store is still worked on.
pub fn are_waiting(cx: &mut Cx, volume: &str) -> Answer<bool> {
    let line = format!("{}/", storing_line(cx, volume));
    Ok(!cx.tx.scan::<JobRow>(&line, None, 1)?.is_empty())
}

/// The work's name at the host.
pub(super) fn work_name(snapshot: &str) -> String {
    format!("store/{snapshot}")
}

/// The snapshot, if it is still to be stored.
fn pending(cx: &mut Cx, id: &str) -> Answer<Option<Snapshot>> {
    Ok(if_there(find::snapshot(cx, id))?.filter(|s| s.state == SnapshotState::Pending))
}

fn choose_base(run: &Run, storing: &mut Storing) -> StepResult {
    let chosen = transact(run, |cx| {
        let Some(row) = pending(cx, &storing.snapshot)? else { return Ok(None) };
        if row.base.is_some() {
            return Ok(Some(row));
        }
        let Some(base) = base_of(cx, &row)? else { return Ok(None) };
        let place = format!("{}/{}", base.region, base.id);
        let row = Snapshot { base: Some(place), base_at: base.at, ..row };
        cx.tx.put(&row)?;
        Ok(Some(row))
    })?;
    // The job that lets go of the base's instant may still be in line; only then does the volume count from it.
    let Some((volume, base)) = chosen.and_then(|row| Some((row.volume, row.base_at?))) else { return Ok(()) };
    let storage = &run.dependency::<StorageHandle>()?.0;
    storage.thaw(&volume, &base.snapshot, true).map_err(host_error)
}

/// The last stored snapshot of the volume or, if there was none yet, the one that the volume was made from: since then the volume
/// knows what has changed. If it does not after all, everything is stored. Only the caller's own, and only of the same data key.
fn base_of(cx: &mut Cx, row: &Snapshot) -> Answer<Option<Snapshot>> {
    let mut earlier = snapshotting::of_volume(cx, &row.volume)?;
    let usable =
        |s: &Snapshot| s.state == SnapshotState::Completed && s.at.is_some() && s.lineage == row.lineage;
    earlier.retain(|s| s.id != row.id && usable(s));
    if let Some(last) = earlier.into_iter().max_by_key(|s| s.started) {
        return Ok(Some(last));
    }
    let volume = if_there(find::volume(cx, &row.volume))?;
    let Some(source) = volume.and_then(|v| v.source) else { return Ok(None) };
    Ok(if_there(find::snapshot(cx, &source.snapshot))?.filter(usable))
}

fn store(run: &Run, storing: &mut Storing) -> StepResult {
    let Some(row) = transact(run, |cx| pending(cx, &storing.snapshot))? else { return Ok(()) };
    let work =
        Work::StoreSnapshot { volume: row.volume.clone(), spec: spec(&row)?, base: row.base_at.clone() };
    let storage = &run.dependency::<StorageHandle>()?.0;
    let looked = storage.work(&work_name(&row.id), &work).map_err(host_error);
    let progress = looked.map_err(|error| tried_enough(run, error))?;
    if let Some(ended) = &progress.ended {
        return transact(run, |cx| completed(cx, storing, ended));
    }
    if progress.percent() != row.progress {
        transact(run, |cx| match pending(cx, &row.id)? {
            Some(row) => Ok(cx.tx.put(&Snapshot { progress: progress.percent(), ..row })?),
            None => Ok(()),
        })?;
    }
    Err(StepError::Later(LOOK_EVERY))
}

/// The snapshot as the host stores it.
pub fn spec(row: &Snapshot) -> Result<StoreSpec, Fault> {
    let missing = || Fault::new(format!("the wrapped data key of {} is missing", row.id));
    let wrapped = |e: &Encryption| -> Result<snapshot::Encryption, Fault> {
        Ok(snapshot::Encryption {
            kms_key_arn: e.key_arn.clone(),
            wrapped_key: e.wrapped_key.clone().ok_or_else(missing)?,
            context_id: e.context_id.clone(),
        })
    };
    Ok(StoreSpec {
        region: row.region.to_string(),
        snapshot: row.id.clone(),
        size_bytes: SizeGib(row.size_gib).bytes(),
        lineage: row.lineage.clone(),
        encryption: row.encryption.as_ref().map(wrapped).transpose()?,
    })
}

/// A row of a snapshot whose work has ended well. Copies and snapshots of the EBS direct API end in the same way.
pub fn complete(cx: &Cx, row: Snapshot, ended: &Ended) -> Snapshot {
    Snapshot {
        state: SnapshotState::Completed,
        completed: Some(cx.now()),
        progress: 100,
        at: ended.at.clone(),
        size_gib: match u32::try_from(ended.size_bytes / GIB) {
            Ok(size) if size > 0 => size,
            _ => row.size_gib,
        },
        sizes: Sizes { full_bytes: ended.chunks * CHUNK_BYTES, stored_bytes: ended.written_bytes },
        base: None,
        base_at: None,
        lock: row.lock.map(|lock| lock.snapshot_completed(cx.now())),
        ..row
    }
}

fn completed(cx: &mut Cx, storing: &Storing, ended: &Ended) -> Answer<()> {
    let Some(row) = pending(cx, &storing.snapshot)? else { return Ok(()) };
    let row = complete(cx, row, ended);
    cx.tx.put(&row)?;
    let event = events::snapshot_created(cx, &row);
    cx.publish(&event)?;
    thaw_volume::enqueue(cx, storing)?;
    tell_set(cx, &storing.set)
}

fn fail(run: &Run, storing: &mut Storing, why: &Refusal) -> StepResult {
    transact(run, |cx| failed(cx, storing, why))
}

/// The documented end of what cannot be done: state `error`, the reason in `StateMessage` and in the event.
pub(super) fn failed(cx: &mut Cx, storing: &Storing, why: &Refusal) -> Answer<()> {
    let Some(row) = pending(cx, &storing.snapshot)? else { return leave(cx, storing) };
    // No key is to blame: storing moves ciphertext.
    let cause = why.reason.clone();
    let row = Snapshot {
        state: SnapshotState::Error,
        state_message: Some(cause.clone()),
        base: None,
        base_at: None,
        ..row
    };
    cx.tx.put(&row)?;
    let event = events::snapshot_failed(cx, &row, &cause);
    cx.publish(&event)?;
    thaw_volume::enqueue(cx, storing)?;
    tell_set(cx, &storing.set)
}

fn tidy_away(run: &Run, storing: &mut Storing) -> StepResult {
    transact(run, |cx| leave(cx, storing))
}

/// Has a pending snapshot that was deleted tidied away.
pub(super) fn leave(cx: &mut Cx, storing: &Storing) -> Answer<()> {
    match given_up(cx, &storing.snapshot)? {
        Some(_) => thaw_volume::enqueue(cx, storing),
        None => Ok(()),
    }
}

/// The former snapshot that was deleted while pending and is not tidied away yet.
pub(super) fn given_up(cx: &mut Cx, id: &str) -> Answer<Option<FormerSnapshot>> {
    Ok(find::former_snapshot(cx, id)?.filter(|f| !f.collected && is_pending(&f.snapshot)))
}

fn is_pending(row: &Snapshot) -> bool {
    row.state == SnapshotState::Pending
}

/// The completion event of a set, by the transaction in which its last snapshot ends.
pub(super) fn tell_set(cx: &mut Cx, set: &[String]) -> Answer<()> {
    let mut rows = Vec::new();
    for id in set {
        match if_there(find::snapshot(cx, id))? {
            Some(row) if is_pending(&row) => return Ok(()),
            Some(row) => rows.push(row),
            None => match find::former_snapshot(cx, id)? {
                Some(former) if is_pending(&former.snapshot) && !former.collected => return Ok(()),
                Some(former) => rows.push(former.snapshot),
                None => {}
            },
        }
    }
    let Some(first) = rows.first() else { return Ok(()) };
    let event = events::set_ended(cx, &first.account, &first.region, &rows);
    cx.publish(&event)
}

/// A fault that does not go away ends the snapshot: its caller waits for an end.
pub(super) fn tried_enough(run: &Run, error: StepError) -> StepError {
    match error {
        StepError::Fault(fault) if run.attempts > TRIES_MAX => StepError::Refused(
            Refusal::new("IncorrectState", "The snapshot could not be stored.").because(fault.to_string()),
        ),
        other => other,
    }
}

/// For what tidies up: it has nobody to refuse it, and is no reason to keep a line of jobs waiting for ever.
pub(super) fn calmly<T>(done: Result<T, HostError>) -> Result<Option<T>, StepError> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(HostError::Fault(fault)) => Err(StepError::Fault(fault)),
        Err(HostError::Refused(refusal)) => {
            tracing::warn!(%refusal, "the host could not tidy up after a snapshot");
            Ok(None)
        }
    }
}
