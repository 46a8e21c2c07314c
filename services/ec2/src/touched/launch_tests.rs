//! Launches: tags at creation, instance profiles and passing a role; and tagging at creation elsewhere.

use crate::testing::{Bench, allow, texts, when};
use serde_json::json;

const RUN: &str = "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1";
const INSTANCES: &str = "arn:aws:ec2:us-east-1:111122223333:instance/*";

fn tagged(kind: &str) -> String {
    format!(
        "&TagSpecification.1.ResourceType={kind}&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=prod"
    )
}

#[test]
fn who_makes_a_thing_with_tags_must_be_allowed_to_tag_it() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let snapshot = bench.snapshot(&volume);
    let instance = bench.instance();
    let attached = bench.volume("");
    bench.attach(&attached, &instance);
    for (body, kind, resource) in [
        (
            "CreateVolume&Size=1&AvailabilityZone=us-east-1a".to_owned(),
            "volume",
            "arn:aws:ec2:us-east-1:111122223333:volume/*",
        ),
        (format!("CreateSnapshot&VolumeId={volume}"), "snapshot", "arn:aws:ec2:us-east-1::snapshot/*"),
        (
            format!("CreateSnapshots&InstanceSpecification.InstanceId={instance}"),
            "snapshot",
            "arn:aws:ec2:us-east-1::snapshot/*",
        ),
        (
            format!("CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={snapshot}"),
            "snapshot",
            "arn:aws:ec2:us-east-1::snapshot/*",
        ),
        (RUN.to_owned(), "instance", INSTANCES),
    ] {
        let action = body.split('&').next().unwrap().to_owned();
        let own = allow(&format!("ec2:{action}"), &["*"]);
        let user = bench.user(std::slice::from_ref(&own));
        assert_eq!(bench.dry(&user, &body), "allowed", "without tags");
        let with_tags = format!("{body}{}", tagged(kind));
        bench.denied(&user, &with_tags, "ec2:CreateTags", resource);
        let only_there = |action: &str| {
            when("Allow", "ec2:CreateTags", "*", "StringEquals", "ec2:CreateAction", json!(action))
        };
        assert_eq!(
            bench.dry(&bench.user(&[own.clone(), only_there(&action)]), &with_tags),
            "allowed",
            "{action}"
        );
        bench.denied(&bench.user(&[own, only_there("CreateImage")]), &with_tags, "ec2:CreateTags", resource);
    }
    // Who may tag only what is being made does not tag what exists.
    let making = when("Allow", "ec2:CreateTags", "*", "Null", "ec2:CreateAction", json!("false"));
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}");
    bench.denied(
        &bench.user(&[making]),
        &format!("CreateTags&ResourceId.1={volume}&Tag.1.Key=a&Tag.1.Value=b"),
        "ec2:CreateTags",
        &arn,
    );
}

#[test]
fn tags_are_asked_about_where_they_go() {
    let bench = Bench::new();
    let prod = |resource| {
        when("Allow", "ec2:RunInstances", resource, "StringEquals", "aws:RequestTag/env", json!("prod"))
    };
    let rest = json!({"Effect": "Allow", "Action": "ec2:RunInstances", "NotResource": INSTANCES});
    let user = bench.user(&[prod(INSTANCES), rest, allow("ec2:CreateTags", &["*"])]);
    assert_eq!(bench.dry(&user, &format!("{RUN}{}", tagged("instance"))), "allowed");
    bench.denied(&user, RUN, "ec2:RunInstances", INSTANCES);
    bench.denied(&user, &format!("{RUN}{}", tagged("volume")), "ec2:RunInstances", INSTANCES);
    bench.denied(
        &user,
        &format!("{RUN}{}", tagged("instance")).replace("prod", "test"),
        "ec2:RunInstances",
        INSTANCES,
    );
    // Whose tags allow what.
    let volume = bench.volume(&tagged("volume"));
    let delete = format!("DeleteVolume&VolumeId={volume}");
    for key in ["aws:ResourceTag/env", "ec2:ResourceTag/env"] {
        let may = |value: &str| {
            bench.user(&[when("Allow", "ec2:DeleteVolume", "*", "StringEquals", key, json!(value))])
        };
        assert_eq!(bench.dry(&may("prod"), &delete), "allowed");
        bench.denied(
            &may("test"),
            &delete,
            "ec2:DeleteVolume",
            &format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}"),
        );
    }
}

#[test]
fn an_instance_gets_the_profile_that_the_caller_may_pass() {
    let bench = Bench::new();
    let role = bench.role("app", &[]).arn();
    let profile = bench.instance_profile("web", Some("app"));
    let run = format!("{RUN}&IamInstanceProfile.Name=web");
    let launch = allow("ec2:RunInstances", &["*"]);
    bench.denied(&bench.user(std::slice::from_ref(&launch)), &run, "iam:PassRole", &role);
    bench.denied(
        &bench.user(&[launch.clone(), allow("iam:PassRole", &["arn:aws:iam::111122223333:role/other"])]),
        &run,
        "iam:PassRole",
        &role,
    );
    let to = |service: &str| {
        when("Allow", "iam:PassRole", &role, "StringEquals", "iam:PassedToService", json!(service))
    };
    bench.denied(&bench.user(&[launch.clone(), to("lambda.amazonaws.com")]), &run, "iam:PassRole", &role);
    let user = bench.user(&[launch, to("ec2.amazonaws.com")]);
    for named in ["Name=web".to_owned(), format!("Arn={}", profile.arn())] {
        let (status, text, _) = bench.call_as(&user, &format!("{RUN}&IamInstanceProfile.{named}"));
        assert_eq!(status, 200, "{text}");
        let shown = format!(
            "<iamInstanceProfile><arn>{}</arn><id>{}</id></iamInstanceProfile>",
            profile.arn(),
            profile.id
        );
        assert!(text.contains(&shown), "{text}");
        let id = texts(&text, "instanceId").remove(0);
        bench.run();
        assert!(bench.ok(&format!("DescribeInstances&InstanceId.1={id}")).contains(&shown));
    }
    assert!(
        !bench
            .ok(&format!("DescribeInstances&InstanceId.1={}", bench.instance()))
            .contains("iamInstanceProfile")
    );
}

#[test]
fn a_profile_must_exist_and_have_a_role() {
    let bench = Bench::new();
    bench.instance_profile("empty", None);
    let arn = "arn:aws:iam::111122223333:instance-profile/empty";
    let refused =
        |named: &str, code: &str, message: &str| bench.refused(&format!("{RUN}{named}"), code, message);
    refused(
        "&IamInstanceProfile.Name=none",
        "InvalidParameterValue",
        "Value (none) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
    );
    for bad in [
        "arn:aws:iam::111122223333:instance-profile/none",
        "arn:aws:iam::444455556666:instance-profile/empty",
        "empty",
    ] {
        let message = format!(
            "Value ({bad}) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN"
        );
        refused(&format!("&IamInstanceProfile.Arn={bad}"), "InvalidParameterValue", &message);
    }
    refused(
        "&IamInstanceProfile.Name=empty",
        "InvalidParameterValue",
        &format!("IAM Instance Profile \"{arn}\" has no associated IAM Roles"),
    );
    refused(
        &format!("&IamInstanceProfile.Name=empty&IamInstanceProfile.Arn={arn}"),
        "InvalidParameterCombination",
        "The parameter 'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'",
    );
    assert_eq!(bench.all::<crate::rows::Instance>().len(), 0);
}
