//! What a job is made of.

use api::{Caller, Cx, Door, Failure, Request};
use base::{Fault, Refusal};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use std::time::Duration;
use wire::Service;

/// A kind of job. Its state is what the row carries from step to step.
pub trait Job: 'static {
    const KIND: &'static str;
    type State: Serialize + DeserializeOwned + Send + 'static;
    const STEPS: &'static [Step<Self::State>];
}

/// One step: what it does and how to take it back. Both are safe to run twice.
pub struct Step<S> {
    pub name: &'static str,
    pub run: fn(&Run, &mut S) -> StepResult,
    pub undo: fn(&Run, &mut S, &Refusal) -> StepResult,
}

pub type StepResult = Result<(), StepError>;

/// Why a step did not finish.
#[derive(Debug)]
pub enum StepError {
    /// It cannot be done and trying again will not help: undo what was done.
    Refused(Refusal),
    /// Something of ours failed: try again later.
    Fault(Fault),
    /// What the step waits for has not happened yet: look again soon.
    NotYet,
    /// The same for something that takes long: look again after this time.
    Later(Duration),
}

impl From<Failure> for StepError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => StepError::Refused(refusal),
            Failure::Fault(fault) => StepError::Fault(fault),
            Failure::Conflict => StepError::Fault(Fault::new("the rows kept changing")),
        }
    }
}

impl From<Fault> for StepError {
    fn from(fault: Fault) -> Self {
        StepError::Fault(fault)
    }
}

/// What a running step may use.
pub struct Run {
    pub door: Arc<Door>,
    /// The caller in whose name the job was asked for.
    pub caller: Caller,
    /// The request that asked for it; its `received` is the time of this attempt.
    pub request: Request,
    /// How often this step was tried before.
    pub attempts: u32,
}

impl Run {
    /// Runs `work` in a transaction of its own, in the name of the job's caller.
    pub fn transact<T>(
        &self,
        service: &'static Service,
        work: impl FnMut(&mut Cx) -> api::Answer<T>,
    ) -> Result<T, StepError> {
        Ok(self.door.transact(&self.caller, &self.request, service, work)?)
    }

    /// Something that the program gave to the door, for instance the hosts.
    pub fn dependency<T: Send + Sync + 'static>(&self) -> Result<Arc<T>, StepError> {
        let missing = || Fault::new(format!("no {} was wired", std::any::type_name::<T>()));
        Ok(self.door.dependency::<T>().ok_or_else(missing)?)
    }
}
