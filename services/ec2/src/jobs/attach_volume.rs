//! Attaches a volume.
//!
//! 1. grant: a launch makes the instance's grant here (AttachVolume made it in the call). Undone by letting the attachment go.
//! 2. export: the host asks KMS to decrypt the data key under the grant, opens the volume and exports it. Undone by ending the
//!    export.
//! 3. attached: the row says so and names the device's URI.
//!
//! A detachment asked for meanwhile stands in line behind this job and undoes what was done.

use super::{About, HostsHandle, delete_volume, host_error, if_there, transact};
use crate::rows::Volume;
use crate::{attaching, detaching, find};
use api::{Answer, Cx};
use base::Refusal;
use host::{AttachSpec, DecryptRequest, HostError};
use jobs::{Job, Run, Step, StepError, StepResult};
use rules::lifecycle::instance::InstanceState;
use rules::lifecycle::volume::{AttachmentState, VolumeState};

pub struct AttachVolumeJob;

impl Job for AttachVolumeJob {
    const KIND: &'static str = "ec2:attach-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[
        Step { name: "grant", run: grant, undo: let_go },
        Step { name: "export", run: export, undo: end_export },
        Step { name: "attached", run: attached, undo: |_, _, _| Ok(()) },
    ];
}

pub fn enqueue(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    super::enqueue::<AttachVolumeJob>(cx, volume, instance)
}

fn grant(run: &Run, about: &mut About) -> StepResult {
    transact(run, |cx| {
        let Some(mut row) = attaching_row(cx, about)? else { return Ok(()) };
        if row.attachment(&about.instance).is_some_and(|a| a.grant.is_some()) {
            return Ok(());
        }
        let grant = match attaching::create_grant(cx, &row, &about.instance) {
            Err(api::Failure::Refused(refusal)) => {
                return Err(attaching::key_unusable(cx, &row, &refusal)?.into());
            }
            other => other?,
        };
        if let Some(attachment) = row.attachment_mut(&about.instance) {
            attachment.grant = grant;
        }
        Ok(cx.tx.put(&row)?)
    })
}

/// The volume, if this attachment is still wanted.
fn attaching_row(cx: &mut Cx, about: &About) -> Answer<Option<Volume>> {
    let row = if_there(find::volume(cx, &about.volume))?;
    Ok(row.filter(|r| r.attachment(&about.instance).is_some_and(|a| a.state == AttachmentState::Attaching)))
}

/// Nothing is attached after all: the grant is retired, the volume is free again. If this was part of a launch, the launch
/// has failed, and a volume that was to end with its instance ends now.
fn let_go(run: &Run, about: &mut About, why: &Refusal) -> StepResult {
    transact(run, |cx| {
        let attachment = if_there(find::volume(cx, &about.volume))?
            .and_then(|row| row.attachment(&about.instance).cloned())
            .filter(|a| a.state == AttachmentState::Attaching);
        detaching::let_go(cx, &about.volume, &about.instance)?;
        let (Some(attachment), Some(mut holder)) =
            (attachment, if_there(find::instance(cx, &about.instance))?)
        else {
            return Ok(());
        };
        if holder.state != InstanceState::Pending {
            return Ok(());
        }
        holder.launch_failure = Some(why.reason.clone());
        cx.tx.put(&holder)?;
        if attachment.delete_on_termination {
            let mut row = find::volume(cx, &about.volume)?;
            row.state = VolumeState::Deleting;
            cx.tx.put(&row)?;
            delete_volume::enqueue(cx, &about.volume)?;
        }
        Ok(())
    })
}

fn export(run: &Run, about: &mut About) -> StepResult {
    ask_host(run, about).map(drop)
}

/// Has the host export the volume; asked again, it answers with the export that it has. `None` if the attachment is no
/// longer wanted.
fn ask_host(run: &Run, about: &About) -> Result<Option<String>, StepError> {
    let Some(row) = transact(run, |cx| attaching_row(cx, about))? else { return Ok(None) };
    match run.dependency::<HostsHandle>()?.0.attach(&spec(&row, &about.instance, &run.request.id)) {
        Ok(uri) => Ok(Some(uri)),
        Err(HostError::Refused(refusal)) => {
            let why = transact(run, |cx| attaching::key_unusable(cx, &row, &refusal))?;
            Err(StepError::Refused(why))
        }
        Err(other) => Err(host_error(other)),
    }
}

/// What the host needs to know.
pub(super) fn spec(row: &Volume, instance: &str, request_id: &str) -> AttachSpec {
    let grant_token =
        row.attachment(instance).and_then(|a| a.grant.as_ref()).map(|g| g.token.clone()).unwrap_or_default();
    AttachSpec {
        account: row.account.clone(),
        region: row.region.clone(),
        volume: row.id.clone(),
        instance: instance.to_owned(),
        key: row.encryption.as_ref().map(|e| DecryptRequest {
            wrapped_key: e.wrapped_key.clone().unwrap_or_default(),
            context_id: e.context_id.clone(),
            grant_token,
        }),
        limits: super::limits_of(row),
        request_id: request_id.to_owned(),
    }
}

fn end_export(run: &Run, about: &mut About, _why: &Refusal) -> StepResult {
    run.dependency::<HostsHandle>()?.0.detach(&about.volume, &about.instance).map_err(host_error)
}

fn attached(run: &Run, about: &mut About) -> StepResult {
    // After a crash the host makes the export anew.
    let Some(uri) = ask_host(run, about)? else { return Ok(()) };
    transact(run, |cx| {
        let Some(mut row) = attaching_row(cx, about)? else { return Ok(()) };
        if let Some(attachment) = row.attachment_mut(&about.instance) {
            attachment.state = AttachmentState::Attached;
            attachment.uri = Some(uri.clone());
        }
        Ok(cx.tx.put(&row)?)
    })
}
