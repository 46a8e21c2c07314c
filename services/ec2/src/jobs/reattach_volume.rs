//! Makes an attachment work again after the host was restarted: the plaintext key was in memory only, so KMS is asked again
//! under the grant that the attachment still has. If KMS says no, the attachment stays but its device is not there: the
//! reattachVolume event and DescribeVolumeStatus tell why, and `resume` tries again when the key can be used. EnableVolumeIO uses it
//! for volumes that became read-only, too.

use super::{About, HostsHandle, attach_volume, host_error, if_there, transact};
use crate::rows::Volume;
use crate::{causes, events, find};
use api::{Answer, Cx};
use base::Refusal;
use host::HostError;
use jobs::{Job, Run, Step, StepResult};
use rules::lifecycle::volume::AttachmentState;

pub struct ReattachVolumeJob;

impl Job for ReattachVolumeJob {
    const KIND: &'static str = "ec2:reattach-volume";
    type State = About;
    const STEPS: &'static [Step<About>] = &[Step { name: "export", run: export, undo: |_, _, _| Ok(()) }];
}

pub fn enqueue(cx: &mut Cx, volume: &str, instance: &str) -> Answer<()> {
    super::enqueue::<ReattachVolumeJob>(cx, volume, instance)
}

fn export(run: &Run, about: &mut About) -> StepResult {
    let Some(row) = transact(run, |cx| attached_row(cx, about))? else { return Ok(()) };
    if row.read_only.is_some() {
        reopen(run, &row)?;
    }
    let spec = attach_volume::spec(&row, &about.instance, &run.request.id);
    match run.dependency::<HostsHandle>()?.0.attach(&spec) {
        Ok(uri) => transact(run, |cx| set(cx, about, Some(uri.clone()), None)),
        Err(HostError::Refused(refusal)) => transact(run, |cx| broken(cx, about, &row, &refusal)),
        Err(other) => Err(host_error(other)),
    }
}

/// A volume that became read-only is opened anew when nobody has it open: every export ends first, and each is made again by a job
/// of its own. Guests see a device that goes and comes back.
fn reopen(run: &Run, row: &Volume) -> StepResult {
    let hosts = run.dependency::<HostsHandle>()?;
    for attachment in &row.attachments {
        hosts.0.detach(&row.id, &attachment.instance).map_err(host_error)?;
    }
    transact(run, |cx| {
        let Some(mut row) = if_there(find::volume(cx, &row.id))? else { return Ok(()) };
        row.read_only = None;
        Ok(cx.tx.put(&row)?)
    })
}

fn attached_row(cx: &mut Cx, about: &About) -> Answer<Option<Volume>> {
    let row = if_there(find::volume(cx, &about.volume))?;
    Ok(row.filter(|r| r.attachment(&about.instance).is_some_and(|a| a.state == AttachmentState::Attached)))
}

fn broken(cx: &mut Cx, about: &About, row: &Volume, refusal: &Refusal) -> Answer<()> {
    let key = row.encryption.as_ref().map_or("", |e| e.key_arn.as_str());
    let (cause, why) = (causes::of(refusal, key), causes::in_full(refusal, key));
    let told = row.attachment(&about.instance).and_then(|a| a.broken.as_ref()) == Some(&why);
    if !told {
        let event = events::attach_failed(cx, row, true, &cause);
        cx.publish(&event)?;
    }
    set(cx, about, None, Some(why))
}

fn set(cx: &mut Cx, about: &About, uri: Option<String>, broken: Option<String>) -> Answer<()> {
    let Some(mut row) = attached_row(cx, about)? else { return Ok(()) };
    if let Some(attachment) = row.attachment_mut(&about.instance) {
        attachment.uri = uri;
        attachment.broken = broken;
    }
    Ok(cx.tx.put(&row)?)
}
