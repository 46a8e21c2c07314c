//! The volumes of a launch: what the block device mappings ask for, and the rows that come of it.

use crate::actions::create_volume::{DEFAULT_EBS_KEY, new_volume, with_context};
use crate::rows::{Attachment, Instance, Volume};
use crate::{attaching, jobs};
use api::{Answer, Cx};
use base::{Refusal, Tag};
use rules::encryption::{self, Outcome, Source};
use rules::lifecycle::volume::AttachmentState;
use rules::volume_types::{self, Shape};
use wire::generated::ec2::{BlockDeviceMapping, RunInstancesInput};

/// One volume that a launch makes.
pub struct Plan {
    device: String,
    shape: Shape,
    outcome: Outcome,
    delete_on_termination: bool,
}

/// Reads and checks the mappings. `NoDevice` and instance-store entries make no volume.
pub fn plans(mappings: Option<&Vec<BlockDeviceMapping>>) -> Result<Vec<Plan>, Refusal> {
    let mut plans: Vec<Plan> = Vec::new();
    for mapping in mappings.into_iter().flatten() {
        let device = mapping.device_name.clone().unwrap_or_default();
        attaching::check_device(&device)?;
        if mapping.no_device.is_some() || mapping.virtual_name.is_some() {
            continue;
        }
        let bad = |message: String| Refusal::new("InvalidBlockDeviceMapping", message);
        if plans.iter().any(|p| p.device == device) {
            return Err(bad(format!("The device '{device}' is used in more than one block-device mapping")));
        }
        let ebs =
            mapping.ebs.as_ref().ok_or_else(|| bad(format!("The mapping of '{device}' names no volume")))?;
        if ebs.snapshot_id.as_deref().is_some_and(|s| !s.is_empty()) {
            return Err(Refusal::new("InvalidSnapshot.NotFound", "Snapshot does not exist"));
        }
        let shape = volume_types::shape(volume_types::Asked {
            volume_type: ebs.volume_type.as_deref(),
            size_gib: ebs.volume_size,
            iops: ebs.iops,
            throughput: ebs.throughput,
            multi_attach: false,
        })?;
        let outcome = encryption::create(encryption::Asked {
            encrypted: ebs.encrypted,
            key: ebs.kms_key_id.as_deref(),
            by_default: false,
            default_key: DEFAULT_EBS_KEY,
            source: Source::Unencrypted,
        })
        // RunInstances prints this one message without brackets (recorded).
        .map_err(|mut r| {
            r.message = r.message.replace("[KmsKeyId]", "KmsKeyId");
            r
        })?;
        // Volumes that the image did not bring are kept unless the mapping says otherwise.
        let delete_on_termination = ebs.delete_on_termination.unwrap_or(false);
        plans.push(Plan { device, shape, outcome, delete_on_termination });
    }
    Ok(plans)
}

/// The zone of the launch: as asked, else the Region's first.
pub fn zone(cx: &Cx, input: &RunInstancesInput) -> Result<String, Refusal> {
    let asked =
        input.placement.as_ref().and_then(|p| p.availability_zone.as_deref()).filter(|z| !z.is_empty());
    let Some(name) = asked else { return Ok(format!("{}a", cx.region())) };
    match rules::places::zone_named(cx.region(), name) {
        Some(zone) => Ok(zone.to_string()),
        None => Err(Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{name}]"))),
    }
}

/// Writes the rows of the launch's volumes, already bound to the instance, and enqueues their creation and attachment. The
/// attach job waits its turn behind the creation, in the volume's own line.
pub fn add_volumes(cx: &mut Cx, instance: &mut Instance, plans: &[Plan], tags: &[Tag]) -> Answer<()> {
    for plan in plans {
        let attachment = Attachment {
            instance: instance.id.clone(),
            device: plan.device.clone(),
            state: AttachmentState::Attaching,
            attached: cx.now(),
            delete_on_termination: plan.delete_on_termination,
            grant: None,
            uri: None,
            broken: None,
        };
        let volume = with_context(Volume {
            id: cx.door.env.ids.resource("vol"),
            zone: instance.zone.clone(),
            tags: tags.to_vec(),
            attachments: vec![attachment],
            ..new_volume(cx, plan.shape.clone(), plan.outcome.clone())?
        });
        cx.tx.put(&volume)?;
        jobs::create_volume::enqueue(cx, &volume.id)?;
        jobs::attach_volume::enqueue(cx, &volume.id, &instance.id)?;
        instance.volumes.push(volume.id);
    }
    Ok(())
}
