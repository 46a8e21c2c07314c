//! Detaches a volume.
//!
//! 1. end the export: the host stops the device, flushes the volume and, if nobody else has it open, drops its plaintext key.
//! 2. let go: the grant is retired, the volume is `available` again (or goes on being deleted).
//!
//! Nothing here can be refused, so nothing needs undoing.

use super::{About, HostsHandle, host_error, transact};
use crate::detaching;
use api::{Answer, Cx};
use jobs::{Job, Run, Step, StepResult};

pub struct DetachVolumeJob;

impl Job for DetachVolumeJob {
    const KIND: &'static str = "ec2:detach-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "end the export", run: end_export, undo: |_, _, _| Ok(()) },
        Step { name: "let go", run: let_go, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    super::enqueue::<DetachVolumeJob>(cx, volume, instance)
}

fn end_export(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<HostsHandle>()?.0.detach(&about.volume, &about.instance).map_err(host_error)
}

fn let_go(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| detaching::let_go(cx, &about.volume, &about.instance))
}
