//! Runs jobs one step at a time on the test's own thread, with a failure put in where the test wants it. What the runner does
//! with a step's result is done here in the same way; that the runner does it is tested in its own crate.

use super::Bench;
use crate::jobs::{
    attach_volume::AttachVolumeJob, collect_snapshot::CollectSnapshotJob, copy_snapshot::CopySnapshotJob,
    create_snapshot::CreateSnapshotJob, create_volume::CreateVolumeJob, delete_volume::DeleteVolumeJob,
    detach_volume::DetachVolumeJob, fast_restore::FastRestoreJob, launch_instance::LaunchInstanceJob,
    load_volume::LoadVolumeJob, modify_volume::ModifyVolumeJob, reattach_volume::ReattachVolumeJob,
    store_snapshot::StoreSnapshotJob, terminate_instance::TerminateInstanceJob, thaw_volume::ThawVolumeJob,
};
use ::jobs::{Job, JobRow, Run, StepError};
use api::{Door, Failure, Request};
use base::{Fault, Refusal};
use catalog::Row;
use env::SimClock;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// More steps than any test has: past it jobs are stuck.
const STEPS_MAX: usize = 2000;

/// A failure put in at a step, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// The step fails before it does anything.
    FaultBefore,
    /// The step is done, but the server dies before that is written down: it runs again.
    Crash,
    /// The step is refused before it does anything.
    Refuse,
    /// The step is done and then refused.
    RefuseAfter,
}

#[derive(Clone, Copy, Default)]
struct Plan {
    at: Option<(&'static str, usize, Injected)>,
    /// Every step, also every undo, runs twice.
    twice: bool,
    /// Who waits for a job waits in vain.
    stalled: bool,
}

/// Runs the jobs.
pub struct Player {
    door: Arc<Door>,
    clock: Arc<SimClock>,
    plan: Mutex<Plan>,
}

impl Bench {
    /// Puts a failure in at this step (counted from 0) of the next job of this kind.
    pub fn inject(&self, kind: &'static str, step: usize, what: Injected) {
        self.player.plan.lock().unwrap().at = Some((kind, step, what));
    }

    /// From now on every step runs twice, as after a crash between a step and its record.
    pub fn run_steps_twice(&self) {
        self.player.plan.lock().unwrap().twice = true;
    }

    /// Whether jobs go on while an action waits for them; they do unless told otherwise.
    pub fn stall(&self, stalled: bool) {
        self.player.plan.lock().unwrap().stalled = stalled;
    }

    /// Runs all jobs to their end.
    pub fn run(&self) {
        for _ in 0..STEPS_MAX {
            if !self.player.run_heads() {
                return;
            }
        }
        panic!("jobs are stuck: {:?}", self.jobs());
    }

    /// Runs so many steps of the heads of all lines.
    pub fn run_rounds(&self, rounds: usize) {
        for _ in 0..rounds {
            self.player.run_heads();
        }
    }

    pub fn jobs(&self) -> Vec<JobRow> {
        self.player.jobs()
    }
}

/// A kind of job: how many steps it has, and how one is run or undone.
struct Kind {
    steps: usize,
    run: fn(&Run, &mut Value, usize, Option<&Refusal>) -> Result<(), StepError>,
}

fn kind<J: Job>() -> Kind {
    Kind {
        steps: J::STEPS.len(),
        run: |run, state, index, undo| {
            let step = &J::STEPS[index];
            let mut typed: J::State = serde_json::from_value(state.clone()).unwrap();
            let result = match undo {
                None => (step.run)(run, &mut typed),
                Some(refusal) => (step.undo)(run, &mut typed, refusal),
            };
            *state = serde_json::to_value(&typed).unwrap();
            result
        },
    }
}

fn kind_of(name: &str) -> Kind {
    match name {
        AttachVolumeJob::KIND => kind::<AttachVolumeJob>(),
        CollectSnapshotJob::KIND => kind::<CollectSnapshotJob>(),
        CreateSnapshotJob::KIND => kind::<CreateSnapshotJob>(),
        CopySnapshotJob::KIND => kind::<CopySnapshotJob>(),
        CreateVolumeJob::KIND => kind::<CreateVolumeJob>(),
        DeleteVolumeJob::KIND => kind::<DeleteVolumeJob>(),
        DetachVolumeJob::KIND => kind::<DetachVolumeJob>(),
        FastRestoreJob::KIND => kind::<FastRestoreJob>(),
        LaunchInstanceJob::KIND => kind::<LaunchInstanceJob>(),
        LoadVolumeJob::KIND => kind::<LoadVolumeJob>(),
        ModifyVolumeJob::KIND => kind::<ModifyVolumeJob>(),
        ReattachVolumeJob::KIND => kind::<ReattachVolumeJob>(),
        StoreSnapshotJob::KIND => kind::<StoreSnapshotJob>(),
        TerminateInstanceJob::KIND => kind::<TerminateInstanceJob>(),
        ThawVolumeJob::KIND => kind::<ThawVolumeJob>(),
        other => panic!("no job {other}"),
    }
}

impl Player {
    pub fn new(door: Arc<Door>, clock: Arc<SimClock>) -> Player {
        Player { door, clock, plan: Mutex::default() }
    }

