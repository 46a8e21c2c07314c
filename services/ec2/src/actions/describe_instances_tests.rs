//! DescribeInstances as wire text.

use crate::testing::{Bench, OTHER, encoded, texts};
use std::time::Duration;

fn by(bench: &Bench, name: &str, value: &str) -> Vec<String> {
    let call = format!("DescribeInstances&Filter.1.Name={name}&Filter.1.Value.1={}", encoded(value));
    texts(&bench.ok(&call), "instanceId")
}

#[test]
fn each_filter_finds_its_own_and_no_more() {
    let bench = Bench::new();
    let (volume, used, _) = bench.attached();
    let other = bench.instance_with(
        "&InstanceType=m5.large&Placement.AvailabilityZone=us-east-1b&TagSpecification.1.ResourceType=instance\
         &TagSpecification.1.Tag.1.Key=Team&TagSpecification.1.Tag.1.Value=red",
    );
    let row = bench.instance_row(&used);
    let launched = wire::time::iso_millis(row.launched);
    for (name, of_used) in [
        ("availability-zone", "us-east-1a"),
        ("block-device-mapping.delete-on-termination", "false"),
        ("block-device-mapping.device-name", "/dev/sdf"),
        ("block-device-mapping.status", "attached"),
        ("block-device-mapping.volume-id", &volume),
        ("instance-id", &used),
        ("instance-type", "m1.small"),
        ("launch-time", &launched),
        ("reservation-id", &row.reservation),
    ] {
        assert_eq!(by(&bench, name, of_used), [used.as_str()], "{name}");
        assert_eq!(by(&bench, name, "no such value"), [""; 0], "{name}");
    }
    for (name, of_both) in [
        ("architecture", "x86_64"),
        ("hypervisor", "xen"),
        ("image-id", "ami-*"),
        ("instance-state-code", "16"),
        ("instance-state-name", "running"),
        ("launch-index", "0"),
        ("owner-id", "111122223333"),
        ("root-device-name", "/dev/xvda"),
        ("root-device-type", "ebs"),
        ("virtualization-type", "hvm"),
    ] {
        assert_eq!(by(&bench, name, of_both).len(), 2, "{name}");
        assert_eq!(by(&bench, name, "no such value"), [""; 0], "{name}");
    }
    assert_eq!(by(&bench, "tag:Team", "red"), [other.as_str()]);
    assert_eq!(by(&bench, "tag-key", "Team"), [other.as_str()]);
    assert_eq!(by(&bench, "state-reason-code", "*"), [""; 0]);
    bench.ok(&format!("TerminateInstances&InstanceId.1={other}"));
    assert_eq!(by(&bench, "state-reason-code", "Client.UserInitiatedShutdown"), [other.as_str()]);
    assert_eq!(by(&bench, "instance-state-name", "shutting-down"), [other.as_str()]);
}

#[test]
fn an_attached_volume_is_in_the_mappings_without_its_encryption() {
    let bench = Bench::new();
    let (volume, instance, key) = bench.attached();
    let body = bench.ok(&format!("DescribeInstances&InstanceId.1={instance}"));
    let time = texts(&body, "attachTime").remove(0);
    let mapping = format!(
        "<blockDeviceMapping><item><deviceName>/dev/sdf</deviceName><ebs><attachTime>{time}</attachTime>\
         <deleteOnTermination>false</deleteOnTermination><status>attached</status><volumeId>{volume}</volumeId></ebs></item>\
         </blockDeviceMapping>"
    );
    assert!(body.contains(&mapping), "{body}");
    assert!(!body.contains(&key));
}

#[test]
fn a_terminated_instance_is_shown_for_an_hour() {
    let bench = Bench::new();
    let instance = bench.instance();
    bench.ok(&format!("TerminateInstances&InstanceId.1={instance}"));
    bench.run();
    bench.clock.advance(Duration::from_secs(3590));
    assert_eq!(texts(&bench.ok("DescribeInstances"), "instanceId"), [instance.as_str()]);
    bench.clock.advance(Duration::from_secs(11));
    assert_eq!(texts(&bench.ok("DescribeInstances"), "instanceId"), [""; 0]);
    let message = format!("The instance ID '{instance}' does not exist");
    bench.refused(
        &format!("DescribeInstances&InstanceId.1={instance}"),
        "InvalidInstanceID.NotFound",
        &message,
    );
}

#[test]
fn pages_hold_every_instance_once() {
    let bench = Bench::new();
    (0..7).for_each(|_| drop(bench.instance()));
    for filter in ["", "&Filter.1.Name=instance-state-name&Filter.1.Value.1=running"] {
        let first = bench.ok(&format!("DescribeInstances&MaxResults=5{filter}"));
        let token = texts(&first, "nextToken").remove(0);
        let second =
            bench.ok(&format!("DescribeInstances&MaxResults=5&NextToken={}{filter}", encoded(&token)));
        let mut all = [texts(&first, "instanceId"), texts(&second, "instanceId")].concat();
        assert_eq!((all.len(), texts(&second, "nextToken").len()), (7, 0));
        all.dedup();
        assert_eq!(all.len(), 7);
    }
}

#[test]
fn a_page_with_a_filter_on_mappings_is_full_and_says_whether_more_follow() {
    let bench = Bench::new();
    let more = "&BlockDeviceMapping.1.DeviceName=/dev/sdf&BlockDeviceMapping.1.Ebs.VolumeSize=1";
    for n in 0..12 {
        bench.instance_with(if n % 2 == 0 { more } else { "" });
    }
    let filter = "&Filter.1.Name=block-device-mapping.device-name&Filter.1.Value.1=/dev/sdf";
    let first = bench.ok(&format!("DescribeInstances&MaxResults=5{filter}"));
    assert_eq!(texts(&first, "instanceId").len(), 5);
    let token = texts(&first, "nextToken").remove(0);
    let second = bench.ok(&format!("DescribeInstances&MaxResults=5{filter}&NextToken={}", encoded(&token)));
    assert_eq!((texts(&second, "instanceId").len(), texts(&second, "nextToken").len()), (1, 0));
}

#[test]
fn bad_requests_are_refused() {
    let bench = Bench::new();
    let foreign =
        texts(&bench.ok_as(OTHER, "RunInstances&ImageId=ami-01234567&MinCount=1&MaxCount=1"), "instanceId")
            .remove(0);
    for id in ["i-0123456789abcdef0", &foreign] {
        let message = format!("The instance ID '{id}' does not exist");
        bench.refused(
            &format!("DescribeInstances&InstanceId.1={id}"),
            "InvalidInstanceID.NotFound",
            &message,
        );
    }
    let message = "Invalid id: \"vol-01234567\" (expecting \"i-...\")";
    bench.refused("DescribeInstances&InstanceId.1=vol-01234567", "InvalidInstanceID.Malformed", message);
    let call = "DescribeInstances&Filter.1.Name=state&Filter.1.Value.1=x";
    bench.refused(call, "InvalidParameterValue", "The filter 'state' is invalid");
    let message = "The parameter maxResults cannot be used with the parameter that names the resources' ids";
    bench.refused(
        "DescribeInstances&MaxResults=5&InstanceId.1=i-01234567",
        "InvalidParameterCombination",
        message,
    );
    bench.dry_run_passes("DescribeInstances");
    bench.only_root_may("DescribeInstances", "ec2:DescribeInstances", "*");
    assert_eq!(texts(&bench.ok("DescribeInstances"), "instanceId"), [""; 0]);
}
