//! Ends an instance: waits until its volumes have let go of it (each has jobs of its own), then says `terminated`.

use super::{About, if_there, transact};
use crate::find;
use api::{Answer, Cx};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::instance::InstanceState;

pub struct TerminateInstanceJob;

impl Job for TerminateInstanceJob {
    const KIND: &'static str = "ec2:terminate-instance";
    type State = About;
    const STEPS: &'static [Step<About>] =
        &[Step { name: "terminated", run: terminated, undo: |_, _, _| Ok(()) }];
}

pub fn enqueue(cx: &mut Cx, instance: &str) -> Answer<()> {
    super::enqueue::<TerminateInstanceJob>(cx, "", instance)
}

fn terminated(run: &Run, about: &mut About) -> StepResult {
    let done = transact(run, |cx| {
        let Some(mut row) = if_there(find::instance(cx, &about.instance))? else { return Ok(true) };
        for id in &row.volumes {
            let volume = if_there(find::volume(cx, id))?;
            if volume.is_some_and(|v| v.attachment(&row.id).is_some()) {
                return Ok(false);
            }
        }
        row.volumes.clear();
        row.state = InstanceState::Terminated;
        row.ended = Some(cx.now());
        cx.tx.put(&row)?;
        Ok(true)
    })?;
    if done { Ok(()) } else { Err(StepError::NotYet) }
}
