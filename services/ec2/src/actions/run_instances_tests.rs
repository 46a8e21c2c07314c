//! RunInstances as wire text: shapes, block device mappings, launches that a key stops.

use crate::testing::{Bench, encoded, texts, xml};
use serde_json::json;

const RUN: &str = "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1";

/// A mapping of `/dev/sdf`, `/dev/sdg`, ... by number from 1.
fn mapping(n: u8, ebs: &str) -> String {
    let ebs: String = ebs.split('&').map(|m| format!("&BlockDeviceMapping.{n}.Ebs.{m}")).collect();
    format!("&BlockDeviceMapping.{n}.DeviceName=/dev/sd{}{ebs}", char::from(b'e' + n))
}

fn launch(bench: &Bench, more: &str) -> String {
    let id = texts(&bench.ok(&format!("{RUN}{more}")), "instanceId").remove(0);
    bench.run();
    id
}

fn volumes(bench: &Bench, instance: &str) -> Vec<crate::rows::Volume> {
    bench.instance_row(instance).volumes.iter().map(|v| bench.row(v).unwrap()).collect()
}

#[test]
fn a_launch_is_answered_as_aws_answers() {
    let bench = Bench::new();
    let body = bench.ok(&format!(
        "{RUN}&InstanceType=m5.large&Placement.AvailabilityZone=us-east-1c&TagSpecification.1.ResourceType=instance\
         &TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=x"
    ));
    let instance = texts(&body, "instanceId").remove(0);
    for (element, text) in [
        ("ownerId", "111122223333"),
        ("imageId", "ami-0123456789abcdef0"),
        ("instanceType", "m5.large"),
        ("amiLaunchIndex", "0"),
        ("availabilityZone", "us-east-1c"),
        ("architecture", "x86_64"),
        ("rootDeviceType", "ebs"),
        ("rootDeviceName", "/dev/xvda"),
        ("virtualizationType", "hvm"),
        ("key", "Name"),
        ("value", "x"),
    ] {
        assert_eq!(texts(&body, element), [text], "{element}: {body}");
    }
    assert!(body.contains("<instanceState><code>0</code><name>pending</name></instanceState>"), "{body}");
    assert!(texts(&body, "reservationId")[0].starts_with("r-0"));
    bench.run();
    let shown = bench.ok(&format!("DescribeInstances&InstanceId.1={instance}"));
    assert!(shown.contains("<instanceState><code>16</code><name>running</name></instanceState>"), "{shown}");
    assert_eq!(bench.instance_row(&launch(&bench, "")).instance_type, "m1.small", "the API's default");
    bench.assert_tidy();
}

#[test]
fn several_instances_share_a_reservation_and_have_an_index() {
    let bench = Bench::new();
    let call = "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=3";
    let body = bench.ok(&format!("{call}{}", mapping(1, "VolumeSize=1")));
    assert_eq!(texts(&body, "amiLaunchIndex"), ["0", "1", "2"]);
    assert_eq!(texts(&body, "reservationId").len(), 1);
    bench.run();
    assert_eq!(bench.all::<crate::rows::Volume>().len(), 3, "each has a volume of its own");
    assert_eq!(texts(&bench.ok("DescribeInstances"), "reservationId").len(), 1);
    bench.assert_tidy();
}

#[test]
fn the_volumes_of_the_mappings_are_made_and_attached() {
    let bench = Bench::new();
    let key = bench.key();
    let more = [
        mapping(1, &format!("VolumeSize=2&Encrypted=true&KmsKeyId={key}&DeleteOnTermination=true")),
        mapping(2, "VolumeSize=4&VolumeType=io2&Iops=200"),
        "&BlockDeviceMapping.3.DeviceName=/dev/sdh&BlockDeviceMapping.3.NoDevice=".into(),
        "&BlockDeviceMapping.4.DeviceName=/dev/sdb&BlockDeviceMapping.4.VirtualName=ephemeral0".into(),
        "&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v".into(),
    ]
    .concat();
    let (_, body, request) = bench.call_as(&bench.root(), &format!("{RUN}{more}"));
    let instance = texts(&body, "instanceId").remove(0);
    bench.run();
    let made = volumes(&bench, &instance);
    let facts: Vec<_> = made
        .iter()
        .map(|v| {
            let a = &v.attachments[0];
            (v.size_gib, v.volume_type.as_str(), a.device.as_str(), a.delete_on_termination, v.tags.len())
        })
        .collect();
    assert_eq!(facts, [(2, "gp2", "/dev/sdf", true, 1), (4, "io2", "/dev/sdg", false, 1)]);
    assert_eq!(made[0].encryption.as_ref().unwrap().key_arn, key);
    assert_eq!(bench.instance_row(&instance).tags, []);
    assert_eq!(bench.kms_calls(), ["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"]);
    for name in ["GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt"] {
        assert_eq!(bench.record(name)["requestID"], request.as_str(), "{name}");
    }
    let shown = bench.ok(&format!("DescribeInstances&InstanceId.1={instance}"));
    assert_eq!(texts(&shown, "deviceName"), ["/dev/sdf", "/dev/sdg"]);
    assert_eq!(texts(&shown, "volumeId"), [made[0].id.as_str(), made[1].id.as_str()]);
    bench.assert_tidy();
}

