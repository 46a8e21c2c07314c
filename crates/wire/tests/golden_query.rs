//! Golden texts of the two form protocols: what AWS's documentation and recordings show, byte for byte.
#![allow(clippy::unwrap_used)] // helpers of tests fail like tests

use base::{Refusal, Timestamp};
use serde_json::json;
use wire::generated::{ec2, sts};
use wire::{Call, Input, Operation, Output, Reply, encode_refusal, operation_name};

fn post(body: &str) -> Call {
    let header = ("content-type".to_owned(), "application/x-www-form-urlencoded; charset=utf-8".to_owned());
    Call {
        method: "POST".into(),
        path: "/".into(),
        headers: vec![header],
        body: body.to_owned().into(),
        ..Call::default()
    }
}

fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

#[test]
fn create_volume_as_the_cli_sends_it_is_read_and_recorded() {
    let call = post(
        "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-east-1a&Encrypted=true&KmsKeyId=alias%2Fdata&Size=10\
         &VolumeType=gp3&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=Name\
         &TagSpecification.1.Tag.1.Value=a+b&ClientToken=t-1&DryRun=true",
    );
    assert_eq!(operation_name(&ec2::SERVICE, &call).unwrap(), ec2::CreateVolume::NAME);
    let input = ec2::CreateVolumeInput::decode(&call).unwrap();
    assert!(input.dry_run());
    assert_eq!((input.size, input.encrypted), (Some(10), Some(true)));
    assert_eq!(
        input.trail(),
        json!({
            "zone": "us-east-1a", "encrypted": true, "kmsKeyId": "alias/data", "size": "10", "volumeType": "gp3",
            "clientToken": "t-1", "dryRun": true,
            "tagSpecificationSet": { "items": [
                { "resourceType": "volume", "tags": [{ "key": "Name", "value": "a b" }] }
            ] },
        })
    );
}

#[test]
fn create_volume_answers_in_whole_seconds_and_describe_volumes_in_milliseconds() {
    let volume = ec2::Volume {
        volume_id: Some("vol-0123456789abcdef0".into()),
        size: Some(10),
        snapshot_id: Some(String::new()),
        state: Some("creating".into()),
        create_time: Some(Timestamp::from_millis(1_767_323_045_123)),
        encrypted: Some(true),
        tags: Some(vec![]),
        ..ec2::Volume::default()
    };
    let created = ec2::CreateVolumeOutput::from(volume.clone());
    assert_eq!(
        text(&created.encode("req-1")),
        format!(
            "{XML}<CreateVolumeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>req-1</requestId>\
             <tagSet></tagSet><volumeId>vol-0123456789abcdef0</volumeId><size>10</size><snapshotId></snapshotId>\
             <status>creating</status><createTime>2026-01-02T03:04:05Z</createTime><encrypted>true</encrypted>\
             </CreateVolumeResponse>"
        )
    );
    assert_eq!(
        created.trail(),
        json!({
            "tagSet": {}, "volumeId": "vol-0123456789abcdef0", "size": "10", "snapshotId": "", "status": "creating",
            "createTime": 1_767_323_045_123_i64, "encrypted": true,
        })
    );
    let listed = ec2::DescribeVolumesOutput { volumes: Some(vec![volume]), next_token: None };
    let reply = listed.encode("req-2");
    assert!(text(&reply).contains(
        "<requestId>req-2</requestId><volumeSet><item><tagSet></tagSet><volumeId>vol-0123456789abcdef0</volumeId>"
    ));
    assert!(text(&reply).contains("<createTime>2026-01-02T03:04:05.123Z</createTime>"));
    assert!(text(&reply).ends_with("</item></volumeSet></DescribeVolumesResponse>"));
    assert_eq!(reply.headers[1], ("content-type", "text/xml;charset=UTF-8".to_owned()));
}

#[test]
fn an_ec2_operation_without_output_returns_true() {
    assert_eq!(
        text(&ec2::DeleteVolumeOutput {}.encode("r")),
        format!(
            "{XML}<DeleteVolumeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId>\
             <return>true</return></DeleteVolumeResponse>"
        )
    );
}

#[test]
fn text_cannot_break_out_of_its_element() {
    let tag = |value: &str| ec2::Tag { key: Some("k".into()), value: Some(value.into()) };
    let show = |value: &str| {
        let volume = ec2::Volume { tags: Some(vec![tag(value)]), ..ec2::Volume::default() };
        let reply = ec2::DescribeVolumesOutput { volumes: Some(vec![volume]), next_token: None }.encode("r");
        let text = text(&reply).to_owned();
        let start = text.find("<value>").unwrap() + 7;
        text[start..text.find("</value>").unwrap()].to_owned()
    };
    assert_eq!(show("</value><x a=\"b\">&amp;"), "&lt;/value&gt;&lt;x a=&quot;b&quot;&gt;&amp;amp;");
    assert_eq!(show("a\r\n\tb"), "a&#13;\n\tb");
    assert_eq!(show("\0\u{1b}\u{ffff}é𝄞"), "\u{fffd}\u{fffd}\u{fffd}é𝄞");
}

