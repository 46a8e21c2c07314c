//! Runs jobs one step at a time on the test's own thread, with a failure put in where the test wants it.

use super::Bench;
use crate::jobs::About;
use crate::jobs::complete_snapshot::CompleteSnapshotJob;
use crate::jobs::discard_draft::DiscardDraftJob;
use ::jobs::{Job, JobRow, Run, StepError};
use api::{Failure, Request};
use base::{Fault, Refusal};
use catalog::Row;
use std::time::Duration;

/// A failure put in at a step, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Injected {
    /// The step fails before it does anything.
    FaultBefore,
    /// The step is done, but the server dies before that is written down: it runs again.
    Crash,
    /// The step is refused before it does anything.
    Refuse,
}

impl Bench {
    pub fn inject(&self, kind: &'static str, step: usize, what: Injected) {
        self.plan.set(Some((kind, step, what)));
    }

    /// From now on every step runs twice.
    pub fn run_steps_twice(&self) {
        self.twice.set(true);
    }

    /// Runs all jobs to their end.
    pub fn run(&self) {
        for _ in 0..1000 {
            let Some(row) = self.all::<JobRow>().into_iter().next() else { return };
            self.run_head(row);
        }
        panic!("jobs are stuck: {:?}", self.all::<JobRow>());
    }

    /// One step of the first job.
    pub fn run_head(&self, mut row: JobRow) {
        self.clock.advance(Duration::from_millis(1));
        let steps = match row.kind.as_str() {
            CompleteSnapshotJob::KIND => CompleteSnapshotJob::STEPS,
            DiscardDraftJob::KIND => DiscardDraftJob::STEPS,
            other => panic!("no job {other}"),
        };
        let result = self.run_step(&row, &steps[row.step]);
        let finished = match (result, row.refused.is_some()) {
            (Ok(()), false) => {
                (row.step, row.attempts) = (row.step + 1, 0);
                row.step >= steps.len()
            }
            (Ok(()), true) if row.step == 0 => true,
            (Ok(()), true) => {
                row.step -= 1;
                false
            }
            (Err(StepError::Refused(refusal)), false) => {
                row.refused = Some((&refusal).into());
                false
            }
            (Err(StepError::Fault(_) | StepError::Refused(_)), _) => {
                row.attempts += 1;
                false
            }
            (Err(StepError::NotYet | StepError::Later(_)), _) => false,
        };
        let save = |tx: &mut catalog::Tx| match finished {
            true => Ok::<_, Failure>(tx.delete::<JobRow>(&row.key())?),
            false => Ok(tx.put(&row)?),
        };
        self.door.catalog.transact(save).unwrap();
    }

    fn run_step(&self, row: &JobRow, step: &::jobs::Step<About>) -> Result<(), StepError> {
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
        if let Some((kind, at, what)) = self.plan.get()
            && kind == row.kind
            && at == row.step
            && refused.is_none()
        {
            let result = match what {
                Injected::FaultBefore => fault(),
                Injected::Crash => once().and_then(|()| fault()),
                Injected::Refuse => Err(StepError::Refused(Refusal::new("Injected", "put in by the test"))),
            };
            if !matches!(result, Err(StepError::Later(_))) {
                self.plan.set(None);
            }
            return result;
        }
        if self.twice.get() {
            once()?;
        }
        once()
    }
}
