//! CreateSnapshot as wire text: what the answer says and when it comes, and what is refused.

use crate::testing::{Bench, OTHER, attach_call, texts, xml};
use std::time::Duration;

const MINE: &str = "DescribeSnapshots&Owner.1=self";

#[test]
fn the_answer_is_pending_with_an_empty_progress_and_comes_when_the_instant_is_durable() {
    let bench = Bench::new();
    let volume = bench.volume("&Size=3");
    bench.host.asked();
    let tag = "&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=a";
    let body = bench.ok(&format!("CreateSnapshot&VolumeId={volume}&Description=before%20the%20update{tag}"));
    let snapshot = texts(&body, "snapshotId").remove(0);
    let started = texts(&body, "startTime").remove(0);
    let expected = xml(
        "CreateSnapshot",
        &format!(
            "<tagSet><item><key>Name</key><value>a</value></item></tagSet>
             <snapshotId>{snapshot}</snapshotId>
             <volumeId>{volume}</volumeId>
             <status>pending</status>
             <startTime>{started}</startTime>
             <progress></progress>
             <ownerId>111122223333</ownerId>
             <description>before the update</description>
             <volumeSize>3</volumeSize>
             <encrypted>false</encrypted>"
        ),
    );
    assert_eq!(body, expected);
    assert_eq!(bench.host.kept.lock().unwrap().instants, [[(volume.clone(), snapshot.clone())]]);
    let row = bench.snapshot_row(&snapshot).unwrap();
    assert!(row.frozen && row.at.is_none());
    bench.run();
    assert_eq!(
        bench.host.asked(),
        [
            format!("freeze {volume}"),
            format!("store store/{snapshot}"),
            format!("thaw {volume}"),
            format!("merge merge/{volume}"),
        ]
    );
    let completed = wire::time::iso_millis(bench.snapshot_row(&snapshot).unwrap().completed.unwrap());
    let described = xml(
        "DescribeSnapshots",
        &format!(
            "<snapshotSet><item>
             <tagSet><item><key>Name</key><value>a</value></item></tagSet>
             <storageTier>standard</storageTier>
             <completionTime>{completed}</completionTime>
             <fullSnapshotSizeInBytes>2097152</fullSnapshotSizeInBytes>
             <snapshotId>{snapshot}</snapshotId>
             <volumeId>{volume}</volumeId>
             <status>completed</status>
             <startTime>{started}</startTime>
             <progress>100%</progress>
             <ownerId>111122223333</ownerId>
             <description>before the update</description>
             <volumeSize>3</volumeSize>
             <encrypted>false</encrypted>
             </item></snapshotSet>"
        ),
    );
    assert_eq!(bench.ok(MINE), described);
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn a_snapshot_of_an_encrypted_volume_is_under_its_data_key_and_asks_kms_nothing() {
    let bench = Bench::new();
    let (volume, key) = bench.encrypted_volume();
    let before = bench.kms_calls();
    let (_, body, _) = bench.call_as(&bench.root(), &format!("CreateSnapshot&VolumeId={volume}"));
    assert_eq!(texts(&body, "encrypted"), ["true"]);
    assert!(!body.contains("<kmsKeyId>") && !body.contains("dataEncryptionKeyId"), "{body}");
    assert!(body.contains("<tagSet></tagSet>") && body.contains("<description></description>"), "{body}");
    bench.run();
    let second = bench.snapshot(&volume);
    assert_eq!(bench.kms_calls(), before, "no key is needed");
    let body = bench.ok(MINE);
    assert_eq!(texts(&body, "kmsKeyId"), [key.as_str(), &key]);
    let lineages = texts(&body, "dataEncryptionKeyId");
    assert!(lineages.len() == 2 && lineages[0] == lineages[1] && !lineages[0].is_empty(), "{lineages:?}");
    let of_volume = bench.row(&volume).unwrap().encryption.unwrap();
    let of_snapshot = bench.snapshot_row(&second).unwrap().encryption.unwrap();
    assert_eq!(of_snapshot.wrapped_key, of_volume.wrapped_key);
    assert_eq!(of_snapshot.context_id, volume, "the volume's own key blob, so the volume's context");
    let kept = bench.host.kept.lock().unwrap();
    let (spec, _) = &kept.stored[&format!("us-east-1/{second}")];
    assert_eq!(spec.encryption.as_ref().unwrap().kms_key_arn, key);
    assert_eq!(spec.size_bytes, 1 << 30);
}

#[test]
fn only_what_changed_is_stored_for_the_next_one() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let first = bench.snapshot(&volume);
    bench.host.asked();
    let second = bench.snapshot(&volume);
    // The base is let go of first: only then does the volume count from it.
    assert_eq!(
        bench.host.asked()[1..3],
        [format!("thaw {volume}"), format!("store over {first} store/{second}")]
    );
    let sizes = |id: &str| bench.snapshot_row(id).unwrap().sizes;
    assert_eq!((sizes(&first).stored_bytes, sizes(&second).stored_bytes), (4 << 19, 1 << 19));
    assert_eq!(sizes(&first).full_bytes, sizes(&second).full_bytes, "each is whole");
    // The last one that is still there is offered as the base; whether the volume knows what changed since then, the host decides.
    bench.ok(&format!("DeleteSnapshot&SnapshotId={second}"));
    bench.run();
    bench.host.asked();
    let third = bench.snapshot(&volume);
    assert_eq!(bench.host.asked()[2], format!("store over {first} store/{third}"));
    let other = bench.volume("");
    bench.host.asked();
    let alone = bench.snapshot(&other);
    assert_eq!(bench.host.asked()[1], format!("store store/{alone}"), "another volume's is no base");
    bench.assert_storage_tidy();
}

