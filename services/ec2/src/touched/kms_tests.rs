//! The permissions on KMS keys that EBS's flows need of a user, removed one at a time: each is needed for just the operations that the
//! documentation and the recordings of AWS name, and a failure names the permission and the key.

use crate::testing::{Bench, allow, attach_call, texts};
use api::Caller;
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::Value;

/// The five of the user guide, the wildcard spelled out.
const FIVE: [&str; 6] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
];

/// A user who may do everything with EC2, and with KMS all of the five but one.
fn user_without(bench: &Bench, missing: &str) -> Caller {
    let rest = FIVE.iter().filter(|p| **p != missing).map(|p| allow(p, &["*"]));
    bench.user(&[allow("ec2:*", &["*"])].into_iter().chain(rest).collect::<Vec<Value>>())
}

/// Every permission in turn is missing; `fails` says how `work` ended then, if it failed.
fn needs_just(needed: &[&str], work: impl Fn(&Bench, &Caller) -> Option<String>) {
    for missing in FIVE.into_iter().chain(["nothing"]) {
        let bench = Bench::new();
        let user = user_without(&bench, missing);
        match work(&bench, &user) {
            None => assert!(!needed.contains(&missing), "{missing} is needed"),
            Some(told) => {
                assert!(needed.contains(&missing), "{missing} is not needed: {told}");
                assert!(told.contains(&format!("{missing} is not allowed.")), "{missing}: {told}");
                assert!(told.contains("arn:aws:kms:us-east-1:111122223333:key/"), "{told}");
            }
        }
    }
}

/// Makes a volume; how its creation failed.
fn create(bench: &Bench, user: &Caller, more: &str) -> Option<String> {
    let (status, text, _) =
        bench.call_as(user, &format!("CreateVolume&AvailabilityZone=us-east-1a&Size=8{more}"));
    assert_eq!(status, 200, "the key is looked at later: {text}");
    bench.run();
    let volume = texts(&text, "volumeId").remove(0);
    let former = bench.former(&volume)?;
    let told = bench.told(&volume).remove(0);
    let (cause, why) = (told.strip_prefix("createVolume failed ").unwrap(), former.failure.unwrap());
    assert!(why.starts_with(cause) && why.len() > cause.len(), "{why}");
    Some(told)
}

#[test]
fn an_empty_volume_needs_a_data_key() {
    needs_just(&["kms:GenerateDataKeyWithoutPlaintext"], |bench, user| {
        create(bench, user, &format!("&Encrypted=true&KmsKeyId={}", bench.key()))
    });
}

#[test]
fn a_volume_from_an_unencrypted_snapshot_needs_a_data_key_and_a_grant() {
    needs_just(&["kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"], |bench, user| {
        let snapshot = bench.plain_snapshot(8).id;
        create(bench, user, &format!("&Encrypted=true&KmsKeyId={}&SnapshotId={snapshot}", bench.key()))
    });
}

#[test]
fn a_volume_under_its_snapshots_key_needs_to_re_encrypt() {
    needs_just(&["kms:ReEncryptFrom", "kms:ReEncryptTo"], |bench, user| {
        create(bench, user, &format!("&SnapshotId={}", bench.encrypted_snapshot().0.id))
    });
}

#[test]
fn a_volume_under_another_key_needs_all_but_decrypt_and_describe() {
    let needed =
        ["kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"];
    needs_just(&needed, |bench, user| {
        let snapshot = bench.encrypted_snapshot().0.id;
        create(bench, user, &format!("&Encrypted=true&KmsKeyId={}&SnapshotId={snapshot}", bench.key()))
    });
}

#[test]
fn an_attachment_needs_a_grant() {
    needs_just(&["kms:CreateGrant"], |bench, user| {
        let ((volume, _), instance) = (bench.encrypted_volume(), bench.instance());
        let (status, text, _) = bench.call_as(user, &attach_call(&volume, &instance));
        bench.run();
        if status == 200 {
            return None;
        }
        assert_eq!(texts(&text, "Code"), ["CustomerKeyHasBeenRevoked"]);
        let message = format!(
            "Volume {volume} cannot be attached. The encrypted volume was unable to access the KMS key."
        );
        assert_eq!(texts(&text, "Message"), [message]);
        bench.told(&volume).pop()
    });
}

#[test]
fn a_snapshot_needs_no_permission_on_the_key_at_all() {
    let bench = Bench::new();
    let user = bench.user(&[allow("ec2:*", &["*"])]);
    let (volume, _) = bench.encrypted_volume();
    bench.clock.advance(rules::lifecycle::snapshot::PER_VOLUME_INTERVAL);
    let (status, text, _) = bench.call_as(&user, &format!("CreateSnapshot&VolumeId={volume}"));
    assert_eq!(status, 200, "{text}");
    bench.run();
    assert_eq!(bench.snapshot_state(&texts(&text, "snapshotId")[0]), "completed");
}

#[test]
fn a_first_copy_needs_what_it_hands_on() {
    let needed =
        ["kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant", "kms:Decrypt", "kms:ReEncryptFrom"];
    for missing in FIVE.into_iter().chain(["nothing"]) {
        let bench = Bench::new();
        let user = user_without(&bench, missing);
        let (source, key) = (bench.encrypted_snapshot().0.id, bench.key());
        let body = format!(
            "CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={source}&Encrypted=true&KmsKeyId={key}"
        );
        let (status, text, _) = bench.call_as(&user, &body);
        if missing == "kms:DescribeKey" {
            assert_eq!((status, texts(&text, "Code").concat().as_str()), (403, "AuthFailure"), "{text}");
            continue;
        }
        assert_eq!(status, 200, "{text}");
        bench.run();
        let row = bench.snapshot_row(&texts(&text, "snapshotId")[0]).unwrap();
        let failed = row.state == SnapshotState::Error;
        assert_eq!(failed, needed.contains(&missing), "{missing}: {:?}", row.copied().unwrap().failure);
        if failed {
            assert_eq!(row.state_message.as_deref(), Some("Given key ID is not accessible"));
            let why = row.copied().unwrap().failure.clone().unwrap();
            assert!(why.contains(&format!("{missing} is not allowed.")), "{why}");
        }
        bench.assert_tidy();
    }
}

#[test]
fn the_managed_key_needs_no_permission_of_the_user() {
    let bench = Bench::new();
    let user = bench.user(&[allow("ec2:*", &["*"])]);
    assert_eq!(create(&bench, &user, "&Encrypted=true"), None);
}

#[test]
fn a_job_asks_in_the_name_of_the_session_that_called() {
    let bench = Bench::new();
    let role =
        bench.role("ops", &[allow("ec2:*", &["*"]), allow("kms:GenerateDataKeyWithoutPlaintext", &["*"])]);
    let session = bench.session_of(&role);
    let key = bench.key();
    assert_eq!(create(&bench, &session, &format!("&Encrypted=true&KmsKeyId={key}")), None);
    let record = bench.record("GenerateDataKeyWithoutPlaintext");
    assert_eq!(record["userIdentity"]["arn"], session.arn().as_str());
    assert_eq!(record["userIdentity"]["invokedBy"], "ec2-frontend-api.amazonaws.com");
}
