//! Every operation of a service, decoded from one call: a macro makes the list, so that no target forgets one.

use wire::{Call, Input, Service};

/// Decodes the call as the operation it names; a refusal is turned into an answer, because that is read from outside too.
pub fn decode(service: &'static Service, call: &Call) {
    let refusal = match wire::operation_name(service, call) {
        Err(refusal) => Some(refusal),
        Ok(name) => one_of(service, &name, call),
    };
    if let Some(refusal) = refusal {
        let reply = wire::encode_refusal(service, &refusal, "11111111-2222-4333-8444-555555555555");
        assert!((400..500).contains(&reply.status), "a bad request is the client's fault: {}", reply.status);
        assert!(std::str::from_utf8(&reply.body).is_ok(), "answers are text");
    }
}

macro_rules! operations {
    ($($service:ident { $($operation:ident),* $(,)? })*) => {
        fn one_of(service: &'static Service, name: &str, call: &Call) -> Option<base::Refusal> {
            match (service.name, name) {
                $($((stringify!($service), stringify!($operation)) => {
                    read::<<wire::generated::$service::$operation as wire::Operation>::Input>(call)
                })*)*
                _ => None,
            }
        }
    };
}

operations! {
    ec2 {
        AttachVolume, CreateTags, CreateVolume, DeleteTags, DeleteVolume, DescribeAvailabilityZones, DescribeInstanceStatus,
        DescribeInstances, DescribeRegions, DescribeTags, DescribeVolumeStatus, DescribeVolumes, DetachVolume, RunInstances,
        StartInstances, StopInstances, TerminateInstances,
    }
    kms {
        CancelKeyDeletion, CreateAlias, CreateGrant, CreateKey, Decrypt, DeleteAlias, DescribeKey, DisableKey, EnableKey,
        Encrypt, GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom, GetKeyPolicy, GetKeyRotationStatus,
        GetPublicKey, ListAliases, ListGrants, ListKeyPolicies, ListKeys, ListResourceTags, ListRetirableGrants, ReEncrypt,
        RetireGrant, RevokeGrant, ScheduleKeyDeletion, TagResource, UntagResource, UpdateAlias, UpdateKeyDescription,
    }
    cloudtrail { LookupEvents }
    sts { GetCallerIdentity }
    ebs {
        CompleteSnapshot, GetSnapshotBlock, ListChangedBlocks, ListSnapshotBlocks, PutSnapshotBlock, StartSnapshot,
    }
    sealvol { DescribeDevice, Explain }
}

fn read<T: Input>(call: &Call) -> Option<base::Refusal> {
    match T::decode(call) {
        Ok(input) => {
            // What was understood is written into the trail; that must not break either.
            let _ = input.trail();
            let _ = input.dry_run();
            None
        }
        Err(refusal) => Some(refusal),
    }
}
