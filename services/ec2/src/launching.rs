//! The volumes of a launch: what the block device mappings ask for, and the rows that come of it.

use crate::making::{Decided, Family, Wanted};
use crate::rows::{Attachment, Instance, Volume};
use crate::{attaching, jobs};
use api::{Answer, Cx};
use base::{Refusal, Tag};
use rules::lifecycle::volume::AttachmentState;
use rules::volume_types;
use wire::generated::ec2::{BlockDeviceMapping, EbsBlockDevice, RunInstancesInput};

/// One volume that a launch makes.
pub struct Plan<V> {
    device: String,
    delete_on_termination: bool,
    volume: V,
}

/// Reads and checks the mappings. `NoDevice` and instance-store entries make no volume.
pub fn plans(mappings: Option<&Vec<BlockDeviceMapping>>) -> Result<Vec<Plan<Wanted<'_>>>, Refusal> {
    let mut plans: Vec<Plan<Wanted<'_>>> = Vec::new();
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
        let volume = wanted(ebs);
        volume.check()?;
        // Volumes that the image did not bring are kept unless the mapping says otherwise.
        let delete_on_termination = ebs.delete_on_termination.unwrap_or(false);
        plans.push(Plan { device, delete_on_termination, volume });
    }
    Ok(plans)
}

/// The volumes that the request asks for, in the order of its mappings.
pub fn volumes(input: &RunInstancesInput) -> Result<Vec<Wanted<'_>>, Refusal> {
    Ok(plans(input.block_device_mappings.as_ref())?.into_iter().map(|plan| plan.volume).collect())
}

fn wanted(ebs: &EbsBlockDevice) -> Wanted<'_> {
    Wanted {
        family: Family::Launch,
        shape: volume_types::Asked {
            volume_type: ebs.volume_type.as_deref(),
            size_gib: ebs.volume_size,
            iops: ebs.iops,
            throughput: ebs.throughput,
            multi_attach: false,
        },
        encrypted: ebs.encrypted,
        key: ebs.kms_key_id.as_deref(),
        snapshot: ebs.snapshot_id.as_deref(),
        rate: ebs.volume_initialization_rate,
    }
}

/// Decides what each volume will be, once for all instances of the launch.
pub fn decide(cx: &mut Cx, plans: Vec<Plan<Wanted<'_>>>) -> Answer<Vec<Plan<Decided>>> {
    plans
        .into_iter()
        .map(|p| {
            let Plan { device, delete_on_termination, volume } = p;
            Ok(Plan { device, delete_on_termination, volume: volume.decide(cx)? })
        })
        .collect()
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
pub fn add_volumes(
    cx: &mut Cx,
    instance: &mut Instance,
    plans: &[Plan<Decided>],
    tags: &[Tag],
) -> Answer<()> {
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
        let volume = Volume {
            tags: tags.to_vec(),
            attachments: vec![attachment],
            ..plan.volume.row(cx, &instance.zone)?
        };
        cx.tx.put(&volume)?;
        jobs::create_volume::enqueue(cx, &volume.id)?;
        jobs::attach_volume::enqueue(cx, &volume.id, &instance.id)?;
        instance.volumes.push(volume.id);
    }
    Ok(())
}
