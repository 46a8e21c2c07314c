//! Explain as wire text: the stories of volumes, instances and requests.

use crate::testing::{ACCOUNT, Attaching, Bench, OTHER, Storing, lines, root};
use api::Caller;
use base::AccountId;
use serde_json::{Value, json};
use std::time::Duration;

fn events(story: &Value) -> Vec<Value> {
    lines(&story["Events"]).iter().map(|e| serde_json::from_str(e).unwrap()).collect()
}

#[test]
fn an_encrypted_volume_in_use_tells_its_whole_story() {
    let bench = Bench::new();
    let key = bench.key();
    let id = key.rsplit('/').next().unwrap();
    let (volume, instance) = (bench.volume(&format!("&Encrypted=true&KmsKeyId={id}")), bench.instance());
    bench.attach(&volume, &instance);
    let grant = bench.kms("ListGrants", json!({"KeyId": id}))["Grants"][0]["GrantId"].clone();
    let mut story = bench.explain(&volume);
    let told = events(&story);
    assert_eq!((told.len(), &told[0]["detail"]["result"]), (1, &json!("available")));
    story["Events"].take();
    let root = "arn:aws:iam::111122223333:root";
    let expected = json!({
        "Id": volume, "Kind": "volume", "Summary": format!("Volume {volume} is in-use"), "State": "in-use",
        "Lines": [
            "1 GiB gp2 in us-east-1a",
            format!("encrypted under {key}: the request names the key"),
            format!("the key was named as {id}"),
            format!("its data key is bound to the encryption context aws:ebs:id = {volume}"),
            format!(
                "attached to {instance} as /dev/sdf at nbd+unix:///{volume}?socket=/run/{instance}.sock, under grant {}",
                grant.as_str().unwrap()
            ),
        ],
        "Events": null,
        "Calls": [
            format!("ec2 CreateVolume by {root}: done"),
            format!("kms GenerateDataKeyWithoutPlaintext by {root}: done"),
        ],
    });
    assert_eq!(story, expected);
}

#[test]
fn a_plain_volume_says_why_it_is_plain_and_a_deleted_one_that_it_was_deleted() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let story = bench.explain(&volume);
    assert_eq!(
        lines(&story["Lines"])[1],
        "not encrypted: the request did not ask for it and nothing else demands it"
    );
    assert_eq!((&story["State"], &story["Reason"]), (&json!("available"), &Value::Null));
    bench.ec2(&format!("DeleteVolume&VolumeId={volume}"));
    bench.settle();
    let story = bench.explain(&volume);
    assert_eq!((&story["State"], &story["Reason"]), (&json!("deleted"), &Value::Null));
    assert_eq!(story["Summary"], format!("Volume {volume} was deleted"));
    assert_eq!(events(&story).len(), 2);
}

#[test]
fn a_volume_that_vanished_says_what_was_wrong_with_its_key() {
    let bench = Bench::new();
    let key = bench.key();
    bench.disable(&key);
    let volume = bench.volume(&format!("&Encrypted=true&KmsKeyId={key}"));
    let story = bench.explain(&volume);
    let cause = format!("{key} is disabled.");
    assert_eq!((&story["State"], &story["Reason"]), (&json!("failed"), &json!(cause)));
    assert_eq!(story["Summary"], format!("Volume {volume} could not be created: {cause}"));
    let told: Vec<_> = events(&story).iter().map(|e| e["detail"]["event"].clone()).collect();
    assert_eq!(told, ["createVolume", "deleteVolume"]);
    let calls = lines(&story["Calls"]);
    assert_eq!(calls.len(), 2);
    assert!(calls[0].ends_with("CreateVolume by arn:aws:iam::111122223333:root: done"), "{calls:?}");
    assert!(calls[1].contains("refused, DisabledException: ") && calls[1].contains(&key), "{calls:?}");
}

