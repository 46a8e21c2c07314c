//! Forms, as EC2 and STS read them.

use super::requests::decode;
use crate::engine::Target;
use bytes::Bytes;
use wire::Call;
use wire::generated::{ec2, sts};

const SEEDS: [&str; 6] = [
    "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-east-1a&Size=8&VolumeType=gp3&Encrypted=true\
     &KmsKeyId=alias%2Fx&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=a\
     &TagSpecification.1.Tag.1.Value=b&ClientToken=t&DryRun=false",
    "Action=RunInstances&Version=2016-11-15&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1\
     &BlockDeviceMapping.1.DeviceName=%2Fdev%2Fsdf&BlockDeviceMapping.1.Ebs.VolumeSize=1\
     &BlockDeviceMapping.2.DeviceName=%2Fdev%2Fsdg&BlockDeviceMapping.2.NoDevice=&Placement.AvailabilityZone=us-east-1a",
    "Action=DescribeVolumes&Version=2016-11-15&Filter.1.Name=size&Filter.1.Value.1=1&Filter.1.Value.10=2&MaxResults=5\
     &VolumeId.1=vol-0123456789abcdef0&NextToken=AQ",
    "Action=CreateTags&Version=2016-11-15&ResourceId.1=vol-0123456789abcdef0&Tag.1.Key=%C3%BC&Tag.1.Value=%3C%26",
    "Action=AttachVolume&Version=2016-11-15&VolumeId=vol-0123456789abcdef0&InstanceId=i-0123456789abcdef0&Device=%2Fdev%2Fsdf",
    "Action=GetCallerIdentity&Version=2011-06-15",
];

const WORDS: [&[u8]; 14] = [
    b"&",
    b"=",
    b".1",
    b".",
    b"%",
    b"%00",
    b"%ff",
    b"+",
    b"&Action=",
    b".99999999",
    b"Filter.1.Value.1=",
    b".0",
    b"&Tag.1.Key=",
    b"Size=-2147483649",
];

pub fn target() -> Target {
    Target {
        name: "form",
        seeds: SEEDS.iter().map(|s| s.as_bytes().to_vec()).collect(),
        words: WORDS.to_vec(),
        length_max: 8192,
        memory_max: 16 << 20,
        run: Box::new(|input| {
            let call = Call {
                method: "POST".into(),
                path: "/".into(),
                headers: vec![(
                    "content-type".into(),
                    "application/x-www-form-urlencoded; charset=utf-8".into(),
                )],
                body: Bytes::copy_from_slice(input),
                ..Default::default()
            };
            decode(&ec2::SERVICE, &call);
            decode(&sts::SERVICE, &call);
        }),
    }
}
