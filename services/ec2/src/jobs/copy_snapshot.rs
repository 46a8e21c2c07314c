//! Copies a snapshot. It stands in the line of the copy.
//!
//! 1. source: it must be there and complete; its facts appear in the row, and over what the copy is stored is noted there, which keeps
//!    those objects. Undone by ending in `error`: StateMessage, copySnapshot event with that cause, progress as it was.
//! 2. keys: the copy's wrapped data key and EBS's grants (`copy_keys.rs`). Undone by retiring the grants.
//! 3. copy: the host moves what is to be moved; the row shows how far it is, and the keys must stay usable. Where only what changed was
//!    to be moved and what it is compared with was deleted, what was written goes, and everything is moved. At the end the copy is
//!    `completed`, with its event, and the grants are retired. Undone by removing what was written.
//! 4. let go: the host forgets the work.
//!
//! A copy that is deleted while pending is given up: the job sees that its row is gone and turns round.

use super::create_volume::LOOK_EVERY;
use super::{if_there, store_snapshot, transact};
use crate::rows::{Encryption, FormerSnapshot, Snapshot};
use crate::{causes, copy_keys, copying, events, find};
use api::{Answer, Cx};
use base::{Fault, Refusal};
use host::{HostError, StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::snapshot::{CopyTrouble, SnapshotState};
use serde::{Deserialize, Serialize};

/// The code of a refusal whose message is what `StateMessage` is to say.
const FAILED: &str = "CopyFailed";

pub struct CopySnapshotJob;

/// What to copy, and how it was decided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Copying {
    pub snapshot: String,
    /// The copy's encryption. It is here and not in the row because a pending copy shows nothing of it at first.
    pub planned: Option<Encryption>,
    /// The key is the default one.
    pub by_default: bool,
}

