//! Carries out a modification, in the volume's own line of jobs, so that it never meets a creation, a deletion or another
//! modification half-way. The guest's I/O goes on.
//!
//! 1. grow: the host makes the store larger, durably, attached or not; a device that is exported shows the new size.
//! 2. changed: the volume's row shows the new shape, the modification is `optimizing` (or, if only performance changed, already
//!    `completed`), and the modifyVolume event says so.
//! 3. limited: an attached volume is held to the limits of its new shape, if the host holds volumes to limits.
//! 4. completed: nothing is moved behind the guest's back here, so optimizing ends at once.
//!
//! Refused by the host, the modification is `failed`, says why, and the volume is as it was. A store never shrinks: one that grew
//! before a later step was refused keeps room that nobody uses.

use super::{About, HostsHandle, host_error, if_there, limits_of, transact};
use crate::rows::{Modification, Volume};
use crate::{events, find};
use api::{Answer, Cx};
use base::{Refusal, SizeGib};
use host::StorageHandle;
use jobs::{Job, Run, Step, StepResult};
use rules::lifecycle::modification::ModificationState;
use rules::lifecycle::volume::VolumeState;

pub struct ModifyVolumeJob;

impl Job for ModifyVolumeJob {
    const KIND: &'static str = "ec2:modify-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "grow", run: grow, undo: failed },
        Step { name: "changed", run: changed, undo: |_, _, _| Ok(()) },
        Step { name: "limited", run: limited, undo: |_, _, _| Ok(()) },
        Step { name: "completed", run: completed, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str) -> Answer<()> {
    super::enqueue::<ModifyVolumeJob>(cx, volume, "")
}

/// The volume and its running modification, unless the volume is gone or going.
fn running(cx: &mut Cx, about: &About) -> Answer<Option<(Volume, Modification)>> {
    let Some(volume) = if_there(find::volume(cx, &about.volume))? else { return Ok(None) };
    let newest = find::modifications(cx, &about.volume)?.pop().filter(|m| m.ended.is_none());
    Ok(newest.filter(|_| volume.state != VolumeState::Deleting).map(|m| (volume, m)))
}

fn grow(run: &Run, about: &mut About) -> StepResult {
    let Some((_, modification)) = transact(run, |cx| running(cx, about))? else { return Ok(()) };
    let (before, after) = (modification.before.size_gib, modification.after.size_gib);
    if after <= before {
        return Ok(());
    }
    run.dependency::<StorageHandle>()?.0.grow(&about.volume, SizeGib(after).bytes()).map_err(host_error)
}

fn changed(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some((mut volume, mut modification)) = running(cx, about)? else { return Ok(()) };
        if modification.state != ModificationState::Modifying {
            return Ok(());
        }
        let shapes = modification.before.shape().zip(modification.after.shape());
        modification.state = shapes.map_or(ModificationState::Optimizing, |(before, after)| {
            ModificationState::after_applied(&before, &after)
        });
        volume.set_performance(modification.after.clone());
        cx.tx.put(&volume)?;
        tell(cx, &volume, modification)
    })
}

fn limited(run: &Run, about: &mut About) -> StepResult {
    // A modification of performance alone has ended by now, so the volume's row is asked.
    let Some(volume) = transact(run, |cx| if_there(find::volume(cx, &about.volume)))? else { return Ok(()) };
    // Attached later, it gets them with the attachment.
    if volume.attachments.is_empty() {
        return Ok(());
    }
    let Some(limits) = limits_of(&volume) else { return Ok(()) };
    run.dependency::<HostsHandle>()?.0.limit(&about.volume, &limits).map_err(host_error)
}

fn completed(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some((volume, modification)) = running(cx, about)? else { return Ok(()) };
        tell(cx, &volume, Modification { state: ModificationState::Completed, ..modification })
    })
}

/// Writes the modification down with its event.
fn tell(cx: &mut Cx, volume: &Volume, mut modification: Modification) -> Answer<()> {
    if modification.state == ModificationState::Completed {
        (modification.progress, modification.ended) = (100, Some(cx.now()));
    }
    cx.tx.put(&modification)?;
    let event = events::modified(cx, volume, &modification);
    cx.publish(&event)
}

fn failed(run: &Run, about: &mut About, why: &Refusal) -> StepResult {
    transact(run, |cx| {
        let Some((mut volume, modification)) = running(cx, about)? else { return Ok(()) };
        volume.set_performance(modification.before.clone());
        cx.tx.put(&volume)?;
        Ok(cx.tx.put(&Modification {
            state: ModificationState::Failed,
            message: Some(why.reason.clone()),
            ended: Some(cx.now()),
            ..modification
        })?)
    })
}
