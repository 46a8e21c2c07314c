//! AttachVolume as wire text: the order of the KMS calls, their records, what a bad key does, Multi-Attach.

use crate::testing::{Bench, OTHER, attach_call, texts, xml};
use serde_json::{Value, json};

fn key_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

#[test]
fn an_attachment_is_answered_as_aws_answers_and_becomes_a_device() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    let body = bench.ok(&attach_call(&volume, &instance));
    let time = texts(&body, "attachTime").remove(0);
    let expected = xml(
        "AttachVolume",
        &format!(
            "<deleteOnTermination>false</deleteOnTermination>
             <volumeId>{volume}</volumeId>
             <instanceId>{instance}</instanceId>
             <device>/dev/sdf</device>
             <status>attaching</status>
             <attachTime>{time}</attachTime>"
        ),
    );
    assert_eq!(body, expected);
    assert!(time.starts_with("2026-01-02T03:04:05."), "{time}");
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.state.as_str(), row.attachments[0].state.as_str()), ("in-use", "attached"));
    assert!(row.attachments[0].uri.as_ref().unwrap().starts_with("nbd+unix:"));
    assert_eq!(bench.instance_row(&instance).volumes, [volume.as_str()]);
    assert_eq!(bench.kms_calls(), [""; 0], "no key, no grant");
    bench.assert_tidy();
}

#[test]
fn kms_makes_a_grant_and_decrypts_under_it_in_one_request() {
    let bench = Bench::new();
    let (volume, key) = bench.encrypted_volume();
    let instance = bench.instance();
    let (_, _, request) = bench.call_as(&bench.root(), &attach_call(&volume, &instance));
    assert_eq!(bench.kms_calls(), ["GenerateDataKeyWithoutPlaintext", "CreateGrant"]);
    bench.run();
    assert_eq!(bench.kms_calls(), ["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"]);
    let grant = bench.grants().remove(0);
    let mut record = bench.record("CreateGrant");
    assert!(record["eventID"].take().is_string());
    let session = format!("arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/{instance}");
    assert_eq!(
        record["requestParameters"],
        json!({
            "keyId": key, "operations": ["Decrypt"], "granteePrincipal": session,
            "retiringPrincipal": "ec2.us-east-1.amazonaws.com",
            "constraints": {"encryptionContextSubset": {"aws:ebs:id": volume}},
        })
    );
    assert_eq!(record["responseElements"], json!({"grantId": grant.grant_id, "keyId": key}));
    assert_eq!(record["userIdentity"]["type"], "Root");
    for member in ["sourceIPAddress", "userAgent"] {
        assert_eq!(record[member], "ec2-frontend-api.amazonaws.com");
    }
    assert_eq!(record["userIdentity"]["invokedBy"], "ec2-frontend-api.amazonaws.com");
    assert_eq!((&record["readOnly"], &record["requestID"]), (&json!(false), &json!(request)));
    let material = bench.row(&volume).unwrap().encryption.unwrap().key_material_id;
    let mut record = bench.record("Decrypt");
    assert!(record["eventID"].take().is_string());
    assert!(record["eventTime"].take().is_string());
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": format!("111122223333:aws:ec2-infrastructure:{instance}"),
            "arn": session,
            "accountId": "111122223333",
            "sessionContext": {
                "sessionIssuer": {
                    "type": "Role",
                    "principalId": "111122223333:aws:ec2-infrastructure",
                    "arn": "arn:aws:iam::111122223333:role/aws:ec2-infrastructure",
                    "accountId": "111122223333",
                    "userName": "aws:ec2-infrastructure",
                },
                "attributes": {"mfaAuthenticated": "false"},
            },
            "invokedBy": "AWS Internal",
            "inScopeOf": {
                "issuerType": "AWS::EC2::Instance",
                "credentialsIssuedTo": format!("arn:aws:ec2:us-east-1:111122223333:instance/{instance}"),
            },
        },
        "eventTime": null,
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "AWS Internal",
        "userAgent": "AWS Internal",
        "requestParameters": {"encryptionContext": {"aws:ebs:id": volume}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
        "responseElements": null,
        "additionalEventData": {"keyMaterialId": material},
        "requestID": request,
        "eventID": null,
        "readOnly": true,
        "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key}],
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "vpcEndpointId": "AWS Internal",
        "vpcEndpointAccountId": "AWS Internal",
    });
    assert_eq!(record, expected);
    bench.assert_tidy();
}

#[test]
fn the_trail_of_the_call_itself_is_ec2s() {
    let bench = Bench::new();
    let (volume, instance, _) = bench.attached();
    let record = bench.record("AttachVolume");
    assert_eq!(
        record["requestParameters"],
        json!({"volumeId": volume, "instanceId": instance, "device": "/dev/sdf"})
    );
    assert_eq!(record["responseElements"]["status"], "attaching");
    assert_eq!(record["resources"], Value::Null);
    let touched = bench.trail().into_iter().rfind(|r| r.event_name == "AttachVolume").unwrap().resources;
    let named: Vec<_> = touched.iter().map(|t| (t.kind.as_str(), t.arn.as_str())).collect();
    assert_eq!(named, [("AWS::EC2::Volume", volume.as_str()), ("AWS::EC2::Instance", instance.as_str())]);
}

