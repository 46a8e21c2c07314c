//! Which condition keys the actions of EC2 set, by what they touch. Declared by each action, so that a policy's author, the simulator
//! and the tests can know them.

/// No resource.
pub const ANY: &[&str] = &["ec2:Region"];

/// A volume that exists.
pub const VOLUME: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:Encrypted",
    "ec2:ParentSnapshot",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// A volume, some attributes of which are changed or looked at.
pub const VOLUME_ATTRIBUTE: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:Attribute",
    "ec2:Attribute/",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:Encrypted",
    "ec2:ParentSnapshot",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// A volume and an instance.
pub const ATTACHMENT: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:EbsOptimized",
    "ec2:Encrypted",
    "ec2:InstanceID",
    "ec2:InstanceProfile",
    "ec2:InstanceType",
    "ec2:ParentSnapshot",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:RootDeviceType",
    "ec2:Tenancy",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// An instance.
pub const INSTANCE: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:EbsOptimized",
    "ec2:InstanceID",
    "ec2:InstanceProfile",
    "ec2:InstanceType",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:RootDeviceType",
    "ec2:Tenancy",
];

/// CreateVolume: the volume, perhaps its snapshot.
pub const NEW_VOLUME: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:CreateAction",
    "ec2:Encrypted",
    "ec2:KmsKeyId",
    "ec2:Owner",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// RunInstances: everything that a launch is made of. (No `ec2:KmsKeyId`.)
pub const LAUNCH: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:CreateAction",
    "ec2:EbsOptimized",
    "ec2:Encrypted",
    "ec2:ImageID",
    "ec2:InstanceProfile",
    "ec2:InstanceType",
    "ec2:IsLaunchTemplateResource",
    "ec2:Owner",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:RootDeviceType",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:Tenancy",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// A snapshot that exists.
pub const SNAPSHOT: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:Encrypted",
    "ec2:Owner",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:VolumeSize",
];

/// Describe- and ResetSnapshotAttribute.
pub const SNAPSHOT_ATTRIBUTE: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:Attribute",
    "ec2:Encrypted",
    "ec2:Owner",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:VolumeSize",
];

/// ModifySnapshotAttribute.
pub const SHARING: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:Add/group",
    "ec2:Add/userId",
    "ec2:Attribute",
    "ec2:Encrypted",
    "ec2:Owner",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:Remove/group",
    "ec2:Remove/userId",
    "ec2:ResourceTag/",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:VolumeSize",
];

/// LockSnapshot.
pub const LOCK: &[&str] = &[
    "aws:ResourceTag/",
    "ec2:Encrypted",
    "ec2:Owner",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:SnapshotCoolOffPeriod",
    "ec2:SnapshotID",
    "ec2:SnapshotLockDuration",
    "ec2:SnapshotTime",
    "ec2:VolumeSize",
];

/// CreateSnapshot: the snapshot and its volume.
pub const NEW_SNAPSHOT: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:CreateAction",
    "ec2:Encrypted",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// CreateSnapshots: the instance too.
pub const NEW_SNAPSHOTS: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:CreateAction",
    "ec2:EbsOptimized",
    "ec2:Encrypted",
    "ec2:InstanceID",
    "ec2:InstanceProfile",
    "ec2:InstanceType",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:RootDeviceType",
    "ec2:Tenancy",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];

/// CopySnapshot: the copy and the source.
pub const COPY: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:CreateAction",
    "ec2:Encrypted",
    "ec2:Owner",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:VolumeSize",
];

/// CreateTags and DeleteTags: volumes, snapshots and instances.
pub const TAGGED: &[&str] = &[
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:TagKeys",
    "ec2:AvailabilityZone",
    "ec2:AvailabilityZoneId",
    "ec2:EbsOptimized",
    "ec2:Encrypted",
    "ec2:InstanceID",
    "ec2:InstanceProfile",
    "ec2:InstanceType",
    "ec2:Owner",
    "ec2:ParentSnapshot",
    "ec2:ParentVolume",
    "ec2:Region",
    "ec2:ResourceTag/",
    "ec2:RootDeviceType",
    "ec2:SnapshotID",
    "ec2:SnapshotTime",
    "ec2:Tenancy",
    "ec2:VolumeID",
    "ec2:VolumeInitializationRate",
    "ec2:VolumeIops",
    "ec2:VolumeSize",
    "ec2:VolumeThroughput",
    "ec2:VolumeType",
];
