//! The runner: a few threads that take resources with waiting jobs, run the head of each line a step at a time, and put a
//! resource that must wait (after a fault) aside until its time. The queue in memory holds only names of resources; the truth
//! is in the rows, so a crash loses nothing.
//!
//! One server owns all jobs of its catalog for now: at start it takes over every row it finds.

use crate::{Job, JobRow, Run, StepError};
use api::{Door, Failure, Request};
use base::{Fault, Refusal, Timestamp};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Workers: attach and create wait for the disk (fsync), so more than the cores; each may hold one open transaction.
const WORKERS: usize = 8;
/// The longest pause between two tries of a faulty step.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How soon a step that waits for other jobs looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

type StepFn = Box<dyn Fn(&Run, &mut Value, usize, Option<&Refusal>) -> Result<(), StepError> + Send + Sync>;

struct Kind {
    steps: usize,
    run: StepFn,
}

/// The kinds of job this program knows.
#[derive(Default)]
pub struct Kinds(BTreeMap<&'static str, Kind>);

impl Kinds {
    #[must_use]
    pub fn with<J: Job>(mut self) -> Self {
        let run: StepFn = Box::new(|run, state, index, undo| {
            let fault = |e| StepError::Fault(Fault::caused("reading a job's state", e));
            let step = J::STEPS.get(index).ok_or_else(|| Fault::new("a job's step is out of range"))?;
            let mut typed: J::State = serde_json::from_value(state.clone()).map_err(fault)?;
            let result = match undo {
                None => (step.run)(run, &mut typed),
                Some(refusal) => (step.undo)(run, &mut typed, refusal),
            };
            *state = serde_json::to_value(&typed).map_err(fault)?;
            result
        });
        self.0.insert(J::KIND, Kind { steps: J::STEPS.len(), run });
        self
    }
}

#[derive(Default)]
struct Lines {
    ready: VecDeque<String>,
    /// Resources in `ready` or `running`: a resource is in one worker's hands at a time.
    known: BTreeSet<String>,
    /// Woken while running: look again afterwards.
    again: BTreeSet<String>,
    waiting: BTreeMap<(Timestamp, String), ()>,
    stopping: bool,
    running: usize,
}

/// Resources by how their line of jobs stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    pub ready: usize,
    pub running: usize,
    /// Set aside after a fault, or until other work is done.
    pub waiting: usize,
}

/// The queue that handlers wake and workers serve.
#[derive(Default)]
pub struct Runner {
    lines: Mutex<Lines>,
    changed: Condvar,
}

impl Runner {
    /// Says that `resource` has a job waiting.
    pub fn wake(&self, resource: &str) {
        let mut lines = self.lines.lock();
        if lines.known.insert(resource.to_owned()) {
            lines.ready.push_back(resource.to_owned());
            self.changed.notify_one();
        } else {
            lines.again.insert(resource.to_owned());
        }
    }

    /// Wakes every resource that has a job in the catalog: what a crash left unfinished goes on.
    pub fn resume(&self, door: &Door) -> Result<usize, Fault> {
        let mut tx = door.catalog.begin().map_err(Fault::from)?;
        let (mut after, mut found) = (None::<String>, 0);
        loop {
            let rows = tx.scan::<JobRow>("", after.as_deref(), 500).map_err(Fault::from)?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = Some(catalog::Row::key(last));
            for row in &rows {
                self.wake(&row.resource);
                found += 1;
            }
        }
    }

    /// Starts the workers.
    pub fn start(self: &Arc<Self>, door: &Arc<Door>, kinds: Kinds) -> Result<(), Fault> {
        let kinds = Arc::new(kinds);
        for number in 0..WORKERS {
            let (runner, door, kinds) = (self.clone(), door.clone(), kinds.clone());
            env::spawn(&format!("job-{number}"), move || runner.work(&door, &kinds))
                .map_err(|e| Fault::caused("starting a job worker", e))?;
        }
        Ok(())
    }

    /// Lets running steps finish and starts no more; what is not finished goes on at the next start.
    pub fn stop(&self) {
        let mut lines = self.lines.lock();
        lines.stopping = true;
        self.changed.notify_all();
        while lines.running > 0 {
            self.changed.wait(&mut lines);
        }
    }

    /// How much there is to do.
    pub fn queue(&self) -> Queue {
        let lines = self.lines.lock();
        Queue { ready: lines.ready.len(), running: lines.running, waiting: lines.waiting.len() }
    }

    /// Waits until no job is ready or running (jobs set aside after a fault do not count), at most so long.
    pub fn settle(&self, env: &env::Env, at_most: Duration) {
        let deadline = env.clock.monotonic() + at_most;
        let mut lines = self.lines.lock();
        while (lines.running > 0 || !lines.ready.is_empty()) && env.clock.monotonic() < deadline {
            self.changed.wait_for(&mut lines, Duration::from_millis(50));
        }
    }