#[test]
fn a_volume_without_its_device_says_so_before_all() {
    let bench = Bench::new();
    let key = bench.key();
    let (volume, instance) = (bench.volume(&format!("&Encrypted=true&KmsKeyId={key}")), bench.instance());
    bench.attach(&volume, &instance);
    *bench.host.refusal.lock().unwrap() = format!("{key} is disabled.");
    *bench.host.attaching.lock().unwrap() = Attaching::Refused;
    ec2::resume::reattach(&bench.door, ec2::resume::Which::All).unwrap();
    bench.settle();
    let story = bench.explain(&volume);
    let summary = format!("Volume {volume} is in-use, but its device is not there: {key} is disabled.");
    assert_eq!(
        (&story["Summary"], &story["Reason"]),
        (&json!(summary), &json!(format!("{key} is disabled.")))
    );
    assert_eq!(events(&story).pop().unwrap()["detail"]["event"], "reattachVolume");
}

#[test]
fn a_job_that_keeps_failing_is_told_with_its_trouble() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    *bench.host.attaching.lock().unwrap() = Attaching::Fails;
    bench.ec2(&format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf"));
    for _ in 0..1000 {
        if bench.jobs().iter().any(|j| j.last_fault.is_some()) {
            break;
        }
        bench.door.env.clock.sleep(Duration::from_millis(5));
    }
    let story = bench.explain(&volume);
    let job = "job ec2:attach-volume is running step 2; last attempt failed: the disk is full";
    assert_eq!(lines(&story["Lines"]).pop(), Some(job));
    *bench.host.attaching.lock().unwrap() = Attaching::Works;
    bench.settle();
    assert!(!lines(&bench.explain(&volume)["Lines"]).iter().any(|l| l.starts_with("job")));
}

#[test]
fn an_instance_says_what_it_holds_and_why_its_launch_failed() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    bench.attach(&volume, &instance);
    let story = bench.explain(&instance);
    let expected = json!({
        "Id": instance, "Kind": "instance", "Summary": format!("Instance {instance} is running"), "State": "running",
        "Lines": ["in us-east-1a, image ami-0123456789abcdef0, type m1.small", format!("holds volume {volume}")],
        "Events": [], "Calls": [],
    });
    assert_eq!(story, expected);
    let key = bench.key();
    bench.disable(&key);
    let launch = format!(
        "RunInstances&ImageId=ami-0123456789abcdef0&MinCount=1&MaxCount=1&BlockDeviceMapping.1.DeviceName=/dev/sdf\
         &BlockDeviceMapping.1.Ebs.VolumeSize=1&BlockDeviceMapping.1.Ebs.Encrypted=true&BlockDeviceMapping.1.Ebs.KmsKeyId={key}"
    );
    let failed = bench.made(&launch, "instanceId").0;
    let story = bench.explain(&failed);
    assert_eq!(story["State"], "terminated");
    assert_eq!(story["Reason"], format!("Client.InvalidKMSKey.InvalidState: {key} is disabled."));
}

#[test]
fn a_request_that_was_refused_says_which_call_and_why() {
    let bench = Bench::new();
    let key = bench.key();
    let (volume, instance) = (bench.volume(&format!("&Encrypted=true&KmsKeyId={key}")), bench.instance());
    bench.disable(&key);
    for _ in 0..5 {
        let call = format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf");
        let (status, _, request) = bench.ec2(&call);
        assert_eq!(status, 400);
        let story = bench.explain(&request);
        assert_eq!((&story["Kind"], &story["State"]), (&json!("request"), &json!("refused")));
        assert_eq!(story["Summary"], "AttachVolume was refused", "and not the call that it led to");
        assert_eq!(story["Reason"], format!("{key} is disabled."));
        let calls = lines(&story["Calls"]);
        assert_eq!(calls.len(), 2);
        assert!(
            calls[0].contains("AttachVolume")
                && calls[0].contains("refused, Client.CustomerKeyHasBeenRevoked")
        );
        assert!(
            calls[1].contains("CreateGrant") && calls[1].contains("refused, DisabledException"),
            "{calls:?}"
        );
    }
}

