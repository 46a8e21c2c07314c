//! TerminateInstances as wire text.

use crate::testing::{Bench, OTHER, texts, xml};

const WITH_VOLUMES: &str = "&BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.VolumeSize=1\
                            &BlockDeviceMapping.1.Ebs.Encrypted=true&BlockDeviceMapping.1.Ebs.DeleteOnTermination=true\
                            &BlockDeviceMapping.2.DeviceName=/dev/sdg&BlockDeviceMapping.2.Ebs.VolumeSize=2\
                            &BlockDeviceMapping.2.Ebs.Encrypted=true";

#[test]
fn an_instance_ends_with_the_volumes_that_are_to_end_with_it() {
    let bench = Bench::new();
    let instance = bench.instance_with(WITH_VOLUMES);
    let (own, _) = bench.encrypted_volume();
    bench.ok(&format!("AttachVolume&VolumeId={own}&InstanceId={instance}&Device=/dev/sdh"));
    bench.run();
    assert_eq!(bench.grants().len(), 3);
    let body = bench.ok(&format!("TerminateInstances&InstanceId.1={instance}"));
    let expected = format!(
        "<instancesSet><item>
         <instanceId>{instance}</instanceId>
         <currentState><code>32</code><name>shutting-down</name></currentState>
         <previousState><code>16</code><name>running</name></previousState>
         </item></instancesSet>"
    );
    assert_eq!(body, xml("TerminateInstances", &expected));
    bench.run();
    let row = bench.instance_row(&instance);
    assert_eq!((row.state.as_str(), row.volumes.len()), ("terminated", 0));
    let left: Vec<_> =
        bench.all::<crate::rows::Volume>().iter().map(|v| (v.size_gib, v.state.as_str())).collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&(2, "available")) && left.contains(&(1, "available")), "{left:?}");
    assert_eq!(bench.kms_calls().iter().filter(|c| *c == "RetireGrant").count(), 3);
    bench.assert_tidy();
}

#[test]
fn the_reason_is_the_users_wish_at_its_time() {
    let bench = Bench::new();
    let instance = bench.instance();
    bench.ok(&format!("TerminateInstances&InstanceId.1={instance}"));
    bench.run();
    let body = bench.ok(&format!("DescribeInstances&InstanceId.1={instance}"));
    assert_eq!(texts(&body, "reason"), ["User initiated (2026-01-02 03:04:05 GMT)"]);
    let reason = "<stateReason><code>Client.UserInitiatedShutdown</code><message>Client.UserInitiatedShutdown: User initiated \
                  shutdown</message></stateReason>";
    assert!(body.contains(reason), "{body}");
}

#[test]
fn terminating_again_is_no_error_and_changes_nothing() {
    let bench = Bench::new();
    let instance = bench.instance_with(WITH_VOLUMES);
    let call = format!("TerminateInstances&InstanceId.1={instance}");
    bench.ok(&call);
    assert_eq!(texts(&bench.ok(&call), "name"), ["shutting-down", "shutting-down"]);
    bench.run();
    let before = bench.everything();
    assert_eq!(texts(&bench.ok(&call), "name"), ["terminated", "terminated"]);
    assert_eq!(texts(&bench.ok(&format!("{call}&InstanceId.2={instance}")), "name").len(), 4);
    assert_eq!(bench.everything(), before);
    bench.assert_tidy();
}

#[test]
fn a_volume_that_others_hold_is_only_detached() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=4&VolumeType=io2&Iops=100&MultiAttachEnabled=true&Encrypted=true");
    let (one, two) = (bench.instance(), bench.instance());
    bench.attach(&volume, &one);
    bench.attach(&volume, &two);
    bench.ok(&format!("TerminateInstances&InstanceId.1={one}"));
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_eq!(
        (row.state.as_str(), row.attachments.len(), &row.attachments[0].instance),
        ("in-use", 1, &two)
    );
    bench.assert_tidy();
}

#[test]
fn one_bad_id_leaves_all_running() {
    let bench = Bench::new();
    let instance = bench.instance();
    let foreign =
        texts(&bench.ok_as(OTHER, "RunInstances&ImageId=ami-01234567&MinCount=1&MaxCount=1"), "instanceId")
            .remove(0);
    for id in ["i-0123456789abcdef0", &foreign] {
        let message = format!("The instance ID '{id}' does not exist");
        let call = format!("TerminateInstances&InstanceId.1={instance}&InstanceId.2={id}");
        bench.refused(&call, "InvalidInstanceID.NotFound", &message);
    }
    let call = format!("TerminateInstances&InstanceId.1={instance}&InstanceId.2=x");
    bench.refused(&call, "InvalidInstanceID.Malformed", "Invalid id: \"x\" (expecting \"i-...\")");
    let (status, body) = bench.call("TerminateInstances");
    assert!(status == 400 && body.contains("MissingParameter"), "{body}");
    assert_eq!(bench.instance_row(&instance).state.as_str(), "running");
    bench.dry_run_passes(&format!("TerminateInstances&InstanceId.1={instance}"));
    let arn = format!("arn:aws:ec2:us-east-1:111122223333:instance/{instance}");
    bench.only_root_may(
        &format!("TerminateInstances&InstanceId.1={instance}"),
        "ec2:TerminateInstances",
        &arn,
    );
}
