//! DeleteVolume as wire text: store, row, wrapped key and client see the same end.

use crate::testing::{Bench, OTHER, attach_call, texts, xml};

#[test]
fn a_deleted_volume_is_gone_with_its_store_and_its_wrapped_key() {
    let bench = Bench::new();
    let (volume, _) = bench.encrypted_volume();
    let (_, body, request) = bench.call_as(&bench.root(), &format!("DeleteVolume&VolumeId={volume}"));
    assert_eq!(body, xml("DeleteVolume", "<return>true</return>"));
    assert_eq!(texts(&bench.ok(&format!("DescribeVolumes&VolumeId.1={volume}")), "status"), ["deleting"]);
    bench.run();
    let gone = format!("The volume '{volume}' does not exist.");
    bench.refused(&format!("DescribeVolumes&VolumeId.1={volume}"), "InvalidVolume.NotFound", &gone);
    assert_eq!(bench.host.stores.lock().unwrap().len(), 0);
    let former = bench.former(&volume).unwrap();
    assert_eq!((former.failure, former.volume.encryption.unwrap().wrapped_key), (None, None));
    assert_eq!(bench.told(&volume), ["createVolume available", "deleteVolume deleted"]);
    assert_eq!(bench.events().pop().unwrap()["detail"]["request-id"], request.as_str());
    assert_eq!(bench.kms_calls(), ["GenerateDataKeyWithoutPlaintext"], "nothing of the key is needed");
    bench.assert_tidy();
}

#[test]
fn a_second_deletion_finds_nothing() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = format!("DeleteVolume&VolumeId={volume}");
    let gone = format!("The volume '{volume}' does not exist.");
    bench.ok(&call);
    bench.refused(&call, "InvalidVolume.NotFound", &gone);
    bench.run();
    bench.refused(&call, "InvalidVolume.NotFound", &gone);
    assert_eq!(bench.host.asked().iter().filter(|c| c.starts_with("remove")).count(), 1);
}

#[test]
fn a_volume_in_use_is_not_deleted_while_attached_attaching_or_detaching() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    let call = format!("DeleteVolume&VolumeId={volume}");
    let message = format!("Volume {volume} is currently attached to {instance}");
    bench.ok(&attach_call(&volume, &instance));
    bench.refused(&call, "VolumeInUse", &message);
    bench.run();
    bench.refused(&call, "VolumeInUse", &message);
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    bench.refused(&call, "VolumeInUse", &message);
    bench.run();
    bench.ok(&call);
    bench.run();
    bench.assert_tidy();
}

#[test]
fn bad_ids_others_volumes_and_other_callers_are_refused() {
    let bench = Bench::new();
    let foreign =
        texts(&bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    bench.run();
    for id in ["vol-0123456789abcdef0", "vol-01234567", &foreign] {
        let gone = format!("The volume '{id}' does not exist.");
        bench.refused(&format!("DeleteVolume&VolumeId={id}"), "InvalidVolume.NotFound", &gone);
        bench.dry_run_passes(&format!("DeleteVolume&VolumeId={id}"));
    }
    for id in ["vol-", "i-0123456789abcdef0", "..", "vol-0123456789ABCDEF0"] {
        let message = format!("Value ({id}) for parameter volumeId is invalid. Expected: 'vol-...'.");
        bench.refused(&format!("DeleteVolume&VolumeId={id}"), "InvalidParameterValue", &message);
    }
    assert_eq!(bench.row(&foreign).unwrap().state.as_str(), "available");
    let arn = "arn:aws:ec2:us-east-1:111122223333:volume/vol-0123456789abcdef0";
    bench.only_root_may("DeleteVolume&VolumeId=vol-0123456789abcdef0", "ec2:DeleteVolume", arn);
}