#[test]
fn a_request_that_was_done_lists_everything_it_led_to() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume("&Encrypted=true"), bench.instance());
    let call = format!("AttachVolume&VolumeId={volume}&InstanceId={instance}&Device=/dev/sdf");
    let (_, request) = bench.made(&call, "volumeId");
    let story = bench.explain(&request);
    assert_eq!((&story["State"], &story["Reason"]), (&json!("done"), &Value::Null));
    assert_eq!(story["Summary"], "AttachVolume was done");
    let names: Vec<&str> = lines(&story["Calls"]).iter().map(|c| c.split(' ').nth(1).unwrap()).collect();
    assert_eq!(names, ["AttachVolume", "CreateGrant"]);
}

#[test]
fn a_request_that_was_done_and_failed_later_is_told_as_refused() {
    let bench = Bench::new();
    let call = "CreateVolume&Size=1&AvailabilityZone=us-east-1a&Encrypted=true&KmsKeyId=alias/none";
    let (_, request) = bench.made(call, "volumeId");
    let story = bench.explain(&request);
    assert_eq!(story["Summary"], "GenerateDataKeyWithoutPlaintext was refused");
    assert_eq!(lines(&story["Calls"]).len(), 2);
}

#[test]
fn what_is_not_the_callers_is_not_known() {
    let bench = Bench::new();
    let (volume, request) = bench.made("CreateVolume&Size=1&AvailabilityZone=us-east-1a", "volumeId");
    let instance = bench.instance();
    let unknown = |id: &str| {
        format!(
            "Nothing is known of '{id}': give a volume id, a snapshot id, an instance id or a request id of this account and Region"
        )
    };
    for id in [&volume, &instance, &request] {
        bench.refused_as(
            &root(OTHER),
            "Explain",
            json!({"Id": id}),
            "ResourceNotFoundException",
            &unknown(id),
        );
    }
    let long = "x".repeat(256);
    for id in
        ["x", "vol-0123456789abcdef0", "i-0123456789abcdef0", "snap-0123456789abcdef0", "a/b", "%", &long]
    {
        bench.refused("Explain", json!({"Id": id}), "ResourceNotFoundException", &unknown(id));
    }
    for input in
        [json!({}), json!({"Id": ""}), json!({"Id": "x".repeat(257)}), json!({"Id": ["x"]}), json!([])]
    {
        assert_eq!(bench.ask_as(&root(ACCOUNT), "Explain", input.clone()).0, 400, "{input}");
    }
    let session = Caller::instance_infrastructure(AccountId::parse(ACCOUNT).unwrap(), &instance);
    let (_, body) = bench.ask_as(&session, "Explain", json!({"Id": volume}));
    assert_eq!(body["__type"], "AccessDeniedException");
}

#[test]
fn blanks_around_an_id_do_not_matter() {
    let bench = Bench::new();
    let volume = bench.volume("");
    assert_eq!(bench.explain(&format!(" {volume}\n"))["Id"], volume);
}

#[test]
fn a_snapshot_tells_what_it_is_of_its_key_its_lineage_and_its_sizes() {
    let bench = Bench::new();
    let key = bench.key();
    let volume = bench.volume(&format!("&Encrypted=true&KmsKeyId={key}"));
    let snapshot = bench.made(&format!("CreateSnapshot&VolumeId={volume}"), "snapshotId").0;
    bench.ec2(&format!(
        "ModifySnapshotAttribute&SnapshotId={snapshot}&CreateVolumePermission.Add.1.UserId={OTHER}"
    ));
    let story = bench.explain(&snapshot);
    assert_eq!(story["Summary"], format!("Snapshot {snapshot} is completed"));
    assert_eq!(
        (&story["Kind"], &story["State"], &story["Reason"]),
        (&json!("snapshot"), &json!("completed"), &Value::Null)
    );
    let told = lines(&story["Lines"]);
    assert_eq!(told[0], format!("1 GiB of {volume}"));
    assert_eq!(
        told[1],
        format!(
            "encrypted under {key}: a snapshot of an encrypted volume is encrypted under the volume's key"
        )
    );
    assert_eq!(told[2], format!("its data key is bound to the encryption context aws:ebs:id = {volume}"));
    assert!(told[3].starts_with("lineage "), "{told:?}");
    assert_eq!(
        told[4],
        "holds 2097152 bytes, of which 2097152 were stored for it and the others were there already"
    );
    assert_eq!(told[5], format!("shared with {OTHER}"));
    assert_eq!(told.len(), 6, "{told:?}");
    let named: Vec<_> = events(&story).iter().map(|e| e["detail"]["event"].clone()).collect();
    assert_eq!(named, ["createSnapshot"], "the other account's event is not ours to see");
    assert_eq!(lines(&story["Calls"]), [format!("ec2 CreateSnapshot by {}: done", root(ACCOUNT).arn())]);
}

