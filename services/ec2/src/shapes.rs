//! From rows to EC2's response shapes. One place, so that every action shows a resource the same way.

use crate::rows::{Attachment, Instance, Modification, Performance, Snapshot, StateReason, Volume};
use base::{AccountId, Tag};
use rules::lifecycle::snapshot::SnapshotState;
use rules::lifecycle::volume::AttachmentState;
use wire::generated::ec2 as shape;

/// Where the root volume of every instance is.
pub const ROOT_DEVICE: &str = "/dev/xvda";

/// A volume as DescribeVolumes shows it.
pub fn volume(row: &Volume) -> shape::Volume {
    shape::Volume {
        volume_id: Some(row.id.clone()),
        size: i32::try_from(row.size_gib).ok(),
        // An empty element for a volume from no snapshot, not an absent one: clients die without it.
        snapshot_id: Some(row.source.as_ref().map_or_else(String::new, |s| s.snapshot.clone())),
        fast_restored: row.source.as_ref().filter(|s| s.fast).map(|_| true),
        volume_initialization_rate: row.source.as_ref().and_then(|s| s.rate),
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

/// One modification of a volume.
pub fn modification(row: &Modification) -> shape::VolumeModification {
    let (before, after) = (&row.before, &row.after);
    let size = |p: &Performance| i32::try_from(p.size_gib).ok();
    shape::VolumeModification {
        volume_id: Some(row.volume.clone()),
        modification_state: Some(row.state.as_str().to_owned()),
        status_message: row.message.clone(),
        target_size: size(after),
        target_iops: after.iops,
        target_volume_type: Some(after.volume_type.clone()),
        target_throughput: after.throughput,
        target_multi_attach_enabled: Some(after.multi_attach),
        original_size: size(before),
        original_iops: before.iops,
        original_volume_type: Some(before.volume_type.clone()),
        original_throughput: before.throughput,
        original_multi_attach_enabled: Some(before.multi_attach),
        progress: Some(i64::from(row.progress)),
        start_time: Some(row.started),
        end_time: row.ended,
        ..Default::default()
    }
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

/// A snapshot as DescribeSnapshots shows it to `viewer`. Tags are the owner's: nobody else sees them.
pub fn snapshot(row: &Snapshot, viewer: &AccountId) -> shape::Snapshot {
    let completed = row.state == SnapshotState::Completed;
    let copy = row.copied();
    shape::Snapshot {
        snapshot_id: Some(row.id.clone()),
        volume_id: Some(row.volume.clone()),
        volume_size: i32::try_from(row.size_gib).ok(),
        state: Some(row.state.as_str().to_owned()),
        state_message: row.state_message.clone(),
        start_time: Some(row.started),
        completion_time: row.completed,
        progress: Some(rules::lifecycle::snapshot::progress(row.state, u64::from(row.progress), 100)),
        owner_id: Some(row.account.to_string()),
        description: Some(row.description.clone()),
        encrypted: Some(row.encryption.is_some()),
        kms_key_id: row.encryption.as_ref().map(|e| e.key_arn.clone()),
        // A copy that failed before it had a data key has none to show.
        data_encryption_key_id: row
            .encryption
            .as_ref()
            .filter(|e| e.wrapped_key.is_some())
            .map(|_| row.lineage.clone()),
        storage_tier: Some("standard".to_owned()),
        transfer_type: copy.map(|c| transfer_type(c.completion_minutes).to_owned()),
        completion_duration_minutes: copy.and_then(|c| i32::try_from(c.completion_minutes?).ok()),
        full_snapshot_size_in_bytes: completed
            .then(|| i64::try_from(row.sizes.full_bytes).unwrap_or(i64::MAX)),
        tags: (row.account == *viewer).then(|| tags(&row.tags)).flatten(),
        ..Default::default()
    }
}

/// A new snapshot as CreateSnapshot answers: without a key, with an empty progress, with a list of tags even if there are none
/// (recorded of AWS).
pub fn new_snapshot(row: &Snapshot) -> shape::Snapshot {
    shape::Snapshot {
        snapshot_id: Some(row.id.clone()),
        volume_id: Some(row.volume.clone()),
        volume_size: i32::try_from(row.size_gib).ok(),
        state: Some(row.state.as_str().to_owned()),
        start_time: Some(row.started),
        progress: Some(String::new()),
        owner_id: Some(row.account.to_string()),
        description: Some(row.description.clone()),
        encrypted: Some(row.encryption.is_some()),
        tags: Some(tags(&row.tags).unwrap_or_default()),
        ..Default::default()
    }
}

/// The same as CreateSnapshots answers.
pub fn snapshot_info(row: &Snapshot) -> shape::SnapshotInfo {
    let new = new_snapshot(row);
    shape::SnapshotInfo {
        snapshot_id: new.snapshot_id,
        volume_id: new.volume_id,
        volume_size: new.volume_size,
        state: new.state,
        start_time: new.start_time,
        progress: new.progress,
        owner_id: new.owner_id,
        description: new.description,
        encrypted: new.encrypted,
        tags: new.tags,
        ..Default::default()
    }
}

/// How a copy goes: with a wished duration or as it comes.
pub fn transfer_type(completion_minutes: Option<u32>) -> &'static str {
    if completion_minutes.is_some() { "time-based" } else { "standard" }
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
        iam_instance_profile: row.profile.as_ref().map(|profile| shape::IamInstanceProfile {
            arn: Some(profile.arn.clone()),
            id: Some(profile.id.clone()),
        }),
        block_device_mappings: Some(mappings.collect()),
        architecture: Some("x86_64".into()),
        root_device_type: Some("ebs".into()),
        root_device_name: Some(ROOT_DEVICE.into()),
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