    fn work(&self, door: &Arc<Door>, kinds: &Kinds) {
        while let Some(resource) = self.next(door) {
            let pause = run_head(door, kinds, &resource);
            let mut lines = self.lines.lock();
            lines.running -= 1;
            let again = lines.again.remove(&resource);
            match pause {
                Rest::Done if !again => {
                    lines.known.remove(&resource);
                }
                Rest::Done | Rest::More => lines.ready.push_back(resource),
                Rest::Until(time) => {
                    lines.waiting.insert((time, resource), ());
                }
            }
            self.changed.notify_all();
        }
    }

    /// The next resource to work on; waits for one; `None` when stopping.
    fn next(&self, door: &Door) -> Option<String> {
        let mut lines = self.lines.lock();
        loop {
            if lines.stopping {
                return None;
            }
            let now = door.env.clock.now();
            while let Some(entry) = lines.waiting.first_entry().filter(|e| e.key().0 <= now) {
                let (_, resource) = entry.remove_entry().0;
                lines.ready.push_back(resource);
            }
            if let Some(resource) = lines.ready.pop_front() {
                lines.running += 1;
                return Some(resource);
            }
            let nap = lines.waiting.first_key_value().map_or(Duration::from_secs(1), |((at, _), ())| {
                Duration::from_millis(u64::try_from(at.millis() - now.millis()).unwrap_or(1).clamp(1, 1000))
            });
            self.changed.wait_for(&mut lines, nap);
        }
    }
}

/// What a resource's line looks like after one step.
enum Rest {
    Done,
    More,
    Until(Timestamp),
}

/// Runs one step of the oldest job of `resource`.
fn run_head(door: &Arc<Door>, kinds: &Kinds, resource: &str) -> Rest {
    match try_head(door, kinds, resource) {
        Ok(rest) => rest,
        Err(failure) => {
            tracing::error!(resource, ?failure, "a job could not be read or saved");
            Rest::Until(door.env.clock.now().plus(Duration::from_secs(1)))
        }
    }
}

fn try_head(door: &Arc<Door>, kinds: &Kinds, resource: &str) -> Result<Rest, Failure> {
    let head = door.catalog.begin()?.scan::<JobRow>(&format!("{resource}/"), None, 1)?.pop();
    let Some(mut row) = head else { return Ok(Rest::Done) };
    let now = door.env.clock.now();
    if row.not_before > now {
        return Ok(Rest::Until(row.not_before));
    }
    let kind = kinds
        .0
        .get(row.kind.as_str())
        .ok_or_else(|| Fault::new(format!("this version knows no job of kind {}", row.kind)))?;
    let run = Run {
        door: door.clone(),
        caller: row.caller.clone(),
        request: Request {
            id: row.request_id.clone(),
            region: row.region.clone(),
            received: now,
            host: String::new(),
        },
        attempts: row.attempts,
    };
    let undoing = row.refused.as_ref().map(Refusal::from);
    let result = (kind.run)(&run, &mut row.state, row.step, undoing.as_ref());
    let finished = advance(&mut row, result, kind.steps, now);
    save(door, &row, finished)?;
    // A job that has ended, well or undone, leaves the line; the next one of the resource may go.
    Ok(if row.not_before > now { Rest::Until(row.not_before) } else { Rest::More })
}

/// Moves the row to where the result of its step leads; true when the job has ended.
fn advance(row: &mut JobRow, result: Result<(), StepError>, steps: usize, now: Timestamp) -> bool {
    match result {
        Ok(()) => {
            (row.attempts, row.last_fault) = (0, None);
            match row.refused {
                None => row.step += 1,
                Some(_) if row.step == 0 => return true,
                Some(_) => row.step -= 1,
            }
            row.refused.is_none() && row.step >= steps
        }
        Err(StepError::Refused(refusal)) if row.refused.is_none() => {
            tracing::info!(job = row.kind, resource = row.resource, %refusal, "a job is refused; undoing it");
            (row.attempts, row.refused) = (0, Some((&refusal).into()));
            false
        }
        // An undo has nobody to refuse it; whatever stops it is tried again like a fault.
        Err(StepError::Refused(refusal)) => fault(row, now, &refusal.to_string()),
        Err(StepError::Fault(why)) => fault(row, now, &why.to_string()),
        Err(StepError::NotYet) => {
            row.not_before = now.plus(LOOK_AGAIN);
            false
        }
        Err(StepError::Later(pause)) => {
            row.not_before = now.plus(pause);
            false
        }
    }
}

fn fault(row: &mut JobRow, now: Timestamp, why: &str) -> bool {
    tracing::warn!(
        job = row.kind,
        resource = row.resource,
        attempts = row.attempts,
        why,
        "a job's step failed"
    );
    let pause = Duration::from_millis(200).saturating_mul(1 << row.attempts.min(10)).min(PAUSE_MAX);
    row.attempts = row.attempts.saturating_add(1);
    row.not_before = now.plus(pause);
    row.last_fault = Some(why.to_owned());
    false
}

fn save(door: &Door, row: &JobRow, finished: bool) -> Result<(), Failure> {
    door.catalog.transact::<(), Failure>(|tx| {
        if finished {
            tx.delete::<JobRow>(&catalog::Row::key(row))?
        } else {
            tx.put(row)?
        }
        Ok(())
    })
}
