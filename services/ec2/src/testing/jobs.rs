//! Runs jobs one step at a time on the test's own thread, with a failure put in where the test wants it. What the runner does
//! with a step's result is done here in the same way; that the runner does it is tested in its own crate.

use super::Bench;
use crate::jobs::{
    About, attach_volume::AttachVolumeJob, create_volume::CreateVolumeJob, delete_volume::DeleteVolumeJob,
    detach_volume::DetachVolumeJob, launch_instance::LaunchInstanceJob, reattach_volume::ReattachVolumeJob,
    terminate_instance::TerminateInstanceJob,
};
use ::jobs::{Job, JobRow, Run, Step, StepError};
use api::{Failure, Request};
use base::{Fault, Refusal};
use catalog::Row;
use std::collections::BTreeSet;
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

#[derive(Default)]
pub struct Plan {
    at: Option<(&'static str, usize, Injected)>,
    /// Every step, also every undo, runs twice.
    twice: bool,
}

impl Bench {
    /// Puts a failure in at this step (counted from 0) of the next job of this kind.
    pub fn inject(&self, kind: &'static str, step: usize, what: Injected) {
        self.plan.borrow_mut().at = Some((kind, step, what));
    }

    /// From now on every step runs twice, as after a crash between a step and its record.
    pub fn run_steps_twice(&self) {
        self.plan.borrow_mut().twice = true;
    }

    /// Runs all jobs to their end.
    pub fn run(&self) {
        for _ in 0..STEPS_MAX {
            if !self.run_heads() {
                return;
            }
        }
        panic!("jobs are stuck: {:?}", self.jobs());
    }

    /// Runs so many steps of the heads of all lines.
    pub fn run_rounds(&self, rounds: usize) {
        for _ in 0..rounds {
            self.run_heads();
        }
    }

    pub fn jobs(&self) -> Vec<JobRow> {
        self.door.catalog.begin().unwrap().scan("", None, 1000).unwrap()
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
        let steps = match row.kind.as_str() {
            AttachVolumeJob::KIND => AttachVolumeJob::STEPS,
            CreateVolumeJob::KIND => CreateVolumeJob::STEPS,
            DeleteVolumeJob::KIND => DeleteVolumeJob::STEPS,
            DetachVolumeJob::KIND => DetachVolumeJob::STEPS,
            LaunchInstanceJob::KIND => LaunchInstanceJob::STEPS,
            ReattachVolumeJob::KIND => ReattachVolumeJob::STEPS,
            TerminateInstanceJob::KIND => TerminateInstanceJob::STEPS,
            other => panic!("no job {other}"),
        };
        let result = self.run_step(&row, &steps[row.step]);
        let finished = advance(&mut row, result, steps.len());
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

    fn run_step(&self, row: &JobRow, step: &Step<About>) -> Result<(), StepError> {
        let refused: Option<Refusal> = row.refused.as_ref().map(Refusal::from);
        let once = || {
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
            let mut about: About = serde_json::from_value(row.state.clone()).unwrap();
            match &refused {
                None => (step.run)(&run, &mut about),
                Some(why) => (step.undo)(&run, &mut about, why),
            }
        };
        let fault = || Err(StepError::Fault(Fault::new("put in by the test")));
        let no = || Err(StepError::Refused(Refusal::new("Injected", "put in by the test")));
        let mut plan = self.plan.borrow_mut();
        let here = plan.at.filter(|(kind, at, _)| *kind == row.kind && *at == row.step && refused.is_none());
        if let Some((_, _, what)) = here {
            let result = match what {
                Injected::FaultBefore => fault(),
                Injected::Crash => once().and_then(|()| fault()),
                Injected::Refuse => no(),
                Injected::RefuseAfter => once().and_then(|()| no()),
            };
            // A step that is only waiting has not been done; the failure waits with it.
            if !matches!(result, Err(StepError::NotYet)) {
                plan.at = None;
            }
            return result;
        }
        if plan.twice {
            once()?;
            self.clock.advance(Duration::from_millis(1));
        }
        once()
    }
}

/// The runner's way with a result.
fn advance(row: &mut JobRow, result: Result<(), StepError>, steps: usize) -> bool {
    match result {
        Ok(()) => match row.refused {
            None => {
                row.step += 1;
                row.step >= steps
            }
            Some(_) if row.step == 0 => true,
            Some(_) => {
                row.step -= 1;
                false
            }
        },
        Err(StepError::Refused(refusal)) if row.refused.is_none() => {
            row.refused = Some((&refusal).into());
            false
        }
        Err(StepError::Refused(refusal)) => {
            row.last_fault = Some(refusal.to_string());
            false
        }
        Err(StepError::Fault(why)) => {
            row.last_fault = Some(why.to_string());
            false
        }
        Err(StepError::NotYet) => false,
    }
}
