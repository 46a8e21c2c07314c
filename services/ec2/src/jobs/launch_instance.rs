//! Launches an instance: waits until the volumes of its mappings are made and attached (each has jobs of its own), then says
//! `running`. A volume that vanished ends the launch: the instance goes to `terminated` with a state reason that names the
//! key's trouble.

use super::{About, if_there, transact};
use crate::rows::StateReason;
use crate::{ending, find};
use api::{Answer, Cx};
use base::Refusal;
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::instance::InstanceState;
use rules::lifecycle::volume::AttachmentState;

pub struct LaunchInstanceJob;

impl Job for LaunchInstanceJob {
    const KIND: &'static str = "ec2:launch-instance";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "volumes", run: volumes, undo: give_up },
        Step { name: "running", run: running, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, instance: &str) -> Answer<()> {
    super::enqueue::<LaunchInstanceJob>(cx, "", instance)
}

fn volumes(run: &Run, about: &mut About) -> StepResult {
    let ready = transact(run, |cx| {
        let Some(row) = if_there(find::instance(cx, &about.instance))? else { return Ok(true) };
        if row.state != InstanceState::Pending {
            return Ok(true);
        }
        if let Some(why) = &row.launch_failure {
            return Err(Refusal::new("Client.InternalError", why.clone()).into());
        }
        for id in &row.volumes {
            let Some(volume) = if_there(find::volume(cx, id))? else {
                let former = find::former_volume(cx, id)?;
                let why = former.and_then(|f| f.failure).unwrap_or_else(|| format!("volume {id} is gone"));
                return Err(Refusal::new("Client.InternalError", why).into());
            };
            // One without an attachment was taken away again by a DetachVolume; the instance runs without it.
            if volume.attachment(&row.id).is_some_and(|a| a.state != AttachmentState::Attached) {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    if ready { Ok(()) } else { Err(StepError::NotYet) }
}

fn give_up(run: &Run, about: &mut About, why: &Refusal) -> StepResult {
    transact(run, |cx| {
        let Some(row) = if_there(find::instance(cx, &about.instance))? else { return Ok(()) };
        let because = why.message.clone();
        ending::terminate(cx, row, state_reason(because), "Server.InternalError".into()).map(drop)
    })
}

/// EC2's words for a launch that a key stopped: the recent form for a key in a wrong state, the classic one otherwise.
fn state_reason(because: String) -> StateReason {
    let wrong_state =
        ["is disabled.", "is pending deletion.", "is pending import."].iter().any(|s| because.ends_with(s));
    if wrong_state {
        return StateReason {
            code: "Client.InvalidKMSKey.InvalidState".into(),
            message: "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"
                .into(),
            because,
        };
    }
    StateReason {
        code: "Client.InternalError".into(),
        message: "Client.InternalError: Client error on launch".into(),
        because,
    }
}

fn running(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::instance(cx, &about.instance))? else { return Ok(()) };
        if row.state == InstanceState::Pending {
            row.state = InstanceState::Running;
            cx.tx.put(&row)?;
        }
        Ok(())
    })
}
