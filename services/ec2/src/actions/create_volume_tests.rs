//! CreateVolume as wire text, with what KMS, host, trail and events see of it.

use crate::testing::{Bench, OTHER, encoded, texts, xml};
use serde_json::json;

const ZONE: &str = "&AvailabilityZone=us-east-1a";

fn id_of(body: &str) -> String {
    texts(body, "volumeId").remove(0)
}

#[test]
fn an_unencrypted_volume_of_the_default_type_is_answered_as_aws_answers() {
    let bench = Bench::new();
    let body = bench.ok("CreateVolume&Size=10&AvailabilityZone=us-east-1a");
    let expected = xml(
        "CreateVolume",
        "<availabilityZoneId>use1-az1</availabilityZoneId>
         <iops>100</iops>
         <volumeType>gp2</volumeType>
         <multiAttachEnabled>false</multiAttachEnabled>
         <volumeId>VOLUME</volumeId>
         <size>10</size>
         <snapshotId></snapshotId>
         <availabilityZone>us-east-1a</availabilityZone>
         <status>creating</status>
         <createTime>2026-01-02T03:04:05Z</createTime>
         <encrypted>false</encrypted>",
    );
    assert_eq!(body.replace(&id_of(&body), "VOLUME"), expected);
    assert_eq!(bench.row(&id_of(&body)).unwrap().state.as_str(), "creating");
    bench.run();
    assert_eq!(bench.row(&id_of(&body)).unwrap().state.as_str(), "available");
    assert_eq!(bench.kms_calls(), [""; 0]);
    bench.assert_tidy();
}

#[test]
fn every_member_of_a_full_request_is_in_the_answer() {
    let bench = Bench::new();
    let key = bench.key();
    let body = bench.ok(&format!(
        "CreateVolume&Size=100&AvailabilityZoneId=use1-az2&VolumeType=IO2&Iops=5000&MultiAttachEnabled=true&Encrypted=true\
         &KmsKeyId={key}&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=b&TagSpecification.1.Tag.1.Value=2\
         &TagSpecification.1.Tag.2.Key=a"
    ));
    let expected = xml(
        "CreateVolume",
        &format!(
            "<availabilityZoneId>use1-az2</availabilityZoneId>
             <iops>5000</iops>
             <tagSet><item><key>a</key><value></value></item><item><key>b</key><value>2</value></item></tagSet>
             <volumeType>io2</volumeType>
             <multiAttachEnabled>true</multiAttachEnabled>
             <volumeId>VOLUME</volumeId>
             <size>100</size>
             <snapshotId></snapshotId>
             <availabilityZone>us-east-1b</availabilityZone>
             <status>creating</status>
             <createTime>2026-01-02T03:04:05Z</createTime>
             <encrypted>true</encrypted>
             <kmsKeyId>{key}</kmsKeyId>"
        ),
    );
    assert_eq!(body.replace(&id_of(&body), "VOLUME"), expected);
}

#[test]
fn the_key_is_echoed_as_its_arn_if_named_and_shown_later_in_any_case() {
    let bench = Bench::new();
    let arn = bench.key();
    let id = arn.rsplit('/').next().unwrap();
    bench.kms("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": id}));
    for name in [&arn, id, "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"] {
        let body = bench.ok(&format!("CreateVolume&Size=1{ZONE}&Encrypted=true&KmsKeyId={}", encoded(name)));
        assert_eq!(texts(&body, "kmsKeyId"), [arn.as_str()], "{name}");
        bench.run();
        let shown = bench.ok(&format!("DescribeVolumes&VolumeId.1={}", id_of(&body)));
        assert_eq!(texts(&shown, "kmsKeyId"), [arn.as_str()], "{name}");
    }
    let body = bench.ok(&format!("CreateVolume&Size=1{ZONE}&Encrypted=true"));
    assert_eq!((texts(&body, "kmsKeyId"), texts(&body, "encrypted")), (vec![], vec!["true".to_owned()]));
    bench.run();
    let shown = texts(&bench.ok(&format!("DescribeVolumes&VolumeId.1={}", id_of(&body))), "kmsKeyId");
    assert!(shown[0].starts_with("arn:aws:kms:us-east-1:111122223333:key/") && shown[0] != arn, "{shown:?}");
    bench.assert_tidy();
}

