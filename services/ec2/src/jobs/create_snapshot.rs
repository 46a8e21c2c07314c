//! Fixes the instant of a snapshot, or of a set of snapshots of several volumes.
//!
//! 1. freeze: the host notes the instant of all volumes together; durable when it returns. Undone by letting go of it: the
//!    snapshots end in `error`.
//! 2. stored next: the rows say that the instant is safe (the caller hears of it now), and each volume's line gets the job that
//!    stores its snapshot; for one deleted meanwhile, the job that lets the volume go.

use super::store_snapshot::{self, Storing};
use super::{host_error, if_there, transact};
use crate::find;
use crate::rows::Snapshot;
use api::{Answer, Cx};
use base::Refusal;
use host::StorageHandle;
use jobs::{Job, Run, Step, StepResult};
use rules::lifecycle::snapshot::SnapshotState;
use serde::{Deserialize, Serialize};

pub struct CreateSnapshotJob;

/// The snapshots of one instant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instant {
    /// (volume, snapshot)
    pub members: Vec<(String, String)>,
    /// They were asked for together, by CreateSnapshots.
    pub is_set: bool,
}

impl Instant {
    /// What is to be stored, one for each volume.
    fn each(&self) -> Vec<Storing> {
        let ids = self.members.iter().map(|(_, snapshot)| snapshot.clone());
        let set: Vec<String> = if self.is_set { ids.collect() } else { Vec::new() };
        let one = |(volume, snapshot): &(String, String)| Storing {
            volume: volume.clone(),
            snapshot: snapshot.clone(),
            set: set.clone(),
        };
        self.members.iter().map(one).collect()
    }
}

impl Job for CreateSnapshotJob {
    const KIND: &'static str = "ec2:create-snapshot";
    type State = Instant;
    const STEPS: &'static [Step<Instant>] = &[
        Step { name: "freeze", run: freeze, undo: let_go },
        Step { name: "stored next", run: stored_next, undo: |_, _, _| Ok(()) },
    ];
}

/// One job for snapshots of one instant, in the line of the first.
pub fn enqueue(cx: &mut Cx, rows: &[Snapshot]) -> Answer<()> {
    let Some(first) = rows.first() else { return Ok(()) };
    let members = rows.iter().map(|row| (row.volume.clone(), row.id.clone())).collect();
    let line = super::line(cx, &first.id);
    ::jobs::enqueue::<CreateSnapshotJob>(cx, &line, &Instant { members, is_set: first.set.is_some() })
}

/// The snapshot, if it still waits for its instant.
fn waiting(cx: &mut Cx, id: &str) -> Answer<Option<Snapshot>> {
    let row = if_there(find::snapshot(cx, id))?;
    Ok(row.filter(|s| s.state == SnapshotState::Pending && !s.frozen))
}

fn freeze(run: &Run, instant: &mut Instant) -> StepResult {
    let set = transact(run, |cx| {
        let mut set = Vec::new();
        for (volume, snapshot) in &instant.members {
            if waiting(cx, snapshot)?.is_some() {
                set.push((volume.clone(), snapshot.clone()));
            }
        }
        Ok(set)
    })?;
    if set.is_empty() {
        return Ok(());
    }
    let done = run.dependency::<StorageHandle>()?.0.freeze(&set);
    done.map_err(|error| store_snapshot::tried_enough(run, host_error(error)))
}

/// The job that each of them gets in its volume's line lets the volume go.
fn let_go(run: &Run, instant: &mut Instant, why: &Refusal) -> StepResult {
    transact(run, |cx| {
        for storing in instant.each() {
            store_snapshot::failed(cx, &storing, why)?;
        }
        Ok(())
    })
}

fn stored_next(run: &Run, instant: &mut Instant) -> StepResult {
    transact(run, |cx| {
        for storing in instant.each() {
            match if_there(find::snapshot(cx, &storing.snapshot))? {
                // It is in line already, or it is over.
                Some(row) if row.frozen || row.state != SnapshotState::Pending => {}
                Some(row) => {
                    cx.tx.put(&Snapshot { frozen: true, ..row })?;
                    store_snapshot::enqueue(cx, &storing)?;
                }
                None => store_snapshot::leave(cx, &storing)?,
            }
        }
        Ok(())
    })
}