#[test]
fn ec2_refusals_have_a_capital_request_id_and_no_namespace() {
    let refusal =
        Refusal::new("InvalidVolume.NotFound", "The volume 'vol-<1>' does not exist.").because("secret why");
    let reply = encode_refusal(&ec2::SERVICE, &refusal, "req-1");
    assert_eq!(reply.status, 400);
    assert_eq!(
        text(&reply),
        format!(
            "{XML}<Response><Errors><Error><Code>InvalidVolume.NotFound</Code><Message>The volume 'vol-&lt;1&gt;' does not \
             exist.</Message></Error></Errors><RequestID>req-1</RequestID></Response>"
        )
    );
}

#[test]
fn an_action_is_found_in_body_or_query_and_unknown_ones_are_refused() {
    let get = Call {
        method: "GET".into(),
        query: "Version=2016-11-15&Action=DescribeRegions".into(),
        ..Call::default()
    };
    assert_eq!(operation_name(&ec2::SERVICE, &get).unwrap(), "DescribeRegions");
    assert!(ec2::DescribeRegionsInput::decode(&get).is_ok());
    for (body, code, message) in [
        ("Action=MakeCoffee", "InvalidAction", "The action MakeCoffee is not valid for this web service."),
        (
            "Action=createvolume",
            "InvalidAction",
            "The action createvolume is not valid for this web service.",
        ),
        ("Action=", "MissingAction", "The request is missing an action or a required parameter."),
        ("", "MissingAction", "The request is missing an action or a required parameter."),
        ("Action=%zz", "MalformedQueryString", "The query string contains a syntax error."),
    ] {
        let refusal = operation_name(&ec2::SERVICE, &post(body)).unwrap_err();
        assert_eq!((refusal.code.as_ref(), refusal.message.as_str()), (code, message));
    }
    let refusal = operation_name(&sts::SERVICE, &post("Action=MakeCoffee")).unwrap_err();
    assert_eq!(refusal.message, "Could not find operation MakeCoffee for version 2011-06-15");
}

#[test]
fn ec2_refuses_what_it_does_not_know_and_what_is_missing() {
    for (body, code, message) in [
        ("VolumeId=v&Foo=1", "UnknownParameter", "The parameter Foo is not recognized"),
        ("", "MissingParameter", "The request must contain the parameter VolumeId"),
        (
            "VolumeId=v&DryRun=maybe",
            "InvalidParameterValue",
            "Value (maybe) for parameter DryRun is invalid. It must be true or false.",
        ),
    ] {
        let refusal =
            ec2::DeleteVolumeInput::decode(&post(&format!("Action=DeleteVolume&{body}"))).unwrap_err();
        assert_eq!((refusal.code.as_ref(), refusal.message.as_str(), refusal.status), (code, message, 400));
    }
    let refusal = ec2::TerminateInstancesInput::decode(&post("Action=TerminateInstances")).unwrap_err();
    assert_eq!(refusal.message, "The request must contain the parameter InstanceId");
}

#[test]
fn lists_of_ids_and_filters_are_recorded_as_cloudtrail_records_them() {
    let body = "Action=DescribeVolumes&VolumeId.1=vol-1&Filter.1.Name=status&Filter.1.Value.1=available&MaxResults=5";
    let input = ec2::DescribeVolumesInput::decode(&post(body)).unwrap();
    assert_eq!(
        input.trail(),
        json!({
            "volumeSet": { "items": [{ "volumeId": "vol-1" }] },
            "filterSet": { "items": [{ "name": "status", "valueSet": { "items": [{ "value": "available" }] } }] },
            "maxResults": 5,
        })
    );
    let body = "Action=RunInstances&ImageId=ami-1&MinCount=1&MaxCount=1&UserData=c2VjcmV0&BlockDeviceMapping.1.DeviceName=/dev/sda1\
                &BlockDeviceMapping.1.Ebs.Encrypted=true&BlockDeviceMapping.1.Ebs.VolumeSize=8";
    let input = ec2::RunInstancesInput::decode(&post(body)).unwrap();
    assert_eq!(input.user_data.as_deref(), Some("c2VjcmV0"));
    assert_eq!(
        input.trail(),
        json!({
            "imageId": "ami-1", "minCount": 1, "maxCount": 1,
            "blockDeviceMapping": { "items": [
                { "deviceName": "/dev/sda1", "ebs": { "encrypted": true, "volumeSize": 8 } }
            ] },
        }),
        "user data is sensitive and not recorded"
    );
}

#[test]
fn sts_answers_inside_a_result_and_refuses_with_a_type() {
    let output = sts::GetCallerIdentityOutput {
        user_id: Some("111122223333".into()),
        account: Some("111122223333".into()),
        arn: Some("arn:aws:iam::111122223333:root".into()),
    };
    assert_eq!(
        text(&output.encode("r")),
        format!(
            "{XML}<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <UserId>111122223333</UserId><Account>111122223333</Account><Arn>arn:aws:iam::111122223333:root</Arn>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        )
    );
    let refusal =
        Refusal::new("InvalidClientTokenId", "The security token included in the request is invalid.");
    assert_eq!(
        text(&encode_refusal(&sts::SERVICE, &refusal.with_status(403), "r")),
        format!(
            "{XML}<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid.</Message>\
             </Error><RequestId>r</RequestId></ErrorResponse>"
        )
    );
    let fault = encode_refusal(&sts::SERVICE, &Refusal::internal(), "r");
    assert_eq!(fault.status, 500);
    assert!(text(&fault).contains("<Type>Receiver</Type>"));
}
