//! Enables or disables fast snapshot restore of one snapshot in one zone, in a line of its own. Which of the two, the row says: a row
//! that is disabled while it is still being enabled makes the steps of the first job pass by, and the second one ends it.
//!
//! 1. optimizing: the row says so. Undone (the snapshot cannot be read) by `disabled`.
//! 2. preload: the host reads and verifies every chunk of the snapshot.
//! 3. settled: `enabled`, or `disabled`; each state has its event.

use super::create_volume::LOOK_EVERY;
use super::{host_error, transact};
use crate::rows::FastRestore;
use crate::{fast_restores, find};
use api::{Answer, Cx};
use base::Refusal;
use host::{StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::fast_restore::FastRestoreState as State;
use serde::{Deserialize, Serialize};

/// The message of the event when the snapshot could not be read.
const UNREADABLE: &str = "Server.InternalError";

pub struct FastRestoreJob;

/// Which one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Which {
    pub snapshot: String,
    pub zone: String,
}

impl Job for FastRestoreJob {
    const KIND: &'static str = "ec2:fast-restore";
    type State = Which;
    const STEPS: &'static [Step<Which>] = &[
        Step { name: "optimizing", run: optimizing, undo: gone_wrong },
        Step { name: "preload", run: preload, undo: |run, which, _| forget(run, which) },
        Step { name: "settled", run: settled, undo: |_, _, _| Ok(()) },
    ];
}

/// The line does not begin with the snapshot's own line and `/`, or it would be part of that.
pub fn enqueue(cx: &mut Cx, row: &FastRestore) -> Answer<()> {
    let line = format!("{}.fast-{}", super::line(cx, &row.snapshot), row.zone);
    let which = Which { snapshot: row.snapshot.clone(), zone: row.zone.clone() };
    ::jobs::enqueue::<FastRestoreJob>(cx, &line, &which)
}

fn work_name(run: &Run, which: &Which) -> String {
    format!("preload/{}/{}/{}", run.caller.account, which.snapshot, which.zone)
}

/// The row if it is in this state.
fn in_state(cx: &mut Cx, which: &Which, state: State) -> Answer<Option<FastRestore>> {
    let row = fast_restores::find(cx, &which.snapshot, &which.zone)?;
    Ok(row.filter(|r| fast_restores::state(r) == Some(state)))
}

fn advance(cx: &mut Cx, which: &Which, from: State, to: State) -> Answer<()> {
    match in_state(cx, which, from)? {
        Some(mut row) => fast_restores::enter(cx, &mut row, to, to.reason()),
        None => Ok(()),
    }
}

fn optimizing(run: &Run, which: &mut Which) -> StepResult {
    transact(run, |cx| advance(cx, which, State::Enabling, State::Optimizing))
}

fn gone_wrong(run: &Run, which: &mut Which, _why: &Refusal) -> StepResult {
    transact(run, |cx| {
        let row = fast_restores::find(cx, &which.snapshot, &which.zone)?;
        let ended =
            |r: &FastRestore| matches!(fast_restores::state(r), Some(State::Disabled | State::Enabled));
        match row.filter(|r| !ended(r)) {
            Some(mut row) => fast_restores::enter(cx, &mut row, State::Disabled, UNREADABLE),
            None => Ok(()),
        }
    })
}

fn preload(run: &Run, which: &mut Which) -> StepResult {
    let at = transact(run, |cx| {
        let Some(row) = in_state(cx, which, State::Optimizing)? else { return Ok(None) };
        Ok(find::snapshot_in(cx, &row.region, &row.snapshot)?.and_then(|s| s.at))
    })?;
    let Some(snapshot) = at else { return Ok(()) };
    let storage = &run.dependency::<StorageHandle>()?.0;
    match storage.work(&work_name(run, which), &Work::Preload { snapshot }).map_err(host_error)?.ended {
        Some(_) => Ok(()),
        None => Err(StepError::Later(LOOK_EVERY)),
    }
}

fn forget(run: &Run, which: &mut Which) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(run, which));
    Ok(())
}

fn settled(run: &Run, which: &mut Which) -> StepResult {
    forget(run, which)?;
    transact(run, |cx| {
        advance(cx, which, State::Disabling, State::Disabled)?;
        let Some(mut row) = in_state(cx, which, State::Optimizing)? else { return Ok(()) };
        let there = fast_restores::is_there(cx, &row)?;
        let to = if there { State::Enabled } else { State::Disabled };
        fast_restores::enter(cx, &mut row, to, to.reason())
    })
}
