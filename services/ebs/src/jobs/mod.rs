//! The durable jobs of this service: one file each. They stand in the line of their snapshot, `account/region/snap-…`.

pub mod complete_snapshot;
pub mod discard_draft;

use crate::drafts;
use crate::rows::Completion;
use ::jobs::{Run, StepError, StepResult};
use api::{Answer, Cx};
use base::Refusal;
use ec2::rows::Snapshot;
use host::{Ended, HostError, Progress, StorageHandle, Work};
use rules::lifecycle::snapshot::SnapshotState;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wire::generated::ebs::SERVICE;

/// Registers every job of this service.
#[must_use]
pub fn kinds(kinds: ::jobs::Kinds) -> ::jobs::Kinds {
    kinds.with::<complete_snapshot::CompleteSnapshotJob>().with::<discard_draft::DiscardDraftJob>()
}

/// How soon a step asks again for work that goes on.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// Faults of one step after which a snapshot ends in error. The runner's pauses grow to 30 s, so this is some two minutes.
const FAULTS_MAX: u32 = 8;

/// The state of a job about one snapshot of the job's caller and Region.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct About {
    pub snapshot: String,
}

/// A transaction of a step.
fn transact<T>(run: &Run, work: impl FnMut(&mut Cx) -> Answer<T>) -> Result<T, StepError> {
    run.transact(&SERVICE, work)
}

/// The name of a snapshot's line of jobs.
fn line(cx: &Cx, snapshot: &str) -> String {
    format!("{}{snapshot}", cx.tenant())
}

/// The job's snapshot while it is pending; `None` once it is completed, in error or deleted.
fn pending(cx: &mut Cx, about: &About) -> Answer<Option<Snapshot>> {
    let key = format!("{}{}", cx.tenant(), about.snapshot);
    Ok(cx.tx.get::<Snapshot>(&key)?.filter(|row| row.state == SnapshotState::Pending && row.is_direct()))
}

/// Asks the host to go on with work; how it ended, or when to look again. A failure that lasts is refused.
fn work(run: &Run, name: &str, work: &Work) -> Result<Result<Ended, Progress>, StepError> {
    let storage = run.dependency::<StorageHandle>()?;
    match storage.0.work(name, work) {
        Ok(Progress { ended: Some(ended), .. }) => Ok(Ok(ended)),
        Ok(progress) => Ok(Err(progress)),
        Err(HostError::Refused(refusal)) => Err(StepError::Refused(refusal)),
        Err(HostError::Fault(fault)) if run.attempts >= FAULTS_MAX => {
            Err(StepError::Refused(Refusal::new("InternalError", fault.to_string())))
        }
        Err(HostError::Fault(fault)) => Err(StepError::Fault(fault)),
    }
}

/// The snapshot ends in error, and why; nothing can be put or completed any more. What was stored is removed by a job of its own.
pub(crate) fn fail(cx: &mut Cx, mut row: Snapshot, why: &str) -> Answer<()> {
    row.state = SnapshotState::Error;
    row.state_message = Some(why.to_owned());
    (row.base, row.base_at) = (None, None);
    cx.tx.put(&row)?;
    discard_draft::enqueue(cx, &row.id)
}

/// Removes the rows of the snapshot's blocks, and the one that closed it.
fn remove_rows(run: &Run, about: &About) -> StepResult {
    let region = &run.request.region;
    drafts::remove(&run.door, region, &about.snapshot)?;
    let key = Completion::key_of(region, &about.snapshot);
    transact(run, |cx| Ok(cx.tx.delete::<Completion>(&key)?))
}

#[cfg(test)]
mod tests;
