//! One file per action, named as the action.

pub mod attach_volume;
pub mod create_tags;
pub mod create_volume;
pub mod delete_tags;
pub mod delete_volume;
pub mod describe_availability_zones;
pub mod describe_instances;
pub mod describe_regions;
pub mod describe_tags;
pub mod describe_volume_status;
pub mod describe_volumes;
pub mod detach_volume;
pub mod run_instances;
pub mod terminate_instances;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<attach_volume::AttachVolume>(),
        entry::<create_tags::CreateTags>(),
        entry::<create_volume::CreateVolume>(),
        entry::<delete_tags::DeleteTags>(),
        entry::<delete_volume::DeleteVolume>(),
        entry::<describe_availability_zones::DescribeAvailabilityZones>(),
        entry::<describe_instances::DescribeInstances>(),
        entry::<describe_regions::DescribeRegions>(),
        entry::<describe_tags::DescribeTags>(),
        entry::<describe_volume_status::DescribeVolumeStatus>(),
        entry::<describe_volumes::DescribeVolumes>(),
        entry::<detach_volume::DetachVolume>(),
        entry::<run_instances::RunInstances>(),
        entry::<terminate_instances::TerminateInstances>(),
    ]
}
