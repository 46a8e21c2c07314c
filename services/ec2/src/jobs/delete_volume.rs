//! Deletes a volume.
//!
//! 1. store: the host removes superblock, map and data; with the superblock the wrapped data key is gone.
//! 2. gone: the row leaves; the former volume keeps no wrapped key, so that deleting is erasing.

use super::{About, HostsHandle, host_error, if_there, transact};
use crate::rows::{FormerVolume, Volume};
use crate::{events, find};
use api::{Answer, Cx};
use jobs::{Job, Run, Step, StepResult};
use rules::lifecycle::volume::VolumeState;

pub struct DeleteVolumeJob;

impl Job for DeleteVolumeJob {
    const KIND: &'static str = "ec2:delete-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "store", run: store, undo: |_, _, _| Ok(()) },
        Step { name: "gone", run: gone, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str) -> Answer<()> {
    super::enqueue::<DeleteVolumeJob>(cx, volume, "")
}

fn store(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<HostsHandle>()?.0.remove_volume(&about.volume).map_err(host_error)
}

fn gone(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        // A volume whose creation failed has vanished already.
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        row.state = VolumeState::Deleting;
        if let Some(encryption) = &mut row.encryption {
            encryption.wrapped_key = None;
        }
        let event = events::deleted(cx, &row);
        cx.publish(&event)?;
        cx.tx.delete::<Volume>(&catalog::Row::key(&row))?;
        Ok(cx.tx.put(&FormerVolume { volume: row, ended: cx.now(), failure: None })?)
    })
}