#[test]
fn the_store_holds_the_wrapped_key_that_kms_made_for_this_volume() {
    let bench = Bench::new();
    let (volume, key) = bench.encrypted_volume();
    let row = bench.row(&volume).unwrap().encryption.unwrap();
    let store = bench.host.stores.lock().unwrap()[&volume].clone();
    assert_eq!(store.size_bytes, 1 << 30);
    let in_store = store.encryption.unwrap();
    assert_eq!((Some(&in_store.wrapped_key), &in_store.context_id), (row.wrapped_key.as_ref(), &volume));
    assert_eq!((in_store.kms_key_arn, row.key_arn), (key.clone(), key));
    let (other, _) = bench.encrypted_volume();
    let other = bench.row(&other).unwrap().encryption.unwrap();
    assert_ne!(other.wrapped_key, row.wrapped_key);
    assert_eq!(row.key_material_id.unwrap().len(), 64);
}

#[test]
fn the_trail_shows_creation_and_data_key_as_aws_does() {
    let bench = Bench::new();
    let key = bench.key();
    let call =
        format!("CreateVolume&Size=10{ZONE}&VolumeType=gp3&Encrypted=true&KmsKeyId={key}&ClientToken=t-1");
    let (_, body, request) = bench.call_as(&bench.root(), &call);
    let volume = id_of(&body);
    bench.run();
    let record = bench.record("CreateVolume");
    assert_eq!(
        record["requestParameters"],
        json!({"size": "10", "zone": "us-east-1a", "volumeType": "gp3", "encrypted": true, "kmsKeyId": key, "clientToken": "t-1"})
    );
    let created = bench.row(&volume).unwrap().created.millis();
    assert_eq!(
        record["responseElements"],
        json!({
            "requestId": request, "volumeId": volume, "size": "10", "zone": "us-east-1a", "availabilityZoneId": "use1-az1",
            "status": "creating", "createTime": created, "volumeType": "gp3", "iops": 3000, "throughput": 125,
            "encrypted": true, "kmsKeyId": key, "snapshotId": "", "multiAttachEnabled": false,
        })
    );
    let material = bench.row(&volume).unwrap().encryption.unwrap().key_material_id;
    let mut record = bench.record("GenerateDataKeyWithoutPlaintext");
    assert!(record["eventID"].take().is_string());
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
            "accountId": "111122223333", "accessKeyId": "AKIATEST", "invokedBy": "ec2-frontend-api.amazonaws.com",
        },
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": "kms.amazonaws.com",
        "eventName": "GenerateDataKeyWithoutPlaintext",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "ec2-frontend-api.amazonaws.com",
        "userAgent": "ec2-frontend-api.amazonaws.com",
        "requestParameters": {"keyId": key, "numberOfBytes": 64, "encryptionContext": {"aws:ebs:id": volume}},
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
    assert_eq!(
        bench.kms_calls(),
        ["GenerateDataKeyWithoutPlaintext"],
        "and nothing else until it is attached"
    );
}

#[test]
fn the_default_key_is_named_by_its_alias_in_the_trail() {
    let bench = Bench::new();
    bench.volume("&Encrypted=true");
    let record = bench.record("GenerateDataKeyWithoutPlaintext");
    assert_eq!(record["requestParameters"]["keyId"], "alias/aws/ebs");
    assert!(record["resources"][0]["ARN"].as_str().unwrap().contains(":key/"));
}

#[test]
fn an_event_tells_that_the_volume_is_available() {
    let bench = Bench::new();
    let (_, body, request) = bench.call_as(&bench.root(), &format!("CreateVolume&Size=1{ZONE}"));
    assert_eq!(bench.events().len(), 0);
    bench.run();
    let mut event = bench.events().remove(0);
    assert!(event["id"].take().is_string());
    let expected = json!({
        "version": "0", "id": null, "detail-type": "EBS Volume Notification", "source": "aws.ec2", "account": "111122223333",
        "time": "2026-01-02T03:04:05Z", "region": "us-east-1",
        "resources": [format!("arn:aws:ec2:us-east-1:111122223333:volume/{}", id_of(&body))],
        "detail": {"result": "available", "cause": "", "event": "createVolume", "request-id": request},
    });
    assert_eq!(event, expected);
}