impl Job for CopySnapshotJob {
    const KIND: &'static str = "ec2:copy-snapshot";
    type State = Copying;
    const STEPS: &'static [Step<Copying>] = &[
        Step { name: "source", run: source, undo: fail },
        Step { name: "keys", run: keys, undo: |run, copying, _| taken_back(run, copying) },
        Step { name: "copy", run: copy, undo: |run, copying, _| discard(run, copying) },
        Step { name: "let go", run: let_go, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, snapshot: &str, planned: Option<Encryption>, by_default: bool) -> Answer<()> {
    let line = super::line(cx, snapshot);
    let copying = Copying { snapshot: snapshot.to_owned(), planned, by_default };
    ::jobs::enqueue::<CopySnapshotJob>(cx, &line, &copying)
}

fn work_name(snapshot: &str) -> String {
    format!("copy/{snapshot}")
}

fn discard_name(snapshot: &str) -> String {
    format!("discard/{snapshot}")
}

fn trouble(trouble: CopyTrouble, why: impl Into<String>) -> Refusal {
    Refusal::new(FAILED, trouble.state_message()).because(why.into())
}

/// The copy, while it is still to be made; `None` once it is completed (also if it was deleted then); refused if it was deleted before.
fn pending(cx: &mut Cx, id: &str) -> Answer<Option<Snapshot>> {
    if let Some(row) = if_there(find::snapshot(cx, id))? {
        return Ok(Some(row).filter(|s| s.state == SnapshotState::Pending));
    }
    let former = find::former_snapshot(cx, id)?.map(|f| f.snapshot.state);
    if former == Some(SnapshotState::Completed) {
        return Ok(None);
    }
    Err(Refusal::new(FAILED, "").because(format!("{id} was deleted before it was completed")).into())
}

fn source(run: &Run, copying: &mut Copying) -> StepResult {
    let done = transact(run, |cx| {
        let Some(row) = pending(cx, &copying.snapshot)? else { return Ok(Ok(())) };
        if row.copied().is_none_or(|c| !c.unrefreshed) {
            return Ok(Ok(()));
        }
        match copying::refreshed(cx, row, copying.planned.clone())? {
            Ok(row) => Ok(Ok(cx.tx.put(&row)?)),
            Err(trouble) => Ok(Err(trouble)),
        }
    })?;
    done.map_err(|what| StepError::Refused(trouble(what, what.state_message())))
}

/// The documented end of a copy that cannot be made.
fn fail(run: &Run, copying: &mut Copying, why: &Refusal) -> StepResult {
    retire(run, copying)?;
    transact(run, |cx| {
        let found = if_there(find::snapshot(cx, &copying.snapshot))?;
        let Some(mut row) = found.filter(|s| s.state == SnapshotState::Pending) else { return Ok(()) };
        row.state = SnapshotState::Error;
        row.state_message = Some(if why.code == FAILED { why.message.clone() } else { why.reason.clone() });
        (row.base, row.base_at) = (None, None);
        if let Some(encryption) = &mut row.encryption {
            encryption.wrapped_key = None;
        }
        if let Some(copied) = row.copied_mut() {
            copied.failure = Some(why.reason.clone());
        }
        cx.tx.put(&row)?;
        let Some(copied) = row.copied() else { return Ok(()) };
        let event = events::copy_failed(cx, &row, copied);
        cx.publish(&event)
    })
}

fn keys(run: &Run, copying: &mut Copying) -> StepResult {
    // Within the transaction, so that a refusal undoes grants that were made before it.
    let made = transact(run, |cx| {
        let Some(mut row) = pending(cx, &copying.snapshot)? else { return Ok(()) };
        copy_keys::make(cx, &mut row, copying.by_default)?;
        Ok(cx.tx.put(&row)?)
    });
    made.map_err(|error| match error {
        StepError::Refused(refusal) => StepError::Refused(of_keys(refusal)),
        other => other,
    })
}

/// A refusal in the words of `StateMessage`. The codes of KMS, and of nobody else here, end in `Exception`.
fn of_keys(refusal: Refusal) -> Refusal {
    if refusal.code.ends_with("Exception") {
        return trouble(CopyTrouble::KeyNotAccessible, causes::in_full(&refusal, "the key of the copy"));
    }
    refusal
}

/// The copy's row, or what is left of it if it was deleted, with its grants retired and the source's wrapped key forgotten.
fn retire(run: &Run, copying: &mut Copying) -> StepResult {
    transact(run, |cx| {
        if let Some(mut row) = if_there(find::snapshot(cx, &copying.snapshot))? {
            copy_keys::retire(cx, &mut row)?;
            return Ok(cx.tx.put(&row)?);
        }
        let Some(mut former) = find::former_snapshot(cx, &copying.snapshot)? else { return Ok(()) };
        copy_keys::retire(cx, &mut former.snapshot)?;
        Ok(cx.tx.put::<FormerSnapshot>(&former)?)
    })
}

fn taken_back(run: &Run, copying: &mut Copying) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&discard_name(&copying.snapshot));
    retire(run, copying)
}

