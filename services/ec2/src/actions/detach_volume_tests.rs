//! DetachVolume as wire text: the grant is retired by EC2, and the volume is free.

use crate::testing::{Bench, attach_call, texts, xml};
use serde_json::json;

#[test]
fn a_detachment_is_answered_as_aws_answers_and_frees_the_volume() {
    let bench = Bench::new();
    let (volume, instance, _) = bench.attached();
    bench.host.asked();
    let body = bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    let time = texts(&body, "attachTime").remove(0);
    let expected = xml(
        "DetachVolume",
        &format!(
            "<deleteOnTermination>false</deleteOnTermination>
             <volumeId>{volume}</volumeId>
             <instanceId>{instance}</instanceId>
             <device>/dev/sdf</device>
             <status>detaching</status>
             <attachTime>{time}</attachTime>"
        ),
    );
    assert_eq!(body, expected);
    assert_eq!(bench.host.asked(), [""; 0], "the call itself touches no device");
    bench.run();
    assert_eq!(bench.host.asked(), [format!("detach {volume} {instance}")]);
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
    assert_eq!(bench.instance_row(&instance).volumes, [""; 0]);
    assert_eq!(bench.told(&volume), ["createVolume available"], "there is no detach event");
    bench.assert_tidy();
}

#[test]
fn ec2_retires_the_grant_in_its_own_name() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    let grant = bench.grants().remove(0).grant_id;
    let (_, _, request) = bench.call_as(&bench.root(), &format!("DetachVolume&VolumeId={volume}"));
    assert_eq!(bench.grants().len(), 1, "not before the device is gone");
    bench.run();
    let mut record = bench.record("RetireGrant");
    assert!(record["eventID"].take().is_string() && record["eventTime"].take().is_string());
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AWSService", "invokedBy": "AWS Internal"},
        "eventTime": null,
        "eventSource": "kms.amazonaws.com",
        "eventName": "RetireGrant",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": null,
        "responseElements": null,
        "additionalEventData": {"grantId": grant},
        "requestID": request,
        "eventID": null,
        "readOnly": false,
        "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key}],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "vpcEndpointId": "AWS Internal",
        "vpcEndpointAccountId": "AWS Internal",
    });
    assert_eq!(record, expected);
    assert_eq!(bench.grants().len(), 0);
}

#[test]
fn a_volume_can_be_attached_again_elsewhere_under_a_new_grant() {
    let bench = Bench::new();
    let (volume, _, _) = bench.attached();
    let first = bench.grants().remove(0).grant_id;
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    bench.run();
    let other = bench.instance();
    bench.attach(&volume, &other);
    let grants = bench.grants();
    assert!(grants.len() == 1 && grants[0].grant_id != first && grants[0].grantee.ends_with(&other));
    bench.assert_tidy();
}

#[test]
fn nothing_of_the_key_is_needed_to_detach() {
    for trouble in ["DisableKey", "ScheduleKeyDeletion", "RevokeGrant", "deleted"] {
        let bench = Bench::new();
        let (volume, _, key) = bench.attached();
        let id = key.rsplit('/').next().unwrap();
        let grant = bench.grants().remove(0).grant_id;
        match trouble {
            "RevokeGrant" => drop(bench.kms("RevokeGrant", json!({"KeyId": id, "GrantId": grant}))),
            "deleted" => {
                bench.kms("ScheduleKeyDeletion", json!({"KeyId": id, "PendingWindowInDays": 7}));
                bench.clock.advance(std::time::Duration::from_secs(8 * 86_400));
                assert_eq!(kms::deletion::destroy_due(&bench.door).unwrap(), 1);
            }
            operation => drop(bench.kms(operation, json!({"KeyId": id}))),
        }
        bench.ok(&format!("DetachVolume&VolumeId={volume}"));
        bench.run();
        assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available", "{trouble}");
        bench.assert_tidy();
    }
}

#[test]
fn the_attachment_may_be_named_by_instance_and_device_but_must_be_there() {
    let bench = Bench::new();
    let (volume, instance, _) = bench.attached();
    let other = bench.instance();
    for (more, to) in
        [(format!("&InstanceId={other}"), other.as_str()), ("&Device=/dev/sdg".into(), "/dev/sdg")]
    {
        let message = format!("Volume '{volume}' is not attached to '{to}'");
        bench.refused(
            &format!("DetachVolume&VolumeId={volume}{more}"),
            "InvalidAttachment.NotFound",
            &message,
        );
    }
    bench.ok(&format!("DetachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf&Force=true"));
    bench.run();
    bench.assert_tidy();
}

#[test]
fn a_volume_that_is_not_attached_or_not_there_is_refused() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = format!("DetachVolume&VolumeId={volume}");
    bench.refused(&call, "IncorrectState", &format!("Volume '{volume}' is in the 'available' state."));
    bench.dry_run_passes(&call);
    let none = "vol-0123456789abcdef0";
    bench.refused(
        &format!("DetachVolume&VolumeId={none}"),
        "InvalidVolume.NotFound",
        &format!("The volume '{none}' does not exist."),
    );
    let message = "Value (x) for parameter volumeId is invalid. Expected: 'vol-...'.";
    bench.refused("DetachVolume&VolumeId=x", "InvalidParameterValue", message);
    let call = format!("DetachVolume&VolumeId={volume}&InstanceId=x");
    bench.refused(&call, "InvalidInstanceID.Malformed", "Invalid id: \"x\" (expecting \"i-...\")");
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.only_root_may(&format!("DetachVolume&VolumeId={volume}"), "ec2:DetachVolume", &arn);
}

#[test]
fn a_second_detachment_of_the_same_attachment_is_refused() {
    let bench = Bench::new();
    let (volume, _, _) = bench.attached();
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    let message = format!("Volume '{volume}' is in the 'detaching' state.");
    bench.refused(&format!("DetachVolume&VolumeId={volume}"), "IncorrectState", &message);
    bench.run();
    bench.assert_tidy();
}

#[test]
fn of_several_attachments_one_must_be_named_and_only_that_one_goes() {
    let bench = Bench::new();
    let key = bench.key();
    let volume = bench.volume(&format!(
        "&Size=4&VolumeType=io1&Iops=100&MultiAttachEnabled=true&Encrypted=true&KmsKeyId={key}"
    ));
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.ok(&attach_call(&volume, &two));
    bench.run();
    let message = format!("Volume '{volume}' is attached to several instances; name one by InstanceId.");
    bench.refused(&format!("DetachVolume&VolumeId={volume}"), "InvalidParameterCombination", &message);
    bench.ok(&format!("DetachVolume&VolumeId={volume}&InstanceId={one}"));
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.state.as_str(), row.attachments.len()), ("in-use", 1));
    assert!(bench.grants().len() == 1 && bench.grants()[0].grantee.ends_with(&two));
    bench.assert_tidy();
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    bench.run();
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
    bench.assert_tidy();
}