#[test]
fn what_the_request_alone_makes_wrong_is_refused_at_once() {
    let bench = Bench::new();
    let brackets = "The parameter [KmsKeyId] requires the parameter Encrypted to be set.";
    let long = format!("{ZONE}&Size=1&ClientToken={}", "x".repeat(65));
    let cases: &[(&str, &str, &str)] = &[
        (
            "&Size=1",
            "MissingParameter",
            "The request must contain the parameter AvailabilityZone or AvailabilityZoneId",
        ),
        (ZONE, "MissingParameter", "The request must contain the parameter size or snapshotId"),
        (
            "&Size=1&AvailabilityZone=us-east-1a&AvailabilityZoneId=use1-az1",
            "InvalidParameterCombination",
            "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together",
        ),
        (
            "&Size=0&AvailabilityZone=us-east-1a",
            "InvalidParameterValue",
            "Volume of 0GiB is too small for volume type gp2; minimum is 1GiB.",
        ),
        (
            "&Size=16385&AvailabilityZone=us-east-1a",
            "InvalidParameterValue",
            "Volume of 16385GiB is too large for volume type gp2; maximum is 16384GiB.",
        ),
        (
            "&Size=1&VolumeType=gp4&AvailabilityZone=us-east-1a",
            "UnknownVolumeType",
            "Unknown volume type: gp4",
        ),
        (
            "&Size=4&VolumeType=io1&AvailabilityZone=us-east-1a",
            "MissingParameter",
            "The parameter iops must be specified for io1 volumes.",
        ),
        (
            "&Size=1&Iops=100&AvailabilityZone=us-east-1a",
            "InvalidParameterCombination",
            "The parameter iops is not supported for gp2 volumes.",
        ),
        (
            "&Size=1&VolumeType=gp3&MultiAttachEnabled=true&AvailabilityZone=us-east-1a",
            "InvalidParameterCombination",
            "The parameter MultiAttachEnabled is not supported for gp3 volumes.",
        ),
        ("&Size=1&KmsKeyId=alias/x&AvailabilityZone=us-east-1a", "InvalidParameterDependency", brackets),
        (
            "&Size=1&KmsKeyId=alias/x&Encrypted=false&AvailabilityZone=us-east-1a",
            "InvalidParameterDependency",
            brackets,
        ),
        (
            "&Size=1&SnapshotId=vol-0123456789abcdef0&AvailabilityZone=us-east-1a",
            "InvalidSnapshotID.Malformed",
            "Value ( vol-0123456789abcdef0 ) for parameter SNAPSHOT is invalid. ",
        ),
        (
            "&Size=1&VolumeInitializationRate=100&AvailabilityZone=us-east-1a",
            "InvalidParameterCombination",
            "The parameter VolumeInitializationRate is supported only for volumes created from snapshots.",
        ),
        (
            "&Size=1&OutpostArn=arn:x&AvailabilityZone=us-east-1a",
            "UnsupportedOperation",
            "The parameter OutpostArn is not supported.",
        ),
        (
            "&Size=1&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=a&AvailabilityZone=us-east-1a",
            "InvalidParameterValue",
            "'instance' is not a valid taggable resource type for this operation.",
        ),
        (
            "&Size=1&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=aws:a&AvailabilityZone=us-east-1a",
            "InvalidParameterValue",
            "Tag keys starting with 'aws:' are reserved for internal use",
        ),
        (&long, "InvalidParameterValue", "Client token must be at most 64 ASCII characters"),
    ];
    for (more, code, message) in cases {
        bench.refused(&format!("CreateVolume{more}"), code, message);
        // Also when it is a dry run: what is wrong with the request comes first.
        bench.refused(&format!("CreateVolume{more}&DryRun=true"), code, message);
    }
    for bad in ["&Size=ten", "&Size=1&Encrypted=perhaps", "&Size=1&Nonsense=1", "&Size=99999999999"] {
        let (status, body) = bench.call(&format!("CreateVolume{ZONE}{bad}"));
        assert_eq!(status, 400, "{bad}: {body}");
    }
    assert_eq!(bench.everything(), "");
}