fn copy(run: &Run, copying: &mut Copying) -> StepResult {
    let found = transact(run, |cx| {
        let Some(row) = pending(cx, &copying.snapshot)? else { return Ok(None) };
        let outdated = copying::made_full(cx, &row)?.is_some();
        Ok(Some((outdated, copy_keys::are_usable(cx, &row)?, row)))
    })?;
    let Some((outdated, usable, row)) = found else { return Ok(()) };
    if outdated {
        make_full(run, &row.id)?;
        return copy(run, copying);
    }
    if !usable {
        let why = "a key was disabled, deleted or lost its material while the copy was made";
        return Err(StepError::Refused(trouble(CopyTrouble::KeyNotAccessible, why)));
    }
    let storage = &run.dependency::<StorageHandle>()?.0;
    let looked = storage.work(&work_name(&row.id), &work(&row, &run.request.id)?);
    let progress = looked.map_err(|error| match error {
        HostError::Refused(refusal) => StepError::Refused(of_keys(refusal)),
        HostError::Fault(fault) => store_snapshot::tried_enough(run, StepError::Fault(fault)),
    })?;
    if let Some(ended) = &progress.ended {
        return transact(run, |cx| {
            let Some(mut row) = pending(cx, &copying.snapshot)? else { return Ok(()) };
            copy_keys::retire(cx, &mut row)?;
            let row = store_snapshot::complete(cx, row, ended);
            cx.tx.put(&row)?;
            let Some(copied) = row.copied() else { return Ok(()) };
            let event = events::snapshot_copied(cx, &row, copied);
            cx.publish(&event)
        });
    }
    if progress.percent() != row.progress {
        transact(run, |cx| match pending(cx, &copying.snapshot)? {
            Some(row) => Ok(cx.tx.put(&Snapshot { progress: progress.percent(), ..row })?),
            None => Ok(()),
        })?;
    }
    Err(StepError::Later(LOOK_EVERY))
}

/// Gives up what was written as changes of a snapshot that is gone meanwhile; the row says so only after that, because a copy that
/// was stored whole and not noted as such yet could not be stored again with other content.
fn make_full(run: &Run, id: &str) -> StepResult {
    remove_written(run, id)?;
    transact(run, |cx| {
        let Some(row) = pending(cx, id)? else { return Ok(()) };
        match copying::made_full(cx, &row)? {
            Some(full) => Ok(cx.tx.put(&full)?),
            None => Ok(()),
        }
    })?;
    run.dependency::<StorageHandle>()?.0.forget(&discard_name(id));
    Ok(())
}

fn work(row: &Snapshot, request_id: &str) -> Result<Work, Fault> {
    let missing = || Fault::new(format!("{} does not know its source", row.id));
    let copied = row.copied().ok_or_else(missing)?;
    Ok(Work::Copy {
        source: copied.source_at.clone().ok_or_else(missing)?,
        spec: store_snapshot::spec(row)?,
        keys: copy_keys::uses(row, request_id)?,
        base: row.base_at.clone(),
        since: copied.since.clone(),
    })
}

/// Nothing is left of a copy that was not completed. What a completed one wrote may be named by others already.
fn discard(run: &Run, copying: &mut Copying) -> StepResult {
    let id = &copying.snapshot;
    let completed = transact(run, |cx| match if_there(find::snapshot(cx, id))? {
        Some(row) => Ok(row.state == SnapshotState::Completed),
        None => {
            Ok(find::former_snapshot(cx, id)?.is_some_and(|f| f.snapshot.state == SnapshotState::Completed))
        }
    })?;
    if completed {
        run.dependency::<StorageHandle>()?.0.forget(&work_name(id));
        return Ok(());
    }
    // The removal is forgotten by the next step back, so that this one may run twice.
    remove_written(run, id)
}

/// Ends the work and removes what it wrote. Whoever goes on from there forgets the removal, by `discard_name`.
fn remove_written(run: &Run, id: &str) -> StepResult {
    let storage = &run.dependency::<StorageHandle>()?.0;
    storage.forget(&work_name(id));
    let work = Work::Discard { region: run.request.region.to_string(), snapshot: id.to_owned() };
    match storage.work(&discard_name(id), &work) {
        Ok(progress) if progress.ended.is_none() => return Err(StepError::Later(LOOK_EVERY)),
        Ok(_) => {}
        Err(HostError::Fault(fault)) => return Err(StepError::Fault(fault)),
        Err(HostError::Refused(refusal)) => {
            tracing::warn!(snapshot = id, %refusal, "what a copy wrote could not be removed");
        }
    }
    Ok(())
}

fn let_go(run: &Run, copying: &mut Copying) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(&copying.snapshot));
    Ok(())
}

#[cfg(test)]
#[path = "copy_snapshot_tests.rs"]
mod tests;