    fn jobs(&self) -> Vec<JobRow> {
        self.door.catalog.begin().unwrap().scan("", None, 1000).unwrap()
    }

    /// An action waits: one round, unless the test wants it to wait in vain.
    pub fn while_waiting(&self) {
        let stalled = self.plan.lock().unwrap().stalled;
        if !stalled {
            self.run_heads();
        }
    }

    /// One step of the head of every line; false if there is none.
    fn run_heads(&self) -> bool {
        let mut lines = BTreeSet::new();
        let mut any = false;
        for row in self.jobs() {
            if lines.insert(row.resource.clone()) {
                self.run_head(row);
                any = true;
            }
        }
        any
    }

    fn run_head(&self, mut row: JobRow) {
        self.clock.advance(Duration::from_millis(1));
        let kind = kind_of(&row.kind);
        let result = self.run_step(&mut row, &kind);
        let finished = advance(&mut row, result, kind.steps);
        self.door
            .catalog
            .transact::<(), Failure>(|tx| {
                if finished {
                    tx.delete::<JobRow>(&row.key())?
                } else {
                    tx.put(&row)?
                }
                Ok(())
            })
            .unwrap();
    }

    fn run_step(&self, row: &mut JobRow, kind: &Kind) -> Result<(), StepError> {
        let refused: Option<Refusal> = row.refused.as_ref().map(Refusal::from);
        let step = row.step;
        let once = |row: &mut JobRow| {
            let run = Run {
                door: self.door.clone(),
                caller: row.caller.clone(),
                request: Request {
                    id: row.request_id.clone(),
                    region: row.region.clone(),
                    received: self.door.env.clock.now(),
                    host: String::new(),
                },
                attempts: row.attempts,
            };
            (kind.run)(&run, &mut row.state, step, refused.as_ref())
        };
        let fault = || Err(StepError::Fault(Fault::new("put in by the test")));
        let no = || Err(StepError::Refused(Refusal::new("Injected", "put in by the test")));
        let plan = *self.plan.lock().unwrap();
        let here = plan.at.filter(|(kind, at, _)| *kind == row.kind && *at == step && refused.is_none());
        if let Some((_, _, what)) = here {
            let before = row.state.clone();
            let result = match what {
                Injected::FaultBefore => fault(),
                Injected::Crash => once(row).and_then(|()| {
                    // What the step put into the job's state dies with the server.
                    row.state = before;
                    fault()
                }),
                Injected::Refuse => no(),
                Injected::RefuseAfter => once(row).and_then(|()| no()),
            };
            // A step that is only waiting has not been done; the failure waits with it.
            if !matches!(result, Err(StepError::NotYet | StepError::Later(_))) {
                self.plan.lock().unwrap().at = None;
            }
            return result;
        }
        if plan.twice {
            once(row)?;
            self.clock.advance(Duration::from_millis(1));
        }
        once(row)
    }
}

/// The runner's way with a result.
fn advance(row: &mut JobRow, result: Result<(), StepError>, steps: usize) -> bool {
    match result {
        Ok(()) => {
            row.attempts = 0;
            match row.refused {
                None => {
                    row.step += 1;
                    row.step >= steps
                }
                Some(_) if row.step == 0 => true,
                Some(_) => {
                    row.step -= 1;
                    false
                }
            }
        }
        Err(StepError::Refused(refusal)) if row.refused.is_none() => {
            (row.attempts, row.refused) = (0, Some((&refusal).into()));
            false
        }
        Err(StepError::Refused(refusal)) => {
            (row.attempts, row.last_fault) = (row.attempts + 1, Some(refusal.to_string()));
            false
        }
        Err(StepError::Fault(why)) => {
            (row.attempts, row.last_fault) = (row.attempts + 1, Some(why.to_string()));
            false
        }
        Err(StepError::NotYet | StepError::Later(_)) => false,
    }
}
