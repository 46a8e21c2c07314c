//! After a restart of the host: attachments come back, or tell why they cannot and come back later.

use super::*;
use crate::testing::{Bench, Trouble, texts};
use serde_json::json;

fn key_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

fn restart(bench: &Bench) -> usize {
    bench.host.restart();
    let enqueued = reattach(&bench.door, Which::All).unwrap();
    bench.run();
    enqueued
}

fn status(bench: &Bench, volume: &str) -> String {
    bench.ok(&format!("DescribeVolumeStatus&VolumeId.1={volume}"))
}

#[test]
fn every_attachment_comes_back_under_the_grant_it_has() {
    let bench = Bench::new();
    let (volume, instance, key) = bench.attached();
    let plain = bench.volume("");
    bench.ok(&format!("AttachVolume&VolumeId={plain}&InstanceId={instance}&Device=/dev/sdg"));
    bench.run();
    bench.volume("");
    let grants = format!("{:?}", bench.grants());
    bench.host.asked();
    assert_eq!(restart(&bench), 2);
    assert_eq!(bench.host.asked().len(), 2);
    assert_eq!(format!("{:?}", bench.grants()), grants);
    assert_eq!(bench.kms_calls().iter().filter(|c| *c == "Decrypt").count(), 2);
    assert_eq!(bench.record("Decrypt")["resources"][0]["ARN"], key);
    assert_eq!(bench.told(&volume), ["createVolume available"]);
    bench.assert_tidy();
}

#[test]
fn a_key_in_trouble_leaves_the_attachment_without_a_device_and_says_so_once() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    restart(&bench);
    let row = bench.row(&volume).unwrap();
    let attachment = &row.attachments[0];
    assert_eq!((row.state.as_str(), attachment.state.as_str()), ("in-use", "attached"));
    assert_eq!(
        (attachment.uri.as_ref(), attachment.broken.as_ref()),
        (None, Some(&format!("{key} is disabled.")))
    );
    let told = format!("reattachVolume failed {key} is disabled.");
    assert_eq!(bench.told(&volume)[1..], [told.as_str()]);
    assert_eq!(bench.events().pop().unwrap()["resources"][1], key);
    assert!(status(&bench, &volume).contains("<status>impaired</status>"));
    restart(&bench);
    assert_eq!(bench.told(&volume)[1..], [told.as_str()], "the same trouble is not told again");
    bench.assert_tidy();
}

#[test]
fn a_broken_attachment_comes_back_when_its_key_can_be_used_and_not_before() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    restart(&bench);
    bench.host.asked();
    assert_eq!(reattach(&bench.door, Which::Broken).unwrap(), 0);
    bench.run();
    assert_eq!(bench.host.asked(), [""; 0], "KMS is not asked again and again for nothing");
    bench.kms("EnableKey", json!({"KeyId": key_id(&key)}));
    assert_eq!(reattach(&bench.door, Which::Broken).unwrap(), 1);
    bench.run();
    assert!(bench.row(&volume).unwrap().attachments[0].uri.is_some());
    assert!(status(&bench, &volume).contains("<status>ok</status>"));
    bench.assert_tidy();
    assert_eq!(reattach(&bench.door, Which::Broken).unwrap(), 0);
}

#[test]
fn a_new_trouble_is_told_as_well() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    restart(&bench);
    bench.kms("ScheduleKeyDeletion", json!({"KeyId": key_id(&key), "PendingWindowInDays": 7}));
    restart(&bench);
    let told = bench.told(&volume);
    assert_eq!(told[2], format!("reattachVolume failed {key} is pending deletion."));
}

#[test]
fn a_revoked_grant_is_told_by_what_it_is() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    let grant = bench.grants().remove(0).grant_id;
    bench.kms("RevokeGrant", json!({"KeyId": key_id(&key), "GrantId": grant}));
    restart(&bench);
    let told = bench.told(&volume).pop().unwrap();
    assert!(
        told == format!("reattachVolume failed {key} cannot be used: kms:Decrypt is not allowed."),
        "{told}"
    );
}

#[test]
fn a_damaged_store_is_told_without_blaming_a_key() {
    let bench = Bench::new();
    let (volume, _, _) = bench.attached();
    bench.host.expect(&[Trouble::Refuse]);
    restart(&bench);
    assert_eq!(bench.told(&volume)[1..], ["reattachVolume failed the store is damaged"]);
}

#[test]
fn a_broken_attachment_can_be_detached() {
    let bench = Bench::new();
    let (volume, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    restart(&bench);
    bench.ok(&format!("DetachVolume&VolumeId={volume}"));
    bench.run();
    assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
    bench.assert_tidy();
    assert_eq!(reattach(&bench.door, Which::Broken).unwrap(), 0);
}

#[test]
fn a_host_that_keeps_failing_does_not_pile_up_jobs() {
    let bench = Bench::new();
    let (_, _, key) = bench.attached();
    bench.kms("DisableKey", json!({"KeyId": key_id(&key)}));
    restart(&bench);
    bench.kms("EnableKey", json!({"KeyId": key_id(&key)}));
    bench.host.expect(&[Trouble::Fault; 20]);
    for _ in 0..10 {
        reattach(&bench.door, Which::Broken).unwrap();
        reattach(&bench.door, Which::All).unwrap();
        bench.run_rounds(1);
        assert_eq!(bench.jobs().len(), 1);
    }
    bench.run();
    bench.assert_tidy();
}

#[test]
fn a_detachment_that_the_crash_interrupted_wins_over_the_reattachment() {
    for rounds in 0..2 {
        let bench = Bench::new();
        let (volume, _, _) = bench.attached();
        bench.ok(&format!("DetachVolume&VolumeId={volume}"));
        bench.run_rounds(rounds);
        assert_eq!(restart(&bench), 0);
        assert_eq!(bench.row(&volume).unwrap().state.as_str(), "available");
        bench.assert_tidy();
    }
}

#[test]
fn ended_instances_are_forgotten_a_day_later_and_others_never() {
    let bench = Bench::new();
    let (gone, stays) = (bench.instance(), bench.instance());
    bench.ok(&format!("TerminateInstances&InstanceId.1={gone}"));
    bench.run();
    bench.clock.advance(FORGET_AFTER - Duration::from_secs(1));
    forget_ended(&bench.door).unwrap();
    assert_eq!(bench.all::<Instance>().len(), 2);
    bench.clock.advance(Duration::from_secs(2));
    forget_ended(&bench.door).unwrap();
    let left: Vec<String> = bench.all::<Instance>().into_iter().map(|i| i.id).collect();
    assert_eq!(left, [stays.as_str()]);
    assert_eq!(texts(&bench.ok("DescribeInstances"), "instanceId"), [stays]);
}
