//! AttachVolume: an available volume (or an attached Multi-Attach one) to a running instance in the same zone.
//!
//! For an encrypted volume the call itself makes the instance's grant on the KMS key, in the caller's name through EC2; the
//! host then decrypts the data key under that grant, as the instance-infrastructure role, under the same request id. A key
//! that cannot be used refuses the call (`CustomerKeyHasBeenRevoked`), and the attachVolume event tells the cause.
//! Needs `ec2:AttachVolume` on volume and instance, and `kms:CreateGrant` on the key.
//! Source: EC2 API Reference, AttachVolume; a public CloudTrail record set for the order CreateGrant, Decrypt.

use crate::rows::{Attachment, Grant, Instance, Volume};
use crate::{attaching, find, jobs, shapes, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::instance;
use rules::lifecycle::volume::{self, AttachmentState, VolumeState};
use wire::generated::ec2::{AttachVolume as Op, AttachVolumeInput, AttachVolumeOutput};

pub struct AttachVolume;

impl Action for AttachVolume {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:AttachVolume";
    const KEYS: &'static [&'static str] = touched::keys::ATTACHMENT;

    fn check(input: &AttachVolumeInput) -> Result<(), Refusal> {
        find::check_volume_id(&input.volume_id)?;
        find::check_instance_id(&input.instance_id)?;
        attaching::check_device(&input.device)?;
        match input.ebs_card_index {
            None | Some(0) => Ok(()),
            Some(index) => Err(Refusal::new(
                "InvalidParameterValue",
                format!(
                    "Value ({index}) for parameter ebsCardIndex is invalid. The instance has one EBS card, 0."
                ),
            )),
        }
    }

    fn touches(cx: &mut Cx, input: &AttachVolumeInput) -> Answer<Vec<Touched>> {
        let volume = touched::volume::existing(cx, &input.volume_id)?;
        Ok(vec![volume, touched::instance::existing(cx, &input.instance_id)?])
    }

    fn handle(cx: &mut Cx, input: AttachVolumeInput) -> Answer<AttachVolumeOutput> {
        find::touch_volume(cx, &input.volume_id);
        find::touch_instance(cx, &input.instance_id);
        let mut row = find::volume(cx, &input.volume_id)?;
        let mut target = find::instance(cx, &input.instance_id)?;
        may_attach(&row, &target)?;
        attaching::device_is_free(cx, &target, &input.device)?;
        let grant = grant(cx, &row, &target.id)?;
        let attachment = Attachment {
            instance: target.id.clone(),
            device: input.device,
            state: AttachmentState::Attaching,
            attached: cx.now(),
            delete_on_termination: false,
            grant,
            uri: None,
            broken: None,
        };
        let response = shapes::attachment(&row, &attachment);
        row.state = VolumeState::InUse;
        if row.attachments.is_empty() {
            // Told after the last detachment: its last flush failed. The host opens the volume anew.
            row.read_only = None;
        }
        row.attachments.push(attachment);
        target.volumes.push(row.id.clone());
        cx.tx.put(&row)?;
        cx.tx.put(&target)?;
        jobs::attach_volume::enqueue(cx, &row.id, &target.id)?;
        Ok(response.into())
    }
}

fn may_attach(row: &Volume, target: &Instance) -> Result<(), Refusal> {
    instance::may_attach(&target.id, target.state)?;
    let held_by: Vec<&str> = row.attachments.iter().map(|a| a.instance.as_str()).collect();
    volume::may_attach(&row.id, row.state, &held_by, &target.id, row.multi_attach)?;
    if row.zone != target.zone {
        return Err(Refusal::new(
            "InvalidVolume.ZoneMismatch",
            format!(
                "The volume '{}' is not in the same availability zone as instance '{}'",
                row.id, target.id
            ),
        )
        .because(format!("the volume is in {}, the instance in {}", row.zone, target.zone)));
    }
    attaching::room_for_one_more(target)
}

/// Makes the instance's grant, or turns KMS's refusal into EC2's, with the event that tells why.
fn grant(cx: &mut Cx, row: &Volume, instance: &str) -> Answer<Option<Grant>> {
    match attaching::create_grant(cx, row, instance) {
        Err(api::Failure::Refused(refusal)) => Err(attaching::key_unusable(cx, row, &refusal)?.into()),
        other => other,
    }
}

#[cfg(test)]
#[path = "attach_volume_tests.rs"]
mod tests;
