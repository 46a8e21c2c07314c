//! Reads all that a restored volume still has in its snapshot, while the volume is already used. It stands in a line of its own, so
//! that attaching, detaching and deleting need not wait for it.
//!
//! 1. load: the host reads and verifies chunk after chunk; the row shows how far it is. A snapshot that cannot be read whole leaves
//!    a report at the volume, and the job tries again every minute: an object that was put back heals the volume by itself.
//! 2. loaded: the volume has its data; the snapshot's objects are no longer held for it.
//!
//! A volume deleted meanwhile ends the job at its next look.

use super::{About, create_volume::LOOK_EVERY, if_there, transact};
use crate::rows::{Source, Volume};
use crate::{events, find};
use api::{Answer, Cx};
use base::Refusal;
use host::{HostError, StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::volume::VolumeState;
use std::time::Duration;

/// How soon a snapshot that could not be read is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(60);

pub struct LoadVolumeJob;

impl Job for LoadVolumeJob {
    const KIND: &'static str = "ec2:load-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "load", run: load, undo: |_, _, _| Ok(()) },
        Step { name: "loaded", run: loaded, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str) -> Answer<()> {
    let line = super::loading_line(cx, volume);
    let about = About { volume: volume.to_owned(), instance: String::new() };
    ::jobs::enqueue::<LoadVolumeJob>(cx, &line, &about)
}

/// The work's name at the host.
pub(super) fn work_name(volume: &str) -> String {
    format!("load/{volume}")
}

/// The volume, if it still has something to load.
fn loading(cx: &mut Cx, about: &About) -> Answer<Option<(Volume, Source)>> {
    let row = if_there(find::volume(cx, &about.volume))?.filter(|r| r.state != VolumeState::Deleting);
    Ok(row.and_then(|r| r.source.clone().filter(|s| s.loading).map(|s| (r, s))))
}

fn load(run: &Run, about: &mut About) -> StepResult {
    let Some((row, source)) = transact(run, |cx| loading(cx, about))? else { return Ok(()) };
    let storage = &run.dependency::<StorageHandle>()?.0;
    let progress = match storage.work(&work_name(&row.id), &Work::Load { volume: row.id }) {
        Ok(progress) => progress,
        Err(HostError::Refused(refusal)) => {
            transact(run, |cx| report(cx, about, &refusal))?;
            return Err(StepError::Later(TRY_AGAIN));
        }
        Err(HostError::Fault(fault)) => return Err(StepError::Fault(fault)),
    };
    if progress.ended.is_some() {
        return Ok(());
    }
    if progress.percent() != source.progress {
        transact(run, |cx| note(cx, about, |_, source| source.progress = progress.percent()))?;
    }
    Err(StepError::Later(LOOK_EVERY))
}

fn note(cx: &mut Cx, about: &About, change: impl FnOnce(&mut Vec<String>, &mut Source)) -> Answer<()> {
    let Some((mut row, mut source)) = loading(cx, about)? else { return Ok(()) };
    change(&mut row.damage, &mut source);
    row.source = Some(source);
    Ok(cx.tx.put(&row)?)
}

/// Says once what cannot be read.
fn report(cx: &mut Cx, about: &About, refusal: &Refusal) -> Answer<()> {
    note(cx, about, |damage, _| {
        if !damage.contains(&refusal.reason) {
            damage.push(refusal.reason.clone());
        }
    })
}

fn loaded(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(&about.volume));
    transact(run, |cx| {
        let Some((row, _)) = loading(cx, about)? else { return Ok(()) };
        note(cx, about, |damage, source| {
            // Everything could be read after all, or was written anew.
            damage.clear();
            (source.loading, source.progress) = (false, 100);
        })?;
        let event = events::initialized(cx, &row);
        cx.publish(&event)
    })
}
