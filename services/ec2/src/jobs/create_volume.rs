//! Makes a volume real, empty or from a snapshot.
//!
//! 1. data key: KMS makes or re-wraps the volume's data key, as the caller through EC2 (the calls by case: `volume_keys.rs`). Undone
//!    by letting the volume vanish: the grant retired, the createVolume event telling the cause.
//! 2. store: the host makes the volume's files, durably; a volume that shares its snapshot's data key knows from where to load.
//!    Undone by removing them.
//! 3. data: a snapshot of another data key (or of none) is read and written anew under the volume's; with fast snapshot restore
//!    everything is loaded. Otherwise nothing: the data comes when it is touched. Undone by stopping it.
//! 4. settled: the grant is retired; a volume that has all its data needs its snapshot no more.
//! 5. available: the row says so, and the createVolume event is stored with it. What is still to be loaded is left to a job of its
//!    own.

use super::{About, host_error, if_there, load_volume, transact};
use crate::rows::{FormerVolume, Source, Volume};
use crate::{causes, events, find, volume_keys};
use api::events::Event;
use api::{Answer, Cx};
use base::{Fault, Refusal, SizeGib};
use host::{StorageHandle, Work};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::volume::VolumeState;
use std::time::Duration;

/// How often a step looks how far the host is.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(100);

pub struct CreateVolumeJob;

impl Job for CreateVolumeJob {
    const KIND: &'static str = "ec2:create-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "data key", run: data_key, undo: vanish },
        Step { name: "store", run: store, undo: remove_store },
        Step { name: "data", run: data, undo: stop_data },
        Step { name: "settled", run: settled, undo: |_, _, _| Ok(()) },
        Step { name: "available", run: available, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str) -> Answer<()> {
    super::enqueue::<CreateVolumeJob>(cx, volume, "")
}

fn data_key(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        volume_keys::make(cx, &mut row)?;
        Ok(cx.tx.put(&row)?)
    })
}

/// The volume was never there, for its owner; why is kept with the former volume.
fn vanish(run: &Run, about: &mut About, refusal: &Refusal) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        let key = key_in_trouble(&row, refusal).to_owned();
        let (cause, why) = (causes::of(refusal, &key), causes::in_full(refusal, &key));
        volume_keys::retire(cx, &mut row)?;
        let failed = events::create_failed(cx, &row, &cause);
        cx.publish(&failed)?;
        // Events are read and delivered in the order of their times: the deletion comes after the failure.
        let deleted = Event { time: failed.time.plus(Duration::from_millis(1)), ..events::deleted(cx, &row) };
        cx.publish(&deleted)?;
        cx.tx.delete::<Volume>(&catalog::Row::key(&row))?;
        row.forget_keys();
        let former = FormerVolume { volume: row, ended: cx.now(), failure: Some(why) };
        Ok(cx.tx.put(&former)?)
    })
}

/// The snapshot's key if the refusal is about it (KMS names the key, or what may not be done with it), else the volume's.
fn key_in_trouble<'a>(row: &'a Volume, refusal: &Refusal) -> &'a str {
    let of_source = row.source.as_ref().and_then(|s| s.encryption.as_ref()).map(|e| e.key_arn.as_str());
    let says = |text: &str| refusal.message.contains(text) || refusal.reason.contains(text);
    of_source
        .filter(|arn| says(arn) || says("kms:ReEncryptFrom"))
        .or(row.encryption.as_ref().map(|e| e.key_arn.as_str()))
        .unwrap_or_default()
}

fn store(run: &Run, about: &mut About) -> StepResult {
    let Some(row) = transact(run, |cx| if_there(find::volume(cx, &about.volume)))? else { return Ok(()) };
    run.dependency::<StorageHandle>()?.0.create(&spec(&row)?).map_err(host_error)
}

/// The volume as the host makes it.
fn spec(row: &Volume) -> Result<volume::VolumeSpec, Fault> {
    let encryption = match &row.encryption {
        None => None,
        Some(e) => {
            let wrapped =
                e.wrapped_key.clone().ok_or_else(|| Fault::new("the wrapped data key is missing"))?;
            Some(volume::Encryption {
                kms_key_arn: e.key_arn.clone(),
                wrapped_key: wrapped,
                context_id: e.context_id.clone(),
            })
        }
    };
    Ok(volume::VolumeSpec {
        volume_id: row.id.clone(),
        size_bytes: SizeGib(row.size_gib).bytes(),
        encryption,
        source: row.source.as_ref().filter(|_| !row.is_written_anew()).map(|s| s.at.clone()),
    })
}

fn remove_store(run: &Run, about: &mut About, _why: &Refusal) -> StepResult {
    run.dependency::<super::HostsHandle>()?.0.remove_volume(&about.volume).map_err(host_error)
}

fn work_name(volume: &str) -> String {
    format!("create/{volume}")
}

fn data(run: &Run, about: &mut About) -> StepResult {
    let Some(row) = transact(run, |cx| if_there(find::volume(cx, &about.volume)))? else { return Ok(()) };
    let Some(source) = &row.source else { return Ok(()) };
    if row.state != VolumeState::Creating || !source.loading {
        // Deleted meanwhile: the deletion waits for this job to end.
        return Ok(());
    }
    let work = if row.is_written_anew() {
        let (source_key, key) = volume_keys::uses(&row, &run.request.id)?;
        Work::Fill { volume: row.id.clone(), source: source.at.clone(), source_key, key }
    } else if source.fast {
        Work::Load { volume: row.id.clone() }
    } else {
        return Ok(());
    };
    let storage = &run.dependency::<StorageHandle>()?.0;
    match storage.work(&work_name(&row.id), &work).map_err(host_error)?.ended {
        Some(_) => Ok(()),
        None => Err(StepError::Later(LOOK_EVERY)),
    }
}

fn stop_data(run: &Run, about: &mut About, _why: &Refusal) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(&about.volume));
    Ok(())
}

fn settled(run: &Run, about: &mut About) -> StepResult {
    run.dependency::<StorageHandle>()?.0.forget(&work_name(&about.volume));
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        volume_keys::retire(cx, &mut row)?;
        let anew = row.is_written_anew();
        if let Some(source) = row.source.as_mut().filter(|s| anew || s.fast) {
            (source.loading, source.progress) = (false, 100);
        }
        Ok(cx.tx.put(&row)?)
    })
}

fn available(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        // A volume deleted while it was being made stays `deleting`; one made by a launch is bound to its instance.
        if row.state != VolumeState::Creating {
            return Ok(());
        }
        row.state = if row.attachments.is_empty() { VolumeState::Available } else { VolumeState::InUse };
        cx.tx.put(&row)?;
        if row.source.as_ref().is_some_and(|s: &Source| s.loading) {
            load_volume::enqueue(cx, &row.id)?;
        }
        let event = events::created(cx, &row);
        cx.publish(&event)
    })
}
