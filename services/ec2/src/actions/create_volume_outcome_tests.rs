//! The outcomes of CreateVolume over all sources, settings and requests: what is answered, shown later, told, and asked of KMS. The
//! expectation is written down here again, from the EBS User Guide's table, and not asked of `rules`.

use crate::rows::Snapshot;
use crate::testing::{Bench, OTHER, encoded, texts};
use serde_json::json;

/// An account that owns the snapshots; `OTHER` is who shares them.
const OWNER: &str = "111122223333";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Nothing,
    PlainOwn,
    PlainShared,
    EncryptedOwn,
    EncryptedShared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Plain,
    SourceKey,
    DefaultKey,
    NamedKey,
    Dependency,
    Combination,
}

fn expected(from: From, by_default: bool, encrypted: Option<bool>, key_named: bool) -> Expected {
    use Expected::*;
    let from_encrypted = matches!(from, From::EncryptedOwn | From::EncryptedShared);
    match (encrypted, key_named) {
        (Some(true), true) => NamedKey,
        (_, true) => Dependency,
        (Some(false), false) if from_encrypted => Combination,
        (_, false) if from == From::EncryptedOwn => SourceKey,
        (_, false) if from_encrypted || by_default || encrypted == Some(true) => DefaultKey,
        (_, false) => Plain,
    }
}

/// The KMS calls of a creation, without the host's.
fn calls(from: From, outcome: Expected) -> Vec<&'static str> {
    let new = "GenerateDataKeyWithoutPlaintext";
    match (from, outcome) {
        (_, Expected::Plain) => vec![],
        (From::Nothing, _) => vec![new],
        (From::PlainOwn | From::PlainShared, _) => vec![new, "CreateGrant", "RetireGrant"],
        (From::EncryptedOwn, Expected::SourceKey) => vec!["ReEncrypt"],
        _ => vec!["ReEncrypt", new, "CreateGrant", "RetireGrant"],
    }
}

struct World {
    bench: Bench,
    plain: Snapshot,
    encrypted: Snapshot,
    source_key: String,
    named_key: String,
}

/// Two snapshots of the owner's, shared with `OTHER`, whose key lets `OTHER` use it; and a key of whoever asks.
fn world(asker: &str) -> World {
    let bench = Bench::new();
    let source_key = bench.key_with(json!({"Policy": policy_for(&[OWNER, OTHER])}));
    let encrypted =
        bench.completed_snapshot(&bench.volume(&format!("&Encrypted=true&KmsKeyId={source_key}")));
    let plain = bench.plain_snapshot(1);
    bench.share(&plain, OTHER);
    bench.share(&encrypted, OTHER);
    let named_key =
        bench.kms_as(asker, "CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let id = named_key.rsplit('/').next().unwrap().to_owned();
    bench.kms_as(asker, "CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": id}));
    World { bench, plain, encrypted, source_key, named_key }
}

