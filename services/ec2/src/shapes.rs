//! From rows to EC2's response shapes. One place, so that every action shows a resource the same way.

use crate::rows::{Attachment, Instance, StateReason, Volume};
use base::Tag;
use rules::lifecycle::volume::AttachmentState;
use wire::generated::ec2 as shape;

/// A volume as DescribeVolumes shows it.
pub fn volume(row: &Volume) -> shape::Volume {
    shape::Volume {
        volume_id: Some(row.id.clone()),
        size: i32::try_from(row.size_gib).ok(),
        // An empty element, not an absent one: clients die without it.
        snapshot_id: Some(String::new()),
        availability_zone: Some(row.zone.clone()),
        availability_zone_id: zone_id(row),
        state: Some(row.state.as_str().to_owned()),
        create_time: Some(row.created),
        attachments: Some(row.attachments.iter().map(|a| attachment(row, a)).collect()),
        encrypted: Some(row.encryption.is_some()),
        kms_key_id: row.encryption.as_ref().map(|e| e.key_arn.clone()),
        iops: row.iops,
        throughput: row.throughput,
        volume_type: Some(row.volume_type.clone()),
        multi_attach_enabled: Some(row.multi_attach),
        tags: tags(&row.tags),
        ..Default::default()
    }
}

/// `use1-az1` for a row's `us-east-1a`.
pub fn zone_id(row: &Volume) -> Option<String> {
    let zone = rules::places::zone_named(&row.region, &row.zone)?;
    Some(rules::places::find(row.region.as_str())?.zone_id(zone.letter))
}

/// One attachment of a volume.
pub fn attachment(row: &Volume, a: &Attachment) -> shape::VolumeAttachment {
    shape::VolumeAttachment {
        volume_id: Some(row.id.clone()),
        instance_id: Some(a.instance.clone()),
        device: Some(a.device.clone()),
        state: Some(a.state.as_str().to_owned()),
        attach_time: Some(a.attached),
        delete_on_termination: Some(a.delete_on_termination),
        ..Default::default()
    }
}

/// Tags; absent when there are none, as EC2 does for volumes and instances.
pub fn tags(tags: &[Tag]) -> Option<Vec<shape::Tag>> {
    if tags.is_empty() {
        return None;
    }
    let one = |t: &Tag| shape::Tag { key: Some(t.key.clone()), value: Some(t.value.clone()) };
    Some(tags.iter().map(one).collect())
}

/// Tags as a request sends them.
pub fn read_tags(tags: Option<&Vec<shape::Tag>>) -> Vec<Tag> {
    tags.into_iter()
        .flatten()
        .map(|t| Tag { key: t.key.clone().unwrap_or_default(), value: t.value.clone().unwrap_or_default() })
        .collect()
}

/// An instance; `volumes` are the rows of its volumes.
pub fn instance(row: &Instance, volumes: &[Volume]) -> shape::Instance {
    let mappings =
        volumes.iter().filter_map(|v| Some((v, v.attachment(&row.id)?))).map(|(v, a)| mapping(v, a));
    shape::Instance {
        instance_id: Some(row.id.clone()),
        image_id: Some(row.image.clone()),
        instance_type: Some(row.instance_type.clone()),
        ami_launch_index: Some(row.launch_index),
        launch_time: Some(row.launched),
        state: Some(state(row.state)),
        state_reason: row.state_reason.as_ref().map(state_reason),
        state_transition_reason: Some(row.transition_reason.clone()),
        placement: Some(shape::Placement {
            availability_zone: Some(row.zone.clone()),
            tenancy: Some("default".into()),
            group_name: Some(String::new()),
            ..Default::default()
        }),
        monitoring: Some(shape::Monitoring { state: Some("disabled".into()), ..Default::default() }),
        block_device_mappings: Some(mappings.collect()),
        architecture: Some("x86_64".into()),
        root_device_type: Some("ebs".into()),
        root_device_name: Some("/dev/xvda".into()),
        virtualization_type: Some("hvm".into()),
        hypervisor: Some("xen".into()),
        ebs_optimized: Some(false),
        private_dns_name: Some(String::new()),
        public_dns_name: Some(String::new()),
        product_codes: Some(Vec::new()),
        security_groups: Some(Vec::new()),
        network_interfaces: Some(Vec::new()),
        tags: tags(&row.tags),
        ..Default::default()
    }
}

fn mapping(volume: &Volume, a: &Attachment) -> shape::InstanceBlockDeviceMapping {
    shape::InstanceBlockDeviceMapping {
        device_name: Some(a.device.clone()),
        ebs: Some(shape::EbsInstanceBlockDevice {
            volume_id: Some(volume.id.clone()),
            status: Some(
                match a.state {
                    AttachmentState::Attaching => "attaching",
                    AttachmentState::Attached => "attached",
                    AttachmentState::Detaching => "detaching",
                }
                .to_owned(),
            ),
            attach_time: Some(a.attached),
            delete_on_termination: Some(a.delete_on_termination),
            ..Default::default()
        }),
    }
}

/// A state with its code.
pub fn state(state: rules::lifecycle::instance::InstanceState) -> shape::InstanceState {
    shape::InstanceState { code: Some(state.code()), name: Some(state.as_str().to_owned()) }
}

fn state_reason(reason: &StateReason) -> shape::StateReason {
    shape::StateReason { code: Some(reason.code.clone()), message: Some(reason.message.clone()) }
}
