//! The row of a job, and how a handler enqueues one.

use crate::{Job, Runner};
use api::{Answer, Caller, Cx};
use base::{Fault, Refusal, Region, Timestamp};
use catalog::{Row, Table};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A durable job. The key orders the jobs of one resource by age, so the head of a resource's line is its first row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobRow {
    /// What the job is about, for instance a volume id; jobs of one resource run one at a time.
    pub resource: String,
    pub enqueued: Timestamp,
    pub id: String,
    pub kind: String,
    pub caller: Caller,
    pub region: Region,
    pub request_id: String,
    pub state: Value,
    /// The step to run next (or to undo next).
    pub step: usize,
    /// Set when a step was refused: the job now goes backwards.
    pub refused: Option<Refused>,
    pub attempts: u32,
    pub not_before: Timestamp,
    /// The last fault, for `sealvol explain`.
    pub last_fault: Option<String>,
}

/// A refusal as a row keeps it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refused {
    pub code: String,
    pub message: String,
    pub reason: String,
}

impl From<&Refusal> for Refused {
    fn from(r: &Refusal) -> Self {
        Refused { code: r.code.to_string(), message: r.message.clone(), reason: r.reason.clone() }
    }
}

impl From<&Refused> for Refusal {
    fn from(r: &Refused) -> Self {
        Refusal::new(r.code.clone(), r.message.clone()).because(r.reason.clone())
    }
}

impl Row for JobRow {
    const TABLE: Table = Table { name: "jobs", indexes: &[] };
    fn key(&self) -> String {
        format!("{}/{:016x}/{}", self.resource, self.enqueued.millis(), self.id)
    }
}

/// Puts a job in line, in the transaction of the change that needs it, and wakes the runner once that is durable. The job
/// makes its calls in the name of this call's caller and under its request id.
pub fn enqueue<J: Job>(cx: &mut Cx, resource: &str, state: &J::State) -> Answer<()> {
    let state = serde_json::to_value(state).map_err(|e| Fault::caused("writing a job's state", e))?;
    // Two jobs of one resource in one millisecond still keep their order: a line is never overtaken.
    let last = cx.tx.scan::<JobRow>(&format!("{resource}/"), None, usize::MAX)?.pop();
    let now = cx.now();
    let enqueued = last.map_or(now, |l| now.max(Timestamp::from_millis(l.enqueued.millis() + 1)));
    let row = JobRow {
        resource: resource.to_owned(),
        enqueued,
        id: cx.door.env.ids.uuid(),
        kind: J::KIND.to_owned(),
        caller: cx.caller.clone(),
        region: cx.request.region.clone(),
        request_id: cx.request.id.clone(),
        state,
        step: 0,
        refused: None,
        attempts: 0,
        not_before: cx.now(),
        last_fault: None,
    };
    cx.tx.put(&row)?;
    if let Some(runner) = cx.door.dependency::<Runner>() {
        let resource = row.resource.clone();
        cx.tx.on_commit(move || runner.wake(&resource));
    }
    Ok(())
}