#[test]
fn an_instance_runs_only_when_all_its_volumes_are_there() {
    let bench = Bench::new();
    let body = bench.ok(&format!("{RUN}{}", mapping(1, "VolumeSize=1&Encrypted=true")));
    let instance = texts(&body, "instanceId").remove(0);
    loop {
        let state = bench.instance_row(&instance).state.as_str();
        let ready = volumes(&bench, &instance)[0].attachments[0].state.as_str() == "attached";
        assert!(state == "pending" || ready, "{state}");
        if state == "running" {
            break;
        }
        bench.run_rounds(1);
    }
}

#[test]
fn bad_requests_are_refused_before_the_dry_run() {
    let bench = Bench::new();
    let long = format!("{RUN}&ClientToken={}", "x".repeat(65));
    let no_brackets = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
    let image = "RunInstances&MinCount=1&MaxCount=1";
    let cases: Vec<(String, &str, String)> = vec![
        (image.into(), "MissingParameter", "The request must contain the parameter ImageId".into()),
        (
            format!("{image}&ImageId=x"),
            "InvalidAMIID.Malformed",
            "Invalid id: \"x\" (expecting \"ami-...\")".into(),
        ),
        (
            "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=0&MaxCount=1".into(),
            "InvalidParameterValue",
            "Value (0) for parameter minCount is invalid. Must be at least 1.".into(),
        ),
        (
            "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=2&MaxCount=1".into(),
            "InvalidParameterValue",
            "Value (1) for parameter maxCount is invalid. Must not be less than minCount.".into(),
        ),
        (
            "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=101".into(),
            "InstanceLimitExceeded",
            "You have requested more instances (101) than one call may launch (100).".into(),
        ),
        (
            format!("{RUN}{}", mapping(1, "VolumeSize=1&KmsKeyId=alias/x")),
            "InvalidParameterDependency",
            no_brackets.into(),
        ),
        (
            format!("{RUN}{}", mapping(1, "VolumeSize=0")),
            "InvalidParameterValue",
            "Volume of 0GiB is too small for volume type gp2; minimum is 1GiB.".into(),
        ),
        (
            format!("{RUN}{}", mapping(1, "Encrypted=true")),
            "MissingParameter",
            "The request must contain the parameter size or snapshotId".into(),
        ),
        (
            format!("{RUN}{}", mapping(1, "SnapshotId=snap-1")),
            "InvalidSnapshotID.Malformed",
            "Value ( snap-1 ) for parameter SNAPSHOT is invalid. ".into(),
        ),
        (
            format!(
                "{RUN}{}{}",
                mapping(1, "VolumeSize=1"),
                mapping(2, "VolumeSize=1").replace("sdg", "sdf")
            ),
            "InvalidBlockDeviceMapping",
            "The device '/dev/sdf' is used in more than one block-device mapping".into(),
        ),
        (
            format!("{RUN}&BlockDeviceMapping.1.DeviceName=/dev/sdf"),
            "InvalidBlockDeviceMapping",
            "The mapping of '/dev/sdf' names no volume".into(),
        ),
        (
            format!("{RUN}&BlockDeviceMapping.1.Ebs.VolumeSize=1"),
            "InvalidParameterValue",
            "Value () for parameter device is invalid.  is not a valid EBS device name.".into(),
        ),
        (
            format!("{RUN}&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=a"),
            "InvalidParameterValue",
            "'snapshot' is not a valid taggable resource type for this operation.".into(),
        ),
        (long, "InvalidParameterValue", "Client token must be at most 64 ASCII characters".into()),
    ];
    for (call, code, message) in cases {
        bench.refused(&call, code, &message);
        bench.refused(&format!("{call}&DryRun=true"), code, &message);
    }
    let call = format!("{RUN}&Placement.AvailabilityZone=us-west-2a");
    bench.refused(&call, "InvalidParameterValue", "Invalid availability zone: [us-west-2a]");
    bench.dry_run_passes(RUN);
    bench.only_root_may(RUN, "ec2:RunInstances", "arn:aws:ec2:us-east-1:111122223333:instance/*");
    assert_eq!(bench.everything(), "");
}