#[test]
fn a_restored_volume_is_stored_over_its_source_only_under_the_same_data_key() {
    let bench = Bench::new();
    let (volume, _) = bench.encrypted_volume();
    let source = bench.snapshot(&volume);
    let same = bench.volume(&format!("&SnapshotId={source}"));
    bench.host.asked();
    let of_same = bench.snapshot(&same);
    assert_eq!(bench.host.asked()[2], format!("store over {source} store/{of_same}"));
    let other = bench.volume(&format!("&SnapshotId={source}&Encrypted=true&KmsKeyId={}", bench.key()));
    bench.host.asked();
    let of_other = bench.snapshot(&other);
    assert_eq!(bench.host.asked()[1], format!("store store/{of_other}"));
    let lineage = |id: &str| bench.snapshot_row(id).unwrap().lineage;
    assert_eq!(lineage(&source), lineage(&of_same));
    assert_ne!(lineage(&source), lineage(&of_other));
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn a_busy_volume_is_snapshotted_as_it_is_attached() {
    let bench = Bench::new();
    let (volume, _, _) = bench.attached();
    let snapshot = bench.snapshot(&volume);
    assert_eq!(bench.snapshot_state(&snapshot), "completed");
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "in-use");
    bench.assert_tidy();
}

#[test]
fn the_event_tells_of_the_end() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let snapshot = bench.snapshot(&volume);
    let event = bench.events().pop().unwrap();
    let arn = format!("arn:aws:ec2::us-east-1:snapshot/{snapshot}");
    let row = bench.snapshot_row(&snapshot).unwrap();
    let expected = serde_json::json!({
        "event": "createSnapshot", "result": "succeeded", "cause": "", "request-id": "",
        "snapshot_id": arn, "source": format!("arn:aws:ec2::us-east-1:volume/{volume}"),
        "startTime": api::trail::iso_seconds(row.started),
        "endTime": api::trail::iso_seconds(row.completed.unwrap()),
    });
    assert_eq!(event["detail"], expected);
    assert_eq!(event["detail-type"], "EBS Snapshot Notification");
    assert_eq!(event["resources"], serde_json::json!([arn]));
}

#[test]
fn progress_is_shown_while_it_is_stored() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.host.work_takes(4);
    let snapshot = bench.begin_snapshot(&volume, "");
    let shown =
        || texts(&bench.ok(&format!("DescribeSnapshots&SnapshotId.1={snapshot}")), "progress").remove(0);
    assert_eq!(shown(), "0%");
    let mut seen = Vec::new();
    for _ in 0..20 {
        bench.run_rounds(1);
        seen.push(shown());
    }
    seen.dedup();
    assert_eq!(seen, ["0%", "25%", "50%", "75%", "100%"]);
    bench.run();
    bench.assert_storage_tidy();
}

#[test]
fn an_answer_that_cannot_wait_longer_is_unavailable_and_the_snapshot_still_comes() {
    let bench = Bench::new();
    let volume = bench.volume("");
    bench.stall(true);
    let message = "The server is overloaded and can't handle the request.";
    bench.refused_as(
        &bench.root(),
        &format!("CreateSnapshot&VolumeId={volume}"),
        503,
        "Unavailable",
        message,
    );
    let snapshot = texts(&bench.ok(MINE), "snapshotId").remove(0);
    assert_eq!(texts(&bench.ok(MINE), "status"), ["pending"]);
    bench.stall(false);
    bench.run();
    assert_eq!(bench.snapshot_state(&snapshot), "completed");
    bench.assert_storage_tidy();
}

