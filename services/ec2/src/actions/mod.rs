//! One file per action, named as the action.

pub mod attach_volume;
pub mod copy_snapshot;
pub mod create_snapshot;
pub mod create_snapshots;
pub mod create_tags;
pub mod create_volume;
pub mod delete_snapshot;
pub mod delete_tags;
pub mod delete_volume;
pub mod describe_availability_zones;
pub mod describe_fast_snapshot_restores;
pub mod describe_instances;
pub mod describe_locked_snapshots;
pub mod describe_regions;
pub mod describe_snapshot_attribute;
pub mod describe_snapshots;
pub mod describe_tags;
pub mod describe_volume_attribute;
pub mod describe_volume_status;
pub mod describe_volumes;
pub mod describe_volumes_modifications;
pub mod detach_volume;
pub mod disable_ebs_encryption_by_default;
pub mod disable_fast_snapshot_restores;
pub mod disable_snapshot_block_public_access;
pub mod enable_ebs_encryption_by_default;
pub mod enable_fast_snapshot_restores;
pub mod enable_snapshot_block_public_access;
pub mod enable_volume_io;
pub mod get_ebs_default_kms_key_id;
pub mod get_ebs_encryption_by_default;
pub mod get_snapshot_block_public_access_state;
pub mod lock_snapshot;
pub mod modify_ebs_default_kms_key_id;
pub mod modify_snapshot_attribute;
pub mod modify_volume;
pub mod modify_volume_attribute;
pub mod reset_ebs_default_kms_key_id;
pub mod reset_snapshot_attribute;
pub mod run_instances;
pub mod terminate_instances;
pub mod unlock_snapshot;

use api::{Entry, entry};

/// The service's table of actions.
pub fn table() -> Vec<Entry> {
    vec![
        entry::<attach_volume::AttachVolume>(),
        entry::<copy_snapshot::CopySnapshot>(),
        entry::<create_snapshot::CreateSnapshot>(),
        entry::<create_snapshots::CreateSnapshots>(),
        entry::<create_tags::CreateTags>(),
        entry::<create_volume::CreateVolume>(),
        entry::<delete_snapshot::DeleteSnapshot>(),
        entry::<delete_tags::DeleteTags>(),
        entry::<delete_volume::DeleteVolume>(),
        entry::<describe_availability_zones::DescribeAvailabilityZones>(),
        entry::<describe_fast_snapshot_restores::DescribeFastSnapshotRestores>(),
        entry::<describe_instances::DescribeInstances>(),
        entry::<describe_locked_snapshots::DescribeLockedSnapshots>(),
        entry::<describe_regions::DescribeRegions>(),
        entry::<describe_snapshot_attribute::DescribeSnapshotAttribute>(),
        entry::<describe_snapshots::DescribeSnapshots>(),
        entry::<describe_tags::DescribeTags>(),
        entry::<describe_volume_attribute::DescribeVolumeAttribute>(),
        entry::<describe_volume_status::DescribeVolumeStatus>(),
        entry::<describe_volumes::DescribeVolumes>(),
        entry::<describe_volumes_modifications::DescribeVolumesModifications>(),
        entry::<detach_volume::DetachVolume>(),
        entry::<disable_ebs_encryption_by_default::DisableEbsEncryptionByDefault>(),
        entry::<disable_fast_snapshot_restores::DisableFastSnapshotRestores>(),
        entry::<disable_snapshot_block_public_access::DisableSnapshotBlockPublicAccess>(),
        entry::<enable_ebs_encryption_by_default::EnableEbsEncryptionByDefault>(),
        entry::<enable_fast_snapshot_restores::EnableFastSnapshotRestores>(),
        entry::<enable_snapshot_block_public_access::EnableSnapshotBlockPublicAccess>(),
        entry::<enable_volume_io::EnableVolumeIO>(),
        entry::<get_ebs_default_kms_key_id::GetEbsDefaultKmsKeyId>(),
        entry::<get_ebs_encryption_by_default::GetEbsEncryptionByDefault>(),
        entry::<get_snapshot_block_public_access_state::GetSnapshotBlockPublicAccessState>(),
        entry::<lock_snapshot::LockSnapshot>(),
        entry::<modify_ebs_default_kms_key_id::ModifyEbsDefaultKmsKeyId>(),
        entry::<modify_snapshot_attribute::ModifySnapshotAttribute>(),
        entry::<modify_volume::ModifyVolume>(),
        entry::<modify_volume_attribute::ModifyVolumeAttribute>(),
        entry::<reset_ebs_default_kms_key_id::ResetEbsDefaultKmsKeyId>(),
        entry::<reset_snapshot_attribute::ResetSnapshotAttribute>(),
        entry::<run_instances::RunInstances>(),
        entry::<terminate_instances::TerminateInstances>(),
        entry::<unlock_snapshot::UnlockSnapshot>(),
    ]
}