#[test]
fn a_repeated_token_gives_the_same_instances() {
    let bench = Bench::new();
    let call = format!("{RUN}&ClientToken=t-1{}", mapping(1, "VolumeSize=1"));
    let first = bench.ok(&call);
    assert_eq!(texts(&bench.ok(&call), "instanceId"), texts(&first, "instanceId"));
    bench.run();
    let again = bench.ok(&call);
    assert_eq!(texts(&again, "reservationId"), texts(&first, "reservationId"));
    assert!(again.contains("<name>running</name>"), "{again}");
    bench.run();
    assert_eq!(bench.all::<crate::rows::Volume>().len(), 1);
    let (status, body) = bench.call(&format!("{RUN}&ClientToken=t-1"));
    assert!(status == 400 && body.contains("<Code>IdempotentParameterMismatch</Code>"), "{body}");
}

#[test]
fn a_launch_that_a_key_stops_ends_terminated_and_says_why() {
    let wrong_state = "Client.InvalidKMSKey.InvalidState";
    let in_short = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state";
    let classic = "Client.InternalError: Client error on launch";
    for (trouble, code, message, because) in [
        ("disabled", wrong_state, in_short, "is disabled."),
        ("pending", wrong_state, in_short, "is pending deletion."),
        ("import", wrong_state, in_short, "is pending import."),
        ("none", "Client.InternalError", classic, "does not exist."),
        ("hmac", "Client.InternalError", classic, "is not a symmetric encryption key."),
    ] {
        let bench = Bench::new();
        let key = match trouble {
            "import" => bench.key_with(json!({"Origin": "EXTERNAL"})),
            "hmac" => bench.key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})),
            "none" => "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555".into(),
            _ => bench.key(),
        };
        let id = json!(key.rsplit('/').next().unwrap());
        match trouble {
            "disabled" => drop(bench.kms("DisableKey", json!({"KeyId": id}))),
            "pending" => drop(bench.kms("ScheduleKeyDeletion", json!({"KeyId": id}))),
            _ => {}
        }
        let good = mapping(1, "VolumeSize=1&Encrypted=true&DeleteOnTermination=true");
        let bad = mapping(2, &format!("VolumeSize=1&Encrypted=true&KmsKeyId={}", encoded(&key)));
        let instance = launch(&bench, &format!("{good}{bad}"));
        let row = bench.instance_row(&instance);
        let reason = row.state_reason.unwrap();
        assert_eq!(
            (row.state.as_str(), reason.code.as_str(), reason.message.as_str()),
            ("terminated", code, message)
        );
        assert_eq!(reason.because, format!("{key} {because}"));
        let shown = bench.ok(&format!("DescribeInstances&InstanceId.1={instance}"));
        assert!(
            shown.contains(&format!(
                "<stateReason><code>{code}</code><message>{message}</message></stateReason>"
            )),
            "{shown}"
        );
        assert_eq!(texts(&shown, "reason"), ["Server.InternalError"]);
        assert_eq!(
            bench.all::<crate::rows::Volume>().len(),
            0,
            "the good volume was to end with its instance"
        );
        bench.assert_tidy();
    }
}

#[test]
fn a_key_disabled_between_creation_and_attachment_stops_the_launch_too() {
    for rounds in 3..8 {
        let bench = Bench::new();
        let key = bench.key();
        let more =
            mapping(1, &format!("VolumeSize=1&Encrypted=true&DeleteOnTermination=true&KmsKeyId={key}"));
        let instance = texts(&bench.ok(&format!("{RUN}{more}")), "instanceId").remove(0);
        bench.run_rounds(rounds);
        bench.kms("DisableKey", json!({"KeyId": key.rsplit('/').next().unwrap()}));
        bench.run();
        let row = bench.instance_row(&instance);
        if rounds < 7 {
            assert_eq!(row.state.as_str(), "terminated", "{rounds}");
            let reason = row.state_reason.unwrap();
            assert_eq!(
                (reason.code.as_str(), reason.because),
                ("Client.InvalidKMSKey.InvalidState", format!("{key} is disabled."))
            );
            let volume = bench.all::<crate::rows::FormerVolume>().remove(0).volume.id;
            let told = [
                "createVolume available".to_owned(),
                format!("attachVolume failed {key} is disabled."),
                "deleteVolume deleted".into(),
            ];
            assert_eq!(bench.told(&volume), told);
        } else {
            assert_eq!(row.state.as_str(), "running", "the key was in the host's memory already");
        }
        bench.assert_tidy();
    }
}

#[test]
fn the_answer_of_a_launch_has_its_envelope() {
    let bench = Bench::new();
    let body = bench.ok(RUN);
    let (start, end) = (xml("RunInstances", "@"), "</RunInstancesResponse>");
    assert!(body.starts_with(start.split_once('@').unwrap().0) && body.ends_with(end), "{body}");
}