#[test]
fn a_volume_under_the_managed_key_is_attached_through_ec2() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume("&Encrypted=true"), bench.instance());
    bench.attach(&volume, &instance);
    assert_eq!(bench.row(&volume).unwrap().attachments[0].state.as_str(), "attached");
    bench.assert_tidy();
}

#[test]
fn what_is_malformed_is_refused_before_anything_is_looked_up() {
    let bench = Bench::new();
    let device =
        |d: &str| format!("Value ({d}) for parameter device is invalid. {d} is not a valid EBS device name.");
    let (v, i) = ("vol-0123456789abcdef0", "i-0123456789abcdef0");
    for (volume, instance, dev, code, message) in [
        (
            "vol-xyz",
            i,
            "/dev/sdf",
            "InvalidParameterValue",
            "Value (vol-xyz) for parameter volumeId is invalid. Expected: 'vol-...'.".into(),
        ),
        (
            i,
            i,
            "/dev/sdf",
            "InvalidParameterValue",
            format!("Value ({i}) for parameter volumeId is invalid. Expected: 'vol-...'."),
        ),
        (
            v,
            v,
            "/dev/sdf",
            "InvalidInstanceID.Malformed",
            format!("Invalid id: \"{v}\" (expecting \"i-...\")"),
        ),
        (v, i, "/dev/nvme1n1", "InvalidParameterValue", device("/dev/nvme1n1")),
        (v, i, "sd", "InvalidParameterValue", device("sd")),
    ] {
        let call = format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device={dev}");
        bench.refused(&call, code, &message);
        bench.refused(&format!("{call}&DryRun=true"), code, &message);
    }
    let call = format!("{}&EbsCardIndex=1", attach_call(v, i));
    bench.refused(
        &call,
        "InvalidParameterValue",
        "Value (1) for parameter ebsCardIndex is invalid. The instance has one EBS card, 0.",
    );
    for missing in [
        format!("AttachVolume&InstanceId={i}&Device=sdf"),
        format!("AttachVolume&VolumeId={v}&Device=sdf"),
        format!("AttachVolume&VolumeId={v}&InstanceId={i}"),
    ] {
        let (status, body) = bench.call(&missing);
        assert!(status == 400 && body.contains("MissingParameter"), "{body}");
    }
    assert_eq!(bench.everything(), "");
}

