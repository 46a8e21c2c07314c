//! Makes a new empty volume real.
//!
//! 1. data key: KMS makes a 64-byte data key wrapped under the volume's key, as the caller through EC2; nobody sees it plain.
//!    Undone by letting the volume vanish, with the createVolume event that tells the cause.
//! 2. store: the host makes superblock, map and data file, durably. Undone by removing them.
//! 3. available: the row says so, and the createVolume event is stored with it.

use super::{About, HostsHandle, host_error, if_there, transact};
use crate::actions::create_volume::DEFAULT_EBS_KEY;
use crate::rows::{Encryption, FormerVolume, Volume};
use crate::{causes, events, find};
use api::events::Event;
use api::{Answer, Cx};
use base::{Fault, Refusal, SizeGib};
use jobs::{Job, Run, Step, StepResult};
use rules::lifecycle::volume::VolumeState;
use std::collections::BTreeMap;
use std::time::Duration;
use wire::generated::kms::GenerateDataKeyWithoutPlaintextInput;

/// Bytes of an AES-256-XTS key: two keys of 256 bits.
const DATA_KEY_BYTES: i32 = 64;

pub struct CreateVolumeJob;

impl Job for CreateVolumeJob {
    const KIND: &'static str = "ec2:create-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "data key", run: data_key, undo: vanish },
        Step { name: "store", run: store, undo: remove_store },
        Step { name: "available", run: available, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str) -> Answer<()> {
    super::enqueue::<CreateVolumeJob>(cx, volume, "")
}

fn data_key(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        let Some(encryption) = &mut row.encryption else { return Ok(()) };
        if encryption.wrapped_key.is_some() {
            return Ok(());
        }
        let input = GenerateDataKeyWithoutPlaintextInput {
            key_id: named(encryption),
            number_of_bytes: Some(DATA_KEY_BYTES),
            encryption_context: Some(BTreeMap::from([("aws:ebs:id".into(), encryption.context_id.clone())])),
            ..Default::default()
        };
        let caller = cx.caller.forwarded_by_ec2(&row.region);
        let made = cx.call::<kms::actions::GenerateDataKeyWithoutPlaintext>(caller, input)?;
        encryption.wrapped_key = made.ciphertext_blob.map(|b| b.0);
        encryption.key_material_id = made.key_material_id;
        if let Some(arn) = made.key_id {
            encryption.key_arn = arn;
        }
        Ok(cx.tx.put(&row)?)
    })
}

/// The key as EC2 names it to KMS (and so as the trail shows it): by ARN, only the AWS managed key by its alias.
fn named(encryption: &Encryption) -> String {
    match encryption.asked_key.as_str() {
        DEFAULT_EBS_KEY => DEFAULT_EBS_KEY.to_owned(),
        _ => encryption.key_arn.clone(),
    }
}

/// The volume was never there, for its owner; why is kept with the former volume.
fn vanish(run: &Run, about: &mut About, refusal: &Refusal) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &about.volume))? else { return Ok(()) };
        let key = row.encryption.as_ref().map_or("", |e| e.key_arn.as_str());
        let cause = causes::of(refusal, key);
        let failed = events::create_failed(cx, &row, &cause);
        cx.publish(&failed)?;
        // Events are read and delivered in the order of their times: the deletion comes after the failure.
        let deleted = Event { time: failed.time.plus(Duration::from_millis(1)), ..events::deleted(cx, &row) };
        cx.publish(&deleted)?;
        cx.tx.delete::<Volume>(&catalog::Row::key(&row))?;
        if let Some(encryption) = &mut row.encryption {
            encryption.wrapped_key = None;
        }
        let former = FormerVolume { volume: row, ended: cx.now(), failure: Some(cause) };
        Ok(cx.tx.put(&former)?)
    })
}

fn store(run: &Run, about: &mut About) -> StepResult {
    let Some(row) = transact(run, |cx| if_there(find::volume(cx, &about.volume)))? else { return Ok(()) };
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
    let spec = volume::VolumeSpec {
        volume_id: row.id.clone(),
        size_bytes: SizeGib(row.size_gib).bytes(),
        encryption,
    };
    run.dependency::<HostsHandle>()?.0.create_volume(&spec).map_err(host_error)
}

fn remove_store(run: &Run, about: &mut About, _why: &Refusal) -> StepResult {
    run.dependency::<HostsHandle>()?.0.remove_volume(&about.volume).map_err(host_error)
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
        let event = events::created(cx, &row);
        cx.publish(&event)
    })
}