#[test]
fn too_soon_and_too_many_are_refused() {
    let bench = Bench::new();
    let volume = bench.volume("");
    let call = format!("CreateSnapshot&VolumeId={volume}");
    let cold = bench.volume("&VolumeType=st1&Size=125");
    bench.host.work_takes(1000);
    bench.ok(&call);
    let soon = "The maximum per volume CreateSnapshot request rate has been exceeded.  Use an increasing or variable \
                sleep interval between requests.";
    bench.refused(&call, "SnapshotCreationPerVolumeRateExceeded", soon);
    bench.clock.advance(Duration::from_millis(14_000));
    bench.refused(&call, "SnapshotCreationPerVolumeRateExceeded", soon);
    for _ in 0..4 {
        bench.begin_snapshot(&volume, "");
    }
    bench.clock.advance(Duration::from_secs(15));
    let many = "Maximum allowed in-progress snapshots for a single volume exceeded.";
    bench.refused(&call, "ConcurrentSnapshotLimitExceeded", many);
    bench.begin_snapshot(&cold, "");
    bench.clock.advance(Duration::from_secs(15));
    bench.refused(&format!("CreateSnapshot&VolumeId={cold}"), "ConcurrentSnapshotLimitExceeded", many);
    bench.host.work_takes(0);
    bench.run();
    bench.ok(&format!("CreateSnapshot&VolumeId={cold}"));
    bench.run();
    assert_eq!(bench.all::<crate::rows::Snapshot>().len(), 7);
    bench.assert_storage_tidy();
}

#[test]
fn volumes_that_are_not_there_for_it_are_refused() {
    let bench = Bench::new();
    let foreign =
        texts(&bench.ok_as(OTHER, "CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    let making = texts(&bench.ok("CreateVolume&Size=1&AvailabilityZone=us-east-1a"), "volumeId").remove(0);
    let state = format!("Volume '{making}' is in the 'creating' state.");
    bench.refused(&format!("CreateSnapshot&VolumeId={making}"), "IncorrectState", &state);
    bench.run();
    bench.ok(&format!("DeleteVolume&VolumeId={making}"));
    for id in [making.as_str(), &foreign, "vol-0123456789abcdef0"] {
        let gone = format!("The volume '{id}' does not exist.");
        bench.refused(&format!("CreateSnapshot&VolumeId={id}"), "InvalidVolume.NotFound", &gone);
    }
    bench.run();
    for id in ["", "vol-", "snap-0123456789abcdef0", "vol-0123456789ABCDEF0"] {
        let (code, message) = match id {
            "" => ("MissingParameter", "The request must contain the parameter VolumeId".to_owned()),
            _ => (
                "InvalidParameterValue",
                format!("Value ({id}) for parameter volumeId is invalid. Expected: 'vol-...'."),
            ),
        };
        if !id.is_empty() {
            bench.refused(&format!("CreateSnapshot&VolumeId={id}"), code, &message);
        }
    }
    assert_eq!(bench.all::<crate::rows::Snapshot>().len(), 0);
    bench.assert_tidy();
}

#[test]
fn bad_wishes_are_refused_before_anything_is_looked_at() {
    let bench = Bench::new();
    let volume = "vol-0123456789abcdef0";
    let call = |more: &str| format!("CreateSnapshot&VolumeId={volume}{more}");
    let long = "x".repeat(256);
    for (more, code, message) in [
        (
            format!("&Description={long}"),
            "InvalidParameterValue",
            "Description cannot be longer than 255 characters",
        ),
        (
            "&OutpostArn=arn:aws:outposts:us-east-1:111122223333:outpost/op-1".into(),
            "UnsupportedOperation",
            "The parameter OutpostArn is not supported.",
        ),
        ("&Location=local".into(), "UnsupportedOperation", "The parameter Location is not supported."),
        (
            "&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=a".into(),
            "InvalidParameterValue",
            "'volume' is not a valid taggable resource type for this operation.",
        ),
    ] {
        bench.refused(&call(&more), code, message);
    }
    let real = bench.volume("");
    bench.dry_run_passes(&format!("CreateSnapshot&VolumeId={real}&Location=regional"));
    bench.only_root_may(&call(""), "ec2:CreateSnapshot", "arn:aws:ec2:us-east-1::snapshot/*");
}

#[test]
fn two_snapshots_of_a_volume_at_once_are_stored_in_the_order_of_their_instants() {
    let bench = Bench::new();
    let (volume, instance) = (bench.volume(""), bench.instance());
    bench.ok(&attach_call(&volume, &instance));
    bench.run();
    bench.host.work_takes(5);
    let first = bench.begin_snapshot(&volume, "");
    let second = bench.begin_snapshot(&volume, "");
    bench.host.asked();
    bench.run();
    let stores: Vec<String> =
        bench.host.asked().into_iter().filter(|c| c.starts_with("store over")).collect();
    assert_eq!(stores, [format!("store over {first} store/{second}")]);
    let done = |id: &str| bench.snapshot_row(id).unwrap().completed.unwrap();
    assert!(done(&first) < done(&second));
    bench.assert_tidy();
    bench.assert_storage_tidy();
}