#[test]
fn what_the_state_makes_wrong_is_refused_after_the_dry_run() {
    let bench = Bench::new();
    for (more, code, message) in [
        (
            "&Size=1&AvailabilityZone=us-east-1z",
            "InvalidZone.NotFound",
            "The zone 'us-east-1z' does not exist.",
        ),
        (
            "&Size=1&AvailabilityZone=us-west-2a",
            "InvalidZone.NotFound",
            "The zone 'us-west-2a' does not exist.",
        ),
        (
            "&Size=1&AvailabilityZoneId=usw2-az1",
            "InvalidZone.NotFound",
            "The zone 'usw2-az1' does not exist.",
        ),
        (
            "&SnapshotId=snap-0123456789abcdef0&AvailabilityZone=us-east-1a",
            "InvalidSnapshot.NotFound",
            "Snapshot does not exist",
        ),
    ] {
        bench.refused(&format!("CreateVolume{more}"), code, message);
        bench.dry_run_passes(&format!("CreateVolume{more}"));
    }
    assert_eq!(bench.everything(), "");
}

#[test]
fn a_dry_run_makes_nothing_and_others_may_not() {
    let bench = Bench::new();
    bench.dry_run_passes(&format!("CreateVolume&Size=1{ZONE}&Encrypted=true&ClientToken=t"));
    let resource = "arn:aws:ec2:us-east-1:111122223333:volume/*";
    bench.only_root_may(&format!("CreateVolume&Size=1{ZONE}"), "ec2:CreateVolume", resource);
    assert_eq!(bench.everything(), "");
}

#[test]
fn a_repeated_token_gives_the_same_volume() {
    let bench = Bench::new();
    let call = format!("CreateVolume&Size=1{ZONE}&ClientToken=t-1");
    let first = id_of(&bench.ok(&call));
    assert_eq!(id_of(&bench.ok(&call)), first);
    bench.run();
    let again = bench.ok(&call);
    assert_eq!((id_of(&again), texts(&again, "status")), (first, vec!["available".to_owned()]));
    assert_eq!(bench.host.stores.lock().unwrap().len(), 1);
    // A token belongs to one account, Region and action.
    assert_ne!(id_of(&bench.ok_as(OTHER, &call)), id_of(&again));
    bench.in_region("us-west-2");
    assert_ne!(
        id_of(&bench.ok("CreateVolume&Size=1&AvailabilityZone=us-west-2a&ClientToken=t-1")),
        id_of(&again)
    );
}

#[test]
fn a_token_with_other_parameters_is_refused() {
    let bench = Bench::new();
    bench.ok(&format!("CreateVolume&Size=1{ZONE}&ClientToken=t-1"));
    let message = "The client token you have provided is associated with a resource that was created with different parameters. \
                   Please use a different client token.";
    // A default sent explicitly differs from one left out.
    for other in ["Size=2", "Size=1&VolumeType=gp2", "Size=1&Encrypted=false", "Size=1&Encrypted=true"] {
        let call = format!("CreateVolume&{other}{ZONE}&ClientToken=t-1");
        bench.refused(&call, "IdempotentParameterMismatch", message);
    }
    bench.run();
    assert_eq!(bench.host.stores.lock().unwrap().len(), 1);
}

#[test]
fn the_token_of_a_volume_that_is_gone_is_refused_and_the_reason_tells_why_it_went() {
    let message = "The client token you have provided is associated with a resource that is already deleted. Please use a \
                   different client token.";
    let bench = Bench::new();
    let call = format!("CreateVolume&Size=1{ZONE}&ClientToken=t-1");
    let deleted = id_of(&bench.ok(&call));
    bench.run();
    bench.ok(&format!("DeleteVolume&VolumeId={deleted}"));
    bench.run();
    bench.refused(&call, "IdempotentParameterMismatch", message);
    let call = format!("CreateVolume&Size=1{ZONE}&ClientToken=t-2&Encrypted=true&KmsKeyId=alias/none");
    let vanished = id_of(&bench.ok(&call));
    bench.run();
    bench.refused(&call, "IdempotentParameterMismatch", message);
    let reason = bench.trail().pop().unwrap().reason.unwrap();
    let why = "arn:aws:kms:us-east-1:111122223333:alias/none does not exist.";
    assert_eq!(reason, format!("the token made {vanished}, whose creation failed: {why}"));
}
