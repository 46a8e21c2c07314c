//! Durable jobs. A job is a row and a list of steps, each with its undo, each safe to run twice. Every finished step is a
//! commit; after a crash the runner goes on with the step that was not finished. A refused step turns the job round: it then
//! undoes its steps from that one back to the first. A fault (a full disk, a lost database) is tried again, later and later.
//! Jobs of one resource run one after the other, in the order in which they were enqueued. What jobs do is not known here.

mod job;
mod row;
mod runner;

pub use job::{Job, Run, Step, StepError, StepResult};
pub use row::{JobRow, enqueue};
pub use runner::{Kinds, Queue, Runner};

use catalog::{Row, Table};

/// The tables of this crate.
pub const TABLES: &[Table] = &[JobRow::TABLE];