#[test]
fn a_snapshot_under_way_tells_its_base_and_its_job_and_a_deleted_base_who_needs_it() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let first = bench.made(&format!("CreateSnapshot&VolumeId={volume}"), "snapshotId").0;
    *bench.storage.storing.lock().unwrap() = Storing::GoesOn;
    // The last one must look old enough: the clock here is the machine's.
    let row = bench.door.catalog.begin().unwrap().scan::<ec2::rows::Snapshot>("", None, 1).unwrap().remove(0);
    let started = base::Timestamp::from_millis(row.started.millis() - 60_000);
    let older = ec2::rows::Snapshot { started, ..row };
    bench.door.catalog.transact::<(), api::Failure>(|tx| Ok(tx.put(&older)?)).unwrap();
    let (status, text, _) = bench.ec2(&format!("CreateSnapshot&VolumeId={volume}"));
    assert_eq!(status, 200, "{text}");
    let second = text.split_once("<snapshotId>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let mut told = Value::Null;
    for _ in 0..1000 {
        told = bench.explain(&second);
        if told["Summary"] == format!("Snapshot {second} is pending, 25 % are done") {
            break;
        }
        bench.door.env.clock.sleep(Duration::from_millis(5));
    }
    let all = lines(&told["Lines"]);
    assert!(all.contains(&format!("is stored over us-east-1/{first}").as_str()), "{all:?}");
    assert!(all.contains(&"its point in time is durable"), "{all:?}");
    assert!(all.contains(&"job ec2:store-snapshot is running step 2"), "{all:?}");
    bench.ec2(&format!("DeleteSnapshot&SnapshotId={first}"));
    let story = bench.explain(&first);
    assert_eq!(
        (&story["State"], &story["Summary"]),
        (&json!("deleted"), &json!(format!("Snapshot {first} was deleted")))
    );
    let all = lines(&story["Lines"]);
    assert!(all.contains(&format!("{second} is stored over it").as_str()), "{all:?}");
    assert!(all.contains(&"its objects are still there"), "{all:?}");
    assert!(all.iter().any(|l| l.starts_with("job ec2:collect-snapshot is running step 1")), "{all:?}");
    *bench.storage.storing.lock().unwrap() = Storing::Works;
    bench.settle();
    let story = bench.explain(&first);
    assert!(lines(&story["Lines"]).contains(&"its objects that nobody else needs are gone"));
}

#[test]
fn a_failed_snapshot_says_why_and_others_snapshots_are_unknown() {
    let bench = Bench::new();
    let volume = bench.volume("");
    *bench.storage.storing.lock().unwrap() = Storing::Refused("the volume is damaged".into());
    let snapshot = bench.made(&format!("CreateSnapshot&VolumeId={volume}"), "snapshotId").0;
    let story = bench.explain(&snapshot);
    assert_eq!((&story["State"], &story["Reason"]), (&json!("error"), &json!("the volume is damaged")));
    assert_eq!(story["Summary"], format!("Snapshot {snapshot} could not be stored"));
    assert_eq!(events(&story)[0]["detail"]["result"], "failed");
    for (account, id) in [(OTHER, snapshot.as_str()), (ACCOUNT, "snap-0123456789abcdef0")] {
        let message = format!(
            "Nothing is known of '{id}': give a volume id, a snapshot id, an instance id or a request id of this account \
             and Region"
        );
        bench.refused_as(&root(account), "Explain", json!({"Id": id}), "ResourceNotFoundException", &message);
    }
}
