//! Deletes a volume.
//!
//! 1. store: once no snapshot of the volume is pending any more, the host stops loading and removes superblock, map and data; with
//!    the superblock the wrapped data key is gone.
//! 2. gone: the row leaves, and with it the volume's hold on the snapshot that it was still loaded from; the former volume keeps
//!    no wrapped key, so that deleting is erasing.

use super::create_volume::LOOK_EVERY;
use super::{About, HostsHandle, host_error, if_there, load_volume, transact};
use crate::rows::{FormerVolume, Modification, Volume};
use crate::{events, find, snapshotting};
use api::{Answer, Cx};
use catalog::Row;
use host::StorageHandle;
use jobs::{Job, Run, Step, StepError, StepResult};
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
    let needed = transact(run, |cx| match if_there(find::volume(cx, &about.volume))? {
        Some(row) => snapshotting::needs_store(cx, &row),
        None => Ok(false),
    })?;
    if needed {
        return Err(StepError::Later(LOOK_EVERY));
    }
    // The loading job looks at the row before it asks the host, and the row is `deleting` since before this job began.
    run.dependency::<StorageHandle>()?.0.forget(&load_volume::work_name(&about.volume));
    run.dependency::<HostsHandle>()?.0.remove_volume(&about.volume).map_err(host_error)
}

fn gone(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        // A volume whose creation failed has vanished already.
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        row.state = VolumeState::Deleting;
        row.forget_keys();
        for modification in find::modifications(cx, &row.id)? {
            cx.tx.delete::<Modification>(&modification.key())?;
        }
        let event = events::deleted(cx, &row);
        cx.publish(&event)?;
        cx.tx.delete::<Volume>(&row.key())?;
        Ok(cx.tx.put(&FormerVolume { volume: row, ended: cx.now(), failure: None })?)
    })
}
