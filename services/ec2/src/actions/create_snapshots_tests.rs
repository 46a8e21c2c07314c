//! CreateSnapshots as wire text: which volumes, one instant, tags, the completion event, and what is refused.

use crate::testing::{Bench, OTHER, texts, xml};
use base::Refusal;
use serde_json::json;
use std::time::Duration;

const ROOT: &str = "&BlockDeviceMapping.1.DeviceName=/dev/xvda&BlockDeviceMapping.1.Ebs.VolumeSize=2\
                    &BlockDeviceMapping.2.DeviceName=/dev/sdf&BlockDeviceMapping.2.Ebs.VolumeSize=1\
                    &BlockDeviceMapping.3.DeviceName=/dev/sdg&BlockDeviceMapping.3.Ebs.VolumeSize=1";

/// An instance with a root volume and two others, in this order.
fn instance(bench: &Bench) -> (String, Vec<String>) {
    let instance = bench.instance_with(ROOT);
    let volumes = bench.instance_row(&instance).volumes;
    assert_eq!(volumes.len(), 3);
    (instance, volumes)
}

fn call(instance: &str, more: &str) -> String {
    format!("CreateSnapshots&InstanceSpecification.InstanceId={instance}{more}")
}

#[test]
fn all_volumes_are_frozen_at_one_instant() {
    let bench = Bench::new();
    let (instance, volumes) = instance(&bench);
    bench.host.asked();
    let body = bench.ok(&call(&instance, "&Description=set"));
    let ids = texts(&body, "snapshotId");
    let started = texts(&body, "startTime").remove(0);
    let items: String = volumes
        .iter()
        .zip(&ids)
        .zip([2, 1, 1])
        .map(|((volume, id), size)| {
            format!(
                "<item><description>set</description><tagSet></tagSet><encrypted>false</encrypted>
                 <volumeId>{volume}</volumeId><state>pending</state><volumeSize>{size}</volumeSize>
                 <startTime>{started}</startTime><progress></progress><ownerId>111122223333</ownerId>
                 <snapshotId>{id}</snapshotId></item>\n"
            )
        })
        .collect();
    assert_eq!(body, xml("CreateSnapshots", &format!("<snapshotSet>\n{items}</snapshotSet>")));
    let set: Vec<(String, String)> = volumes.iter().cloned().zip(ids.iter().cloned()).collect();
    assert_eq!(bench.host.kept.lock().unwrap().instants, [set]);
    assert!(ids.iter().all(|id| bench.snapshot_row(id).unwrap().set.as_ref() == Some(&ids[0])));
    bench.run();
    assert!(ids.iter().all(|id| bench.snapshot_state(id) == "completed"));
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

fn set_events(bench: &Bench) -> Vec<serde_json::Value> {
    let of_set = |e: &serde_json::Value| e["detail-type"] == "EBS Multi-Volume Snapshots Completion Status";
    bench.events().into_iter().filter(of_set).collect()
}

#[test]
fn one_event_tells_when_the_last_one_has_ended() {
    let bench = Bench::new();
    let (instance, volumes) = instance(&bench);
    bench.host.work_takes(3);
    let ids =
        texts(&bench.ok(&call(&instance, "&InstanceSpecification.ExcludeBootVolume=true")), "snapshotId");
    bench.run_rounds(2);
    assert_eq!(set_events(&bench), [json!(null); 0]);
    bench.run();
    let [event] = &set_events(&bench)[..] else { panic!("one event") };
    let arn = |id: &String| format!("arn:aws:ec2::us-east-1:snapshot/{id}");
    let one = |(volume, id): (&String, &String)| json!({"snapshot_id": arn(id), "source": format!("arn:aws:ec2::us-east-1:volume/{volume}"), "status": "completed"});
    assert_eq!(event["resources"], json!(ids.iter().map(arn).collect::<Vec<_>>()));
    let detail = &event["detail"];
    assert_eq!(
        (&detail["event"], &detail["result"], &detail["cause"]),
        (&json!("createSnapshots"), &json!("succeeded"), &json!(""))
    );
    let snapshots: Vec<_> = volumes[1..].iter().zip(&ids).map(one).collect();
    assert_eq!(detail["snapshots"], json!(snapshots));
    assert_eq!(set_events(&bench).len(), 1);
}

#[test]
fn a_set_with_one_that_failed_or_was_given_up_has_failed() {
    for deleted in [false, true] {
        let bench = Bench::new();
        let (instance, _) = instance(&bench);
        bench.host.work_takes(3);
        let ids = texts(&bench.ok(&call(&instance, "")), "snapshotId");
        if deleted {
            bench.ok(&format!("DeleteSnapshot&SnapshotId={}", ids[1]));
        } else {
            let why = Refusal::new("IncorrectState", "the volume is damaged");
            bench.host.refuse_work(&format!("store/{}", ids[1]), why);
        }
        bench.run();
        let [event] = &set_events(&bench)[..] else { panic!("one event: {:?}", set_events(&bench)) };
        assert_eq!(event["detail"]["result"], "failed");
        assert_eq!(event["detail"]["cause"], format!("Snapshot {} is in status error", ids[1]));
        let status: Vec<_> =
            event["detail"]["snapshots"].as_array().unwrap().iter().map(|s| s["status"].clone()).collect();
        assert_eq!(status, ["completed", "error", "completed"]);
        bench.host.heal();
        bench.assert_tidy();
        bench.assert_storage_tidy();
    }
}

#[test]
fn volumes_are_excluded_by_id_and_the_root_by_its_own_word() {
    let bench = Bench::new();
    let (instance, volumes) = instance(&bench);
    let taken = |more: &str| {
        bench.clock.advance(Duration::from_secs(15));
        let taken = texts(&bench.ok(&call(&instance, more)), "volumeId");
        bench.run();
        taken
    };
    assert_eq!(taken("&InstanceSpecification.ExcludeBootVolume=true"), volumes[1..]);
    assert_eq!(taken("&InstanceSpecification.ExcludeBootVolume=false"), volumes);
    let without = format!("&InstanceSpecification.ExcludeDataVolumeId.1={}", volumes[1]);
    assert_eq!(taken(&without), [volumes[0].as_str(), &volumes[2]]);
    bench.assert_storage_tidy();
}

#[test]
fn tags_are_copied_from_the_volume_if_asked_and_the_requests_own_win() {
    let bench = Bench::new();
    let (instance, volumes) = instance(&bench);
    let tagged = format!(
        "CreateTags&ResourceId.1={}&Tag.1.Key=a&Tag.1.Value=volume&Tag.2.Key=b&Tag.2.Value=volume",
        volumes[0]
    );
    bench.ok(&tagged);
    let own = "&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=b&TagSpecification.1.Tag.1.Value=request";
    let tags = |id: &str| -> Vec<(String, String)> {
        bench.snapshot_row(id).unwrap().tags.into_iter().map(|t| (t.key, t.value)).collect()
    };
    let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let ids = texts(&bench.ok(&call(&instance, &format!("&CopyTagsFromSource=volume{own}"))), "snapshotId");
    assert_eq!(tags(&ids[0]), [pair("a", "volume"), pair("b", "request")]);
    assert_eq!(tags(&ids[1]), [pair("b", "request")]);
    bench.run();
    bench.clock.advance(Duration::from_secs(15));
    let ids = texts(&bench.ok(&call(&instance, "")), "snapshotId");
    assert_eq!(tags(&ids[0]), []);
    bench.run();
}

#[test]
fn bad_sets_are_refused_whole() {
    let bench = Bench::new();
    let (instance, volumes) = instance(&bench);
    let stranger = bench.volume("");
    let excluding = |id: &str| call(&instance, &format!("&InstanceSpecification.ExcludeDataVolumeId.1={id}"));
    let refused = |id: &str, why: &str| {
        let message = format!("Value ({id}) for parameter ExcludeDataVolumeIds is invalid: {why}");
        bench.refused(&excluding(id), "InvalidParameterValue", &message);
    };
    refused(&volumes[0], "it is the root volume; use ExcludeBootVolume for it");
    refused(&stranger, &format!("the volume is not attached to {instance}"));
    let everything = format!(
        "&InstanceSpecification.ExcludeBootVolume=true&InstanceSpecification.ExcludeDataVolumeId.1={}\
         &InstanceSpecification.ExcludeDataVolumeId.2={}",
        volumes[1], volumes[2]
    );
    let none = format!("Instance {instance} has no volumes to take snapshots of");
    bench.refused(&call(&instance, &everything), "InvalidParameterValue", &none);
    let copies = "Value (instance) for parameter CopyTagsFromSource is invalid.";
    bench.refused(&call(&instance, "&CopyTagsFromSource=instance"), "InvalidParameterValue", copies);
    let many: String =
        (1..=41).map(|n| format!("&InstanceSpecification.ExcludeDataVolumeId.{n}=vol-{n:017x}")).collect();
    bench.refused(&call(&instance, &many), "InvalidParameterValue", "You can exclude up to 40 volumes");
    bench.refused(
        &call(&instance, "&Location=local"),
        "UnsupportedOperation",
        "The parameter Location is not supported.",
    );
    // One of the volumes has its last snapshot too close: none is taken.
    bench.snapshot(&volumes[2]);
    let soon = "The maximum per volume CreateSnapshot request rate has been exceeded.  Use an increasing or variable \
                sleep interval between requests.";
    bench.refused(&call(&instance, ""), "SnapshotCreationPerVolumeRateExceeded", soon);
    assert_eq!(bench.all::<crate::rows::Snapshot>().len(), 1);
    bench.dry_run_passes(&call(&instance, ""));
}

#[test]
fn instances_that_are_not_there_are_refused() {
    let bench = Bench::new();
    let (instance, _) = instance(&bench);
    let foreign = texts(
        &bench.ok_as(OTHER, "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1"),
        "instanceId",
    )
    .remove(0);
    bench.run();
    bench.ok(&format!("TerminateInstances&InstanceId.1={instance}"));
    for id in [instance.as_str(), &foreign, "i-0123456789abcdef0"] {
        let gone = format!("The instance ID '{id}' does not exist");
        bench.refused(&call(id, ""), "InvalidInstanceID.NotFound", &gone);
    }
    bench.run();
    for id in ["i-", "vol-0123456789abcdef0"] {
        let message = format!("Invalid id: \"{id}\" (expecting \"i-...\")");
        bench.refused(&call(id, ""), "InvalidInstanceID.Malformed", &message);
    }
    let arn = "arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0";
    bench.only_root_may(&call("i-0123456789abcdef0", ""), "ec2:CreateSnapshots", arn);
}