#[test]
fn what_the_state_forbids_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    let (used, instance, _) = bench.attached();
    let free = bench.volume("");
    let elsewhere = bench.volume("&AvailabilityZone=us-east-1b");
    let creating = texts(&bench.ok("CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    let pending =
        texts(&bench.ok("RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1"), "instanceId")
            .remove(0);
    let foreign =
        texts(&bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    let before = bench.everything();
    let (no_volume, no_instance) = ("vol-0123456789abcdef0", "i-0123456789abcdef0");
    for (volume, target, code, message) in [
        (
            no_volume,
            instance.as_str(),
            "InvalidVolume.NotFound",
            format!("The volume '{no_volume}' does not exist."),
        ),
        (&foreign, &instance, "InvalidVolume.NotFound", format!("The volume '{foreign}' does not exist.")),
        (
            &free,
            no_instance,
            "InvalidInstanceID.NotFound",
            format!("The instance ID '{no_instance}' does not exist"),
        ),
        (
            &free,
            &pending,
            "IncorrectState",
            format!("Instance '{pending}' is not 'running' or 'stopped'; it is 'pending'."),
        ),
        (&creating, &instance, "IncorrectState", format!("Volume '{creating}' is in the 'creating' state.")),
        (&used, &instance, "VolumeInUse", format!("{used} is already attached to an instance")),
        (
            &elsewhere,
            &instance,
            "InvalidVolume.ZoneMismatch",
            format!("The volume '{elsewhere}' is not in the same availability zone as instance '{instance}'"),
        ),
        (
            &free,
            &instance,
            "InvalidParameterValue",
            "Invalid value '/dev/sdf' for unixDevice. Attachment point /dev/sdf is already in use".into(),
        ),
    ] {
        bench.refused(&attach_call(volume, target), code, &message);
        bench.dry_run_passes(&attach_call(volume, target));
    }
    assert_eq!(bench.everything(), before);
}

#[test]
fn only_the_root_may_attach() {
    let bench = Bench::new();
    let (v, i) = ("vol-0123456789abcdef0", "i-0123456789abcdef0");
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{v}");
    bench.only_root_may(&attach_call(v, i), "ec2:AttachVolume", &arn);
}

#[test]
fn an_instance_takes_27_volumes() {
    let bench = Bench::new();
    let instance = bench.instance();
    let call = |volume: &str, n: u8| {
        format!(
            "AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/xvd{}{}",
            char::from(b'b' + n / 13),
            char::from(b'a' + n % 13)
        )
    };
    for n in 0..27 {
        bench.ok(&call(&bench.volume(""), n));
        bench.run();
    }
    let one_more = bench.volume("");
    let message = format!("Instance {instance} already has 27 volumes attached");
    bench.refused(&call(&one_more, 27), "AttachmentLimitExceeded", &message);
    bench.assert_tidy();
}

#[test]
fn a_key_in_trouble_refuses_the_call_and_the_event_stays() {
    for (operation, input, trouble) in [
        ("DisableKey", json!({}), "is disabled."),
        ("ScheduleKeyDeletion", json!({"PendingWindowInDays": 7}), "is pending deletion."),
    ] {
        let bench = Bench::new();
        let (volume, key) = bench.encrypted_volume();
        let instance = bench.instance();
        let mut input = input;
        input["KeyId"] = json!(key_id(&key));
        bench.kms(operation, input);
        let rows = || (format!("{:?}", bench.row(&volume)), format!("{:?}", bench.instance_row(&instance)));
        let before = rows();
        let message = format!(
            "Volume {volume} cannot be attached. The encrypted volume was unable to access the KMS key."
        );
        bench.refused(&attach_call(&volume, &instance), "CustomerKeyHasBeenRevoked", &message);
        assert_eq!((rows(), bench.jobs().len()), (before, 0));
        assert_eq!(bench.told(&volume)[1..], [format!("attachVolume failed {key} {trouble}")]);
        let mut event = bench.events().pop().unwrap();
        assert!(event["id"].take().is_string() && event["time"].take().is_string());
        let expected = json!({
            "version": "0", "id": null, "detail-type": "EBS Volume Notification", "source": "aws.ec2",
            "account": "111122223333", "time": null, "region": "us-east-1",
            "resources": [format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}"), key],
            "detail": {"event": "attachVolume", "result": "failed", "cause": format!("{key} {trouble}"), "request-id": ""},
        });
        assert_eq!(event, expected);
        let record = bench.record("AttachVolume");
        assert_eq!(record["errorCode"], "Client.CustomerKeyHasBeenRevoked");
        assert_eq!(record["additionalEventData"]["reason"], format!("{key} {trouble}"));
        assert!(
            bench.record("CreateGrant")["errorCode"].is_string(),
            "KMS's own refusal is in the trail too"
        );
        // A dry run does not look at the key.
        bench.dry_run_passes(&attach_call(&volume, &instance));
        bench.assert_tidy();
    }
}

#[test]
fn a_key_that_is_well_again_lets_the_volume_be_attached() {
    let bench = Bench::new();
    let (volume, key) = bench.encrypted_volume();
    let instance = bench.instance();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    assert_eq!(bench.call(&attach_call(&volume, &instance)).0, 400);
    bench.kms("EnableKey", json!({"KeyId": key_id(&key)}));
    bench.attach(&volume, &instance);
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "in-use");
    bench.assert_tidy();
}

#[test]
fn a_volume_in_use_keeps_its_device_when_its_key_is_disabled() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert!(row.attachments[0].uri.is_some() && row.attachments[0].broken.is_none());
    assert_eq!(bench.told(&volume), ["createVolume available"]);
}

fn shared(bench: &Bench) -> String {
    let key = bench.key();
    bench.volume(&format!(
        "&Size=4&VolumeType=io2&Iops=100&MultiAttachEnabled=true&Encrypted=true&KmsKeyId={key}"
    ))
}

#[test]
fn a_multi_attach_volume_has_a_grant_and_a_device_for_each_instance() {
    let bench = Bench::new();
    let volume = shared(&bench);
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.attach(&volume, &two);
    let row = bench.row(&volume).unwrap();
    assert_eq!((row.attachments.len(), bench.grants().len()), (2, 2));
    assert_ne!(row.attachments[0].uri, row.attachments[1].uri);
    assert_eq!(bench.kms_calls()[1..], ["CreateGrant", "Decrypt", "CreateGrant", "Decrypt"]);
    bench.assert_tidy();
    let message = format!("{volume} is already attached to an instance");
    bench.refused(&attach_call(&volume, &two), "VolumeInUse", &message);
}

#[test]
fn a_multi_attach_volume_has_room_for_16_instances() {
    let bench = Bench::new();
    let volume = shared(&bench);
    for _ in 0..16 {
        bench.ok(&attach_call(&volume, &bench.instance()));
        bench.run();
    }
    let message = format!("{volume} is attached to 16 instances, the most that Multi-Attach allows");
    bench.refused(&attach_call(&volume, &bench.instance()), "AttachmentLimitExceeded", &message);
    bench.assert_tidy();
}

#[test]
fn a_multi_attach_volume_whose_key_fails_keeps_the_attachments_it_has() {
    let bench = Bench::new();
    let volume = shared(&bench);
    let key = bench.row(&volume).unwrap().encryption.unwrap().key_arn;
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.ok(&attach_call(&volume, &two));
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_eq!(
        (row.state.as_str(), row.attachments.len(), &row.attachments[0].instance),
        ("in-use", 1, &one)
    );
    bench.assert_tidy();
}
