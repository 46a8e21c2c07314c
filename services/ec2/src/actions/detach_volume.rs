//! DetachVolume: `attached` → `detaching` → gone; the volume becomes `available` when its last attachment is gone. A job ends
//! the export, which flushes the volume and drops its plaintext key, and retires the grant. Needs `ec2:DetachVolume` on volume
//! and instance, and nothing of KMS. Source: EC2 API Reference, DetachVolume.

use crate::jobs::if_there;
use crate::rows::{Attachment, Volume};
use crate::{find, jobs, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::volume::{self, AttachmentState};
use wire::generated::ec2::{DetachVolume as Op, DetachVolumeInput, DetachVolumeOutput};

pub struct DetachVolume;

impl Action for DetachVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DetachVolume";
    const KEYS: &'static [&'static str] = touched::keys::ATTACHMENT;

    fn check(input: &DetachVolumeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        input.instance_id.as_deref().filter(|i| !i.is_empty()).map_or(Ok(()), find::check_instance_id)
    }

    fn touches(cx: &mut Cx, input: &DetachVolumeInput) -> Answer<Vec<Touched>> {
        let volume = touched::volume::existing(cx, &input.volume_id)?;
        // Without a name the instance is the one that holds the volume.
        let row = if_there(find::volume(cx, &input.volume_id))?;
        let instance = match (&input.instance_id, row.as_ref().map(|row| choose(row, input))) {
            (Some(id), _) if !id.is_empty() => Some(id.clone()),
            (_, Some(Ok(held))) => Some(held.instance.clone()),
            _ => None,
        };
        let instance = instance.map(|id| touched::instance::existing(cx, &id)).transpose()?;
        Ok([volume].into_iter().chain(instance).collect())
    }

    fn handle(cx: &mut Cx, input: DetachVolumeInput) -> Answer<DetachVolumeOutput> {
        find::touch_volume(cx, &input.volume_id);
        let mut row = find::volume(cx, &input.volume_id)?;
        let chosen = choose(&row, &input)?;
        volume::may_detach(&row.id, chosen.state)?;
        let instance = chosen.instance.clone();
        if let Some(attachment) = row.attachment_mut(&instance) {
            attachment.state = AttachmentState::Detaching;
        }
        let response = row.attachment(&instance).map(|a| shapes::attachment(&row, a)).unwrap_or_default();
        cx.tx.put(&row)?;
        jobs::detach_volume::enqueue(cx, &row.id, &instance)?;
        Ok(response.into())
    }
}

/// The attachment that the request means.
fn choose<'a>(row: &'a Volume, input: &DetachVolumeInput) -> Result<&'a Attachment, Refusal> {
    if row.attachments.is_empty() {
        return Err(Refusal::new(
            "IncorrectState",
            format!("Volume '{}' is in the '{}' state.", row.id, row.state.as_str()),
        ));
    }
    let instance = input.instance_id.as_deref().filter(|i| !i.is_empty());
    let device = input.device.as_deref().filter(|d| !d.is_empty());
    let mut fitting = row
        .attachments
        .iter()
        .filter(|a| instance.is_none_or(|i| a.instance == i) && device.is_none_or(|d| a.device == d));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            format!("Volume '{}' is attached to several instances; name one by InstanceId.", row.id),
        )),
        (None, _) => {
            let to = instance.unwrap_or(device.unwrap_or_default());
            Err(Refusal::new(
                "InvalidAttachment.NotFound",
                format!("Volume '{}' is not attached to '{to}'", row.id),
            ))
        }
    }
}

#[cfg(test)]
#[path = "detach_volume_tests.rs"]
mod tests;