fn policy_for(accounts: &[&str]) -> String {
    let principals: Vec<String> = accounts.iter().map(|a| format!("arn:aws:iam::{a}:root")).collect();
    let statement =
        json!({"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "kms:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn check(
    world: &World,
    asker: &str,
    from: From,
    by_default: bool,
    encrypted: Option<bool>,
    key: Option<&str>,
    default: &str,
) {
    let bench = &world.bench;
    let what = format!("{from:?} {by_default} {encrypted:?} {key:?} {default}");
    let mut call = "CreateVolume&AvailabilityZone=us-east-1a".to_owned();
    match from {
        From::Nothing => call += "&Size=1",
        From::PlainOwn | From::PlainShared => call += &format!("&SnapshotId={}", world.plain.id),
        From::EncryptedOwn | From::EncryptedShared => call += &format!("&SnapshotId={}", world.encrypted.id),
    }
    call += &encrypted.map_or(String::new(), |e| format!("&Encrypted={e}"));
    call += &key.map_or(String::new(), |k| format!("&KmsKeyId={}", encoded(k)));
    let before = bench.kms_calls_of(asker).len();
    let (status, body, _) = bench.call_as(&bench.root_of(asker), &call);
    let outcome = expected(from, by_default, encrypted, key.is_some());
    let code = match outcome {
        Expected::Dependency => Some("InvalidParameterDependency"),
        Expected::Combination => Some("InvalidParameterCombination"),
        _ => None,
    };
    if let Some(code) = code {
        assert_eq!((status, texts(&body, "Code")), (400, vec![code.to_owned()]), "{what}");
        return;
    }
    assert_eq!(status, 200, "{what}: {body}");
    let arn = match outcome {
        Expected::SourceKey => Some(world.source_key.as_str()),
        Expected::NamedKey => Some(world.named_key.as_str()),
        Expected::DefaultKey => Some(default),
        _ => None,
    };
    let shown = if outcome == Expected::DefaultKey { None } else { arn };
    assert_eq!(texts(&body, "encrypted"), [arn.is_some().to_string()], "{what}");
    assert_eq!(texts(&body, "kmsKeyId"), shown.into_iter().collect::<Vec<_>>(), "{what}");
    let volume = texts(&body, "volumeId").remove(0);
    bench.run();
    let later = bench.ok_as(asker, &format!("DescribeVolumes&VolumeId.1={volume}"));
    assert_eq!(texts(&later, "encrypted"), [arn.is_some().to_string()], "{what}");
    assert_eq!(texts(&later, "kmsKeyId"), arn.into_iter().collect::<Vec<_>>(), "{what}");
    assert_eq!(bench.told(&volume)[0], "createVolume available", "{what}");
    let mut asked = bench.kms_calls_of(asker).split_off(before);
    asked.retain(|call| call != "Decrypt");
    assert_eq!(asked, calls(from, outcome), "{what}");
}

fn check_all(asker: &str, sources: &[From]) {
    let world = world(asker);
    let bench = &world.bench;
    let chosen =
        bench.kms_as(asker, "CreateKey", json!({}))["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let managed = bench.kms_as(asker, "DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"]
        .as_str()
        .unwrap()
        .to_owned();
    let id = world.named_key.rsplit('/').next().unwrap();
    let alias_arn = format!("arn:aws:kms:us-east-1:{asker}:alias/mine");
    let names =
        [None, Some(id), Some(world.named_key.as_str()), Some("alias/mine"), Some(alias_arn.as_str())];
    for default in [&managed, &chosen] {
        if *default == chosen {
            bench.ok_as(asker, &format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={chosen}"));
        }
        for by_default in [false, true] {
            let switch = if by_default { "Enable" } else { "Disable" };
            bench.ok_as(asker, &format!("{switch}EbsEncryptionByDefault"));
            for from in sources {
                for encrypted in [None, Some(true), Some(false)] {
                    for key in names {
                        check(&world, asker, *from, by_default, encrypted, key, default);
                    }
                }
            }
        }
    }
    bench.assert_tidy();
}

#[test]
fn own_sources_end_as_the_table_says() {
    check_all(OWNER, &[From::Nothing, From::PlainOwn, From::EncryptedOwn]);
}

#[test]
fn shared_sources_end_as_the_table_says() {
    check_all(OTHER, &[From::PlainShared, From::EncryptedShared]);
}

#[test]
fn the_owner_s_key_named_by_who_shares_the_snapshot_makes_a_data_key_of_its_own() {
    let world = world(OTHER);
    let bench = &world.bench;
    let call = format!(
        "CreateVolume&AvailabilityZone=us-east-1a&SnapshotId={}&Encrypted=true&KmsKeyId={}",
        world.encrypted.id, world.source_key
    );
    let volume = texts(&bench.ok_as(OTHER, &call), "volumeId").remove(0);
    bench.run();
    let row = bench.row(&volume).unwrap();
    assert_ne!(row.lineage, world.encrypted.lineage);
    assert_eq!(row.encryption.unwrap().key_arn, world.source_key);
    bench.assert_tidy();
}

#[test]
fn a_key_that_does_not_let_the_sharer_use_it_lets_the_volume_vanish() {
    let bench = Bench::new();
    let (snapshot, key) = bench.encrypted_snapshot();
    bench.share(&snapshot, OTHER);
    let call = format!("CreateVolume&AvailabilityZone=us-east-1a&SnapshotId={}", snapshot.id);
    let volume = texts(&bench.ok_as(OTHER, &call), "volumeId").remove(0);
    bench.run();
    assert!(bench.row(&volume).is_none());
    let failure = bench.former(&volume).unwrap().failure.unwrap();
    let cause = format!("{key} cannot be used: kms:ReEncryptFrom is not allowed.");
    assert!(failure.starts_with(&cause), "the snapshot's key is named: {failure}");
    assert_eq!(bench.told(&volume), [format!("createVolume failed {cause}"), "deleteVolume deleted".into()]);
    bench.assert_tidy();
}
