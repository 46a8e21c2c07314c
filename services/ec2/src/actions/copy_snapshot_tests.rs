//! CopySnapshot as wire text: what is refused at once and in which order, what the copy becomes, which KMS calls are made, what the
//! event and the owner hear.

use crate::rows::Snapshot;
use crate::testing::{Bench, OTHER, encoded, texts, xml};
use rules::lifecycle::snapshot::SnapshotState;
use serde_json::{Value, json};
use std::time::Duration;

const THERE: &str = "us-west-2";

fn copy_call(source: &str, more: &str) -> String {
    format!("CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId={source}{more}")
}

/// The row of a copy, made to its end.
fn copied(bench: &Bench, source: &str, more: &str) -> Snapshot {
    let id = texts(&bench.ok(&copy_call(source, more)), "snapshotId").remove(0);
    bench.run();
    bench.snapshot_row(&id).unwrap()
}

fn copied_by_other(bench: &Bench, source: &str, more: &str) -> Snapshot {
    let id = texts(&bench.ok_as(OTHER, &copy_call(source, more)), "snapshotId").remove(0);
    bench.run();
    bench.snapshot_row(&id).unwrap()
}

/// KMS calls since the last look.
fn calls_of(bench: &Bench, work: impl FnOnce() -> Snapshot) -> (Snapshot, Vec<String>) {
    let before = bench.kms_calls().len();
    let row = work();
    (row, bench.kms_calls().split_off(before))
}

fn key_of(row: &Snapshot) -> Option<&str> {
    row.encryption.as_ref().map(|e| e.key_arn.as_str())
}

fn managed(bench: &Bench) -> String {
    bench.kms("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn detail(bench: &Bench, id: &str) -> Value {
    let about = |e: &Value| e["resources"][0].as_str().unwrap().ends_with(id);
    bench.events().into_iter().rfind(about).unwrap()["detail"].clone()
}

/// Nothing is left over: neither grants nor objects nor work.
fn assert_tidy(bench: &Bench) {
    bench.assert_tidy();
    bench.assert_storage_tidy();
}

#[test]
fn the_answer_is_id_and_tags_and_a_pending_copy_shows_nothing_of_its_source() {
    let bench = Bench::new();
    let (source, _) = bench.encrypted_snapshot();
    let tag = "&TagSpecification.1.ResourceType=snapshot&TagSpecification.1.Tag.1.Key=a&TagSpecification.1.Tag.1.Value=b";
    let answer = bench.ok(&copy_call(&source.id, &format!("{tag}&Description=mine")));
    let id = texts(&answer, "snapshotId").remove(0);
    let golden =
        format!("<tagSet><item><key>a</key><value>b</value></item></tagSet><snapshotId>{id}</snapshotId>");
    assert_eq!(answer, xml("CopySnapshot", &golden));
    let shown = || bench.ok(&format!("DescribeSnapshots&SnapshotId.1={id}"));
    let pending = shown();
    for (element, text) in [
        ("volumeId", "vol-ffffffff"),
        ("volumeSize", "0"),
        ("encrypted", "false"),
        ("progress", "0%"),
        ("statusMessage", "Metadata not updated"),
        ("status", "pending"),
        ("description", "mine"),
    ] {
        assert_eq!(texts(&pending, element), [text], "{element}");
    }
    assert_eq!(texts(&pending, "kmsKeyId"), [""; 0]);
    bench.run();
    let done = shown();
    for (element, text) in [
        ("volumeId", "vol-ffffffff"),
        ("volumeSize", "1"),
        ("encrypted", "true"),
        ("progress", "100%"),
        ("status", "completed"),
        ("kmsKeyId", &managed(&bench)),
        ("transferType", "standard"),
    ] {
        assert_eq!(texts(&done, element), [text], "{element}");
    }
    assert_eq!(texts(&done, "statusMessage"), [""; 0]);
    assert_tidy(&bench);
}

#[test]
fn tags_and_description_of_the_source_are_not_inherited() {
    let bench = Bench::new();
    let source = bench.plain_snapshot(3);
    bench.put(&Snapshot { description: "source".into(), ..source.clone() });
    bench.ok(&format!("CreateTags&ResourceId.1={}&Tag.1.Key=a&Tag.1.Value=b", source.id));
    let answer = bench.ok(&copy_call(&source.id, ""));
    let id = texts(&answer, "snapshotId").remove(0);
    assert_eq!(answer, xml("CopySnapshot", &format!("<snapshotId>{id}</snapshotId>")));
    bench.run();
    let row = bench.snapshot_row(&id).unwrap();
    assert_eq!((row.description.as_str(), row.tags.len(), row.size_gib), ("", 0, 3));
    assert_eq!(row.state, SnapshotState::Completed);
}

#[test]
fn every_outcome_is_the_table_of_copies() {
    for default_key in ["", "chosen"] {
        for by_default in [false, true] {
            let bench = Bench::new();
            let (encrypted, source_key) = bench.encrypted_snapshot();
            let plain = bench.plain_snapshot(1);
            let default = if default_key.is_empty() {
                managed(&bench)
            } else {
                let key = bench.key();
                bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
                key
            };
            if by_default {
                bench.ok("EnableEbsEncryptionByDefault");
            }
            let given = bench.key();
            bench.kms("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": given}));
            let id = given.rsplit('/').next().unwrap();
            let alias_arn = "arn:aws:kms:us-east-1:111122223333:alias/mine";
            let on = Some(default.as_str());
            let if_on = on.filter(|_| by_default);
            for (source, asked, expected) in [
                (&plain, String::new(), if_on),
                (&plain, "&Encrypted=false".into(), if_on),
                (&plain, "&Encrypted=true".into(), on),
                (&plain, "&Encrypted=true&KmsKeyId=".into(), on),
                (&plain, format!("&Encrypted=true&KmsKeyId={given}"), Some(given.as_str())),
                (&encrypted, String::new(), on),
                (&encrypted, "&Encrypted=false".into(), on),
                (&encrypted, "&Encrypted=true".into(), on),
                (&encrypted, format!("&Encrypted=true&KmsKeyId={id}"), Some(&given)),
                (&encrypted, "&Encrypted=true&KmsKeyId=alias/mine".into(), Some(&given)),
                (&encrypted, format!("&Encrypted=true&KmsKeyId={alias_arn}"), Some(&given)),
                (&encrypted, format!("&Encrypted=true&KmsKeyId={source_key}"), Some(&source_key)),
            ] {
                let row = copied(&bench, &source.id, &asked);
                assert_eq!(key_of(&row), expected, "{by_default} {asked}");
                assert_eq!(row.state, SnapshotState::Completed, "{asked}");
                let context = row.encryption.as_ref().map(|e| e.context_id.as_str());
                assert_eq!(context, expected.map(|_| row.id.as_str()), "{asked}");
            }
            assert_tidy(&bench);
        }
    }
}

#[test]
fn the_defaults_are_those_of_the_destination() {
    let bench = Bench::new();
    let (encrypted, _) = bench.encrypted_snapshot();
    let plain = bench.plain_snapshot(1);
    bench.ok("EnableEbsEncryptionByDefault");
    bench.in_region(THERE);
    assert_eq!(key_of(&copied(&bench, &plain.id, "")), None);
    let key = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
    let row = copied(&bench, &encrypted.id, "");
    assert_eq!((key_of(&row), row.region.as_str()), (Some(key.as_str()), THERE));
    bench.ok("EnableEbsEncryptionByDefault");
    assert_eq!(key_of(&copied(&bench, &plain.id, "")), Some(key.as_str()));
    assert_tidy(&bench);
}

#[test]
fn kms_is_asked_in_the_order_of_each_kind_of_copy() {
    let bench = Bench::new();
    let (encrypted, source_key) = bench.encrypted_snapshot();
    let plain = bench.plain_snapshot(1);
    let key = bench.key();
    let asked = format!("&Encrypted=true&KmsKeyId={key}");
    let (row, calls) = calls_of(&bench, || copied(&bench, &plain.id, &asked));
    let new = ["DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "Decrypt", "RetireGrant"];
    assert_eq!(calls, new);
    let grant = bench.record("CreateGrant")["requestParameters"].clone();
    assert_eq!(
        grant,
        json!({
            "keyId": key, "operations": ["Decrypt"], "granteePrincipal": "ebs.amazonaws.com",
            "retiringPrincipal": "ebs.amazonaws.com",
            "constraints": {"encryptionContextEquals": {"aws:ebs:id": row.id}},
        })
    );
    let (_, calls) = calls_of(&bench, || copied(&bench, &plain.id, ""));
    assert_eq!(calls, [""; 0], "no key, no call");
    let (row, calls) = calls_of(&bench, || copied(&bench, &encrypted.id, &asked));
    let new = [
        "DescribeKey",
        "GenerateDataKeyWithoutPlaintext",
        "CreateGrant",
        "CreateGrant",
        "Decrypt",
        "Decrypt",
        "RetireGrant",
        "RetireGrant",
    ];
    assert_eq!(calls, new);
    assert_ne!(row.lineage, encrypted.lineage);
    let of_source = bench.record("CreateGrant");
    assert_eq!(of_source["requestParameters"]["keyId"], json!(source_key));
    let context = json!({"encryptionContextEquals": {"aws:ebs:id": encrypted.volume}});
    assert_eq!(of_source["requestParameters"]["constraints"], context);
    assert_eq!(of_source["userIdentity"]["invokedBy"], "prod.kms-caller.ebs.us-east-1.amazonaws.com");
    assert_eq!(bench.record("Decrypt")["userIdentity"]["invokedBy"], "ebs.amazonaws.com");
    let (row, calls) =
        calls_of(&bench, || copied(&bench, &encrypted.id, &format!("&Encrypted=true&KmsKeyId={source_key}")));
    let reused = ["DescribeKey", "CreateGrant", "CreateGrant", "ReEncrypt", "RetireGrant", "RetireGrant"];
    assert_eq!(calls, reused, "the data key is bound to the copy too, and no data is decrypted");
    assert_eq!(row.lineage, encrypted.lineage);
    let wrapped = |s: &Snapshot| s.encryption.as_ref().unwrap().wrapped_key.clone().unwrap();
    assert_ne!(wrapped(&row), wrapped(&encrypted));
    assert_tidy(&bench);
}

#[test]
fn from_another_region_the_source_is_decrypted_there() {
    let bench = Bench::new();
    let (encrypted, source_key) = bench.encrypted_snapshot();
    bench.in_region(THERE);
    let (row, calls) = calls_of(&bench, || copied(&bench, &encrypted.id, ""));
    assert_eq!(calls.iter().filter(|c| *c == "Decrypt").count(), 2);
    let trail = bench.trail();
    let regions = |name: &str| {
        let of_name = trail.iter().filter(|r| r.event_name == name && r.inner);
        let mut regions: Vec<String> = of_name.map(|r| r.region.to_string()).collect();
        regions.sort();
        regions
    };
    for name in ["CreateGrant", "Decrypt", "RetireGrant"] {
        assert_eq!(regions(name), ["us-east-1", THERE], "{name}");
    }
    let grants = trail.iter().filter(|r| r.event_name == "CreateGrant" && r.region.as_str() == "us-east-1");
    let keys: Vec<Value> = grants.map(|r| r.body["requestParameters"]["keyId"].clone()).collect();
    assert_eq!(keys, [json!(source_key)]);
    assert_eq!(row.copied().unwrap().source_encryption.as_ref().unwrap().wrapped_key, None, "forgotten");
    assert_tidy(&bench);
}

#[test]
fn a_copy_at_home_under_the_same_key_or_none_shares_the_lineage_and_is_incremental() {
    let bench = Bench::new();
    let (encrypted, key) = bench.encrypted_snapshot();
    let plain = bench.plain_snapshot(1);
    for (source, more, same) in [
        (&plain, String::new(), true),
        (&encrypted, format!("&Encrypted=true&KmsKeyId={key}"), true),
        (&plain, format!("&Encrypted=true&KmsKeyId={key}"), false),
        (&encrypted, String::new(), false),
    ] {
        let row = copied(&bench, &source.id, &more);
        assert_eq!(row.lineage == source.lineage, same, "{more}");
        let event = detail(&bench, &row.id);
        assert_eq!(event["incremental"], json!(same.to_string()), "{more}");
        assert_eq!(event["result"], "succeeded");
        assert_eq!(event["transferType"], "standard");
        assert_eq!(event["source"], json!(format!("arn:aws:ec2::us-east-1:snapshot/{}", source.id)));
        assert_eq!(event["snapshot_id"], json!(format!("arn:aws:ec2::us-east-1:snapshot/{}", row.id)));
        assert_eq!(event["metCompletionDuration"], Value::Null);
    }
    assert_tidy(&bench);
}

/// Two snapshots of one volume, an encrypted one if there is a key.
fn two_snapshots(bench: &Bench, encrypted: bool) -> (Snapshot, Snapshot) {
    let volume = if encrypted { bench.encrypted_volume().0 } else { bench.volume("") };
    let (first, second) = (bench.snapshot(&volume), bench.snapshot(&volume));
    (bench.snapshot_row(&first).unwrap(), bench.snapshot_row(&second).unwrap())
}

fn incremental(bench: &Bench, row: &Snapshot) -> bool {
    detail(bench, &row.id)["incremental"] == "true"
}

#[test]
fn a_repeated_copy_to_another_region_moves_what_changed_under_the_same_data_key() {
    for encrypted in [false, true] {
        let bench = Bench::new();
        let (first, second) = two_snapshots(&bench, encrypted);
        bench.in_region(THERE);
        let one = copied(&bench, &first.id, "");
        assert!(!incremental(&bench, &one));
        let (two, calls) = calls_of(&bench, || copied(&bench, &second.id, ""));
        assert!(incremental(&bench, &two));
        assert_eq!((&two.lineage, two.copied().unwrap().since.as_ref()), (&one.lineage, first.at.as_ref()));
        let place = format!("{THERE}/{}", two.id);
        let base = bench.host.kept.lock().unwrap().stored[&place].1.clone();
        assert_eq!(base, one.at);
        assert!(two.sizes.stored_bytes < one.sizes.stored_bytes);
        if encrypted {
            let reused = [
                "DescribeKey",
                "CreateGrant",
                "CreateGrant",
                "ReEncrypt",
                "CreateGrant",
                "Decrypt",
                "Decrypt",
                "RetireGrant",
                "RetireGrant",
                "RetireGrant",
            ];
            assert_eq!(calls, reused);
        }
        assert_tidy(&bench);
    }
}

#[test]
fn a_repeated_copy_is_full_when_it_cannot_be_incremental() {
    let full = |name: &str, prepare: &dyn Fn(&Bench, &Snapshot, &Snapshot), more: &str| {
        let bench = Bench::new();
        let (first, second) = two_snapshots(&bench, true);
        bench.in_region(THERE);
        let one = copied(&bench, &first.id, "");
        prepare(&bench, &first, &one);
        let two = copied(&bench, &second.id, more);
        assert!(!incremental(&bench, &two), "{name}");
        assert_ne!(one.lineage, two.lineage, "{name}");
        assert_eq!(bench.host.kept.lock().unwrap().stored[&format!("{THERE}/{}", two.id)].1, None, "{name}");
        assert_tidy(&bench);
    };
    let delete = |bench: &Bench, id: &str| {
        bench.ok(&format!("DeleteSnapshot&SnapshotId={id}"));
        bench.run();
    };
    full("the copy is gone", &|bench, _, one| delete(bench, &one.id), "");
    full(
        "the latest copy is gone, an older one is there",
        &|bench, first, _| {
            let latest = copied(bench, &first.id, "").id;
            delete(bench, &latest);
        },
        "",
    );
    full(
        "what it was copied from is gone",
        &|bench, first, _| {
            bench.in_region("us-east-1");
            delete(bench, &first.id);
            bench.in_region(THERE);
        },
        "",
    );
    full(
        "another key in between",
        &|bench, first, _| {
            let key = bench.key();
            copied(bench, &first.id, &format!("&Encrypted=true&KmsKeyId={key}"));
        },
        "",
    );
    full(
        "the default key is another now",
        &|bench, _, _| {
            let key = bench.key();
            bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
        },
        "",
    );
}

#[test]
fn a_reused_data_key_needs_nothing_of_the_caller_but_create_grant() {
    for denied in ["kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"] {
        let bench = Bench::new();
        let (first, second) = two_snapshots(&bench, true);
        bench.in_region(THERE);
        let key = bench.key();
        let under = format!("&Encrypted=true&KmsKeyId={key}");
        copied(&bench, &first.id, &under);
        let root = json!({"AWS": "111122223333"});
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Deny", "Principal": root, "Action": denied, "Resource": "*"},
        ]});
        bench.kms("PutKeyPolicy", json!({"KeyId": key, "Policy": policy.to_string()}));
        let two = copied(&bench, &second.id, &under);
        assert_eq!((two.state, &two.state_message), (SnapshotState::Completed, &None), "{denied}");
        assert_tidy(&bench);
    }
}

#[test]
fn what_is_wrong_with_the_request_is_said_in_the_words_of_aws() {
    let bench = Bench::new();
    let id = bench.plain_snapshot(1).id;
    let call = |more: &str| copy_call(&id, more);
    let value = "InvalidParameterValue";
    let no_source = "The request must contain the parameter SourceSnapshotId";
    bench.refused("CopySnapshot&SourceRegion=us-east-1", "MissingParameter", no_source);
    let malformed = "The specified snapshotId is invalid";
    bench.refused("CopySnapshot&SourceRegion=us-east-1&SourceSnapshotId=x", value, malformed);
    let region = "mars-north-1 is not a valid region name";
    bench.refused(
        &format!("CopySnapshot&SourceRegion=mars-north-1&SourceSnapshotId={id}"),
        "InvalidRegion",
        region,
    );
    let destination = "DestinationRegion 'eu-west-1' does not match the current region (us-east-1)";
    bench.refused(&call("&DestinationRegion=eu-west-1"), value, destination);
    let alone = "The parameter [KmsKeyId] requires the parameter Encrypted to be set.";
    for encrypted in ["", "&Encrypted=false"] {
        bench.refused(&call(&format!("&KmsKeyId=alias/x{encrypted}")), "InvalidParameterDependency", alone);
    }
    let other = "snap-0fedcba9876543210";
    let url = |scheme: &str, snapshot: &str, region: &str| {
        let url = format!(
            "{scheme}://ec2.us-east-1.amazonaws.com/?Action=CopySnapshot&SourceSnapshotId={snapshot}&DestinationRegion={region}"
        );
        call(&format!("&PresignedUrl={}", encoded(&url)))
    };
    let scheme = "The protocol in PresignedUrl should be http or https";
    bench.refused(&url("ftp", &id, "us-east-1"), value, scheme);
    let snapshot = format!(
        "The source snapshot specified in PresignedUrl '{other}' does not match the source snapshot in the request: '{id}'"
    );
    bench.refused(&url("https", other, "us-east-1"), value, &snapshot);
    let region = "The destination region specified in PresignedUrl: 'eu-west-1' is incorrect";
    bench.refused(&url("http", &id, "eu-west-1"), value, region);
    for (more, code) in [
        ("&CompletionDurationMinutes=20", value),
        ("&CompletionDurationMinutes=0", value),
        ("&DestinationOutpostArn=arn:aws:outposts:x", "UnsupportedOperation"),
        ("&DestinationAvailabilityZone=us-east-1a", "UnsupportedOperation"),
        ("&TagSpecification.1.ResourceType=volume", value),
    ] {
        let (status, text) = bench.call(&call(more));
        assert_eq!((status, texts(&text, "Code")), (400, vec![code.to_owned()]), "{more}");
    }
    let (status, text) = bench.call(&call(&format!("&Description={}", "x".repeat(256))));
    assert_eq!((status, texts(&text, "Code")), (400, vec![value.to_owned()]));
    assert_eq!(bench.all::<Snapshot>().len(), 1);
    bench.ok(&url("https", &id, "us-east-1"));
    bench.ok(&call("&PresignedUrl=&DestinationRegion="));
}

#[test]
fn keys_that_cannot_be_used_are_refused_at_once() {
    let bench = Bench::new();
    let (source, _) = bench.encrypted_snapshot();
    let under = |key: &str| copy_call(&source.id, &format!("&Encrypted=true&KmsKeyId={key}"));
    let code = "InvalidParameterValue";
    let disabled = bench.key();
    bench.kms("DisableKey", json!({"KeyId": disabled}));
    bench.refused(&under(&disabled), code, &format!("The specified keyId {disabled} is disabled"));
    let id = disabled.rsplit('/').next().unwrap();
    bench.refused(&under(id), code, &format!("The specified keyId {disabled} is disabled"));
    let sign = bench.key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}));
    let elsewhere = disabled.replace("us-east-1", "eu-west-1");
    let unknown = "1234abcd-12ab-34cd-56ef-1234567890ab";
    for bad in ["alias/none", unknown, "nonsense", &sign, &elsewhere] {
        bench.refused(&under(bad), code, &format!("The specified keyId {bad} is invalid"));
    }
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={}", bench.key()));
    let default = texts(&bench.ok("GetEbsDefaultKmsKeyId"), "kmsKeyId").remove(0);
    bench.kms("DisableKey", json!({"KeyId": default}));
    bench.refused(&copy_call(&source.id, ""), code, &format!("The specified keyId {default} is disabled"));
    assert_eq!(bench.all::<Snapshot>().len(), 1);
    assert_tidy(&bench);
}

#[test]
fn a_key_that_may_not_be_described_is_not_told_of() {
    let bench = Bench::new();
    let (source, _) = bench.encrypted_snapshot();
    let foreign = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let call = copy_call(&source.id, &format!("&Encrypted=true&KmsKeyId={foreign}"));
    let message = format!("Not authorized to use key {foreign} ");
    bench.refused_as(&bench.root(), &call, 403, "AuthFailure", &message);
    let record = bench.record("DescribeKey");
    assert_eq!(
        (&record["errorCode"], &record["userIdentity"]["invokedBy"]),
        (&json!("AccessDenied"), &json!("ec2-frontend-api.amazonaws.com"))
    );
    assert_eq!(bench.all::<Snapshot>().len(), 1);
}

#[test]
fn a_source_that_is_not_there_or_not_complete_comes_out_in_the_copy() {
    let bench = Bench::new();
    let pending = bench.snapshot_like(&bench.row(&bench.volume("")).unwrap(), SnapshotState::Pending);
    let failed = bench.snapshot_like(&bench.row(&bench.volume("")).unwrap(), SnapshotState::Error);
    let elsewhere = bench.plain_snapshot(1);
    let here = |id: &str| copy_call(id, "");
    let not_found = "Source snapshot is not found";
    let not_complete = "Source snapshot is not complete";
    for (call, message) in [
        (here("snap-0123456789abcdef0"), not_found),
        (here("snap-01234567"), not_found),
        (here(&pending.id), not_complete),
        (here(&failed.id), not_complete),
        (here(&elsewhere.id).replace("=us-east-1", "=us-west-2"), not_found),
    ] {
        let id = texts(&bench.ok(&call), "snapshotId").remove(0);
        bench.run();
        let row = bench.snapshot_row(&id).unwrap();
        assert_eq!(
            (row.state, row.state_message.as_deref()),
            (SnapshotState::Error, Some(message)),
            "{call}"
        );
        assert_eq!((row.progress, row.size_gib), (0, 0));
        assert_eq!(bench.told(&id), [format!("copySnapshot failed {message}")]);
        assert_eq!(detail(&bench, &id)["incremental"], Value::Null);
        let shown = bench.ok(&format!("DescribeSnapshots&SnapshotId.1={id}"));
        assert_eq!(texts(&shown, "progress"), ["0%"]);
        bench.ok(&format!("DeleteSnapshot&SnapshotId={id}"));
    }
}

#[test]
fn another_accounts_snapshot_is_copied_if_it_is_shared_and_its_owner_hears_of_it() {
    let bench = Bench::new();
    let (hidden, shared, public) =
        (bench.plain_snapshot(1), bench.plain_snapshot(1), bench.plain_snapshot(1));
    bench.share(&shared, OTHER);
    bench.share(&public, "all");
    let told = || {
        let records = bench.trail().into_iter().filter(|r| r.event_name == "SharedSnapshotCopyInitiated");
        records.map(|r| (r.account.to_string(), r.region.to_string(), r.body)).collect::<Vec<_>>()
    };
    assert_eq!(
        copied_by_other(&bench, &hidden.id, "").state_message.unwrap(),
        "Source snapshot is not found"
    );
    assert_eq!(told().len(), 0);
    bench.in_region(THERE);
    for (number, source) in [&shared, &public].into_iter().enumerate() {
        let row = copied_by_other(&bench, &source.id, "");
        assert_eq!((row.state, row.account.as_str()), (SnapshotState::Completed, OTHER));
        let (account, region, body) = told().pop().unwrap();
        assert_eq!(
            (told().len(), account.as_str(), region.as_str()),
            (number + 1, "111122223333", "us-east-1")
        );
        assert_eq!(body["serviceEventDetails"], json!({"snapshotId": source.id}));
        assert_eq!(body["userIdentity"]["accountId"], OTHER);
    }
    bench.in_region("us-east-1");
    bench.ok("EnableSnapshotBlockPublicAccess&State=block-all-sharing");
    assert_eq!(copied_by_other(&bench, &public.id, "").state, SnapshotState::Error);
    copied(&bench, &shared.id, "");
    assert_eq!(told().len(), 2, "one's own is nobody's news");
}

#[test]
fn a_snapshot_that_is_shared_after_the_call_was_not_there() {
    let bench = Bench::new();
    let (source, _) = bench.encrypted_snapshot();
    let id = texts(&bench.ok_as(OTHER, &copy_call(&source.id, "")), "snapshotId").remove(0);
    // The outcome was decided without knowing that the source is encrypted.
    bench.share(&source, OTHER);
    bench.run();
    let row = bench.snapshot_row(&id).unwrap();
    assert_eq!(row.state_message.as_deref(), Some("Source snapshot is not found"));
    assert_tidy(&bench);
}

#[test]
fn an_unencrypted_copy_in_the_same_region_shares_the_bytes_across_accounts() {
    let bench = Bench::new();
    let source = bench.plain_snapshot(1);
    bench.share(&source, OTHER);
    let (first, second) = (copied_by_other(&bench, &source.id, ""), copied_by_other(&bench, &source.id, ""));
    for (row, incremental) in [(&first, "false"), (&second, "true")] {
        assert_eq!(row.lineage, source.lineage);
        assert_eq!(detail(&bench, &row.id)["incremental"], incremental);
    }
    bench.ok(&format!("DeleteSnapshot&SnapshotId={}", source.id));
    bench.host.asked();
    bench.run();
    assert_eq!(
        bench.host.asked(),
        [format!("collect beside 2 collect/{}", source.id)],
        "the copies still need them"
    );
    assert_tidy(&bench);
}

#[test]
fn a_shared_encrypted_snapshot_is_copied_by_whom_its_key_allows() {
    let bench = Bench::new();
    let (source, key) = bench.encrypted_snapshot();
    bench.share(&source, OTHER);
    let row = copied_by_other(&bench, &source.id, "");
    let message = "Given key ID is not accessible";
    assert_eq!((row.state, row.state_message.as_deref()), (SnapshotState::Error, Some(message)));
    assert_eq!(bench.told(&row.id), [format!("copySnapshot failed {message}")]);
    let let_other = |actions: &[&str]| {
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": actions, "Resource": "*"},
        ]});
        bench.kms("PutKeyPolicy", json!({"KeyId": key, "Policy": policy.to_string()}));
    };
    // Who copies for the first time must be allowed what the grant to EBS hands on.
    for (given, missing) in [
        (vec!["kms:CreateGrant", "kms:DescribeKey"], "kms:Decrypt"),
        (vec!["kms:CreateGrant", "kms:Decrypt"], "kms:ReEncryptFrom"),
        (vec!["kms:Decrypt", "kms:ReEncryptFrom"], "kms:CreateGrant"),
    ] {
        let_other(&given);
        let row = copied_by_other(&bench, &source.id, "");
        assert_eq!((row.state, row.state_message.as_deref()), (SnapshotState::Error, Some(message)));
        let why = row.copied().unwrap().failure.clone().unwrap();
        assert!(why.starts_with(&format!("{key} cannot be used: {missing} is not allowed.")), "{why}");
    }
    let_other(&["kms:CreateGrant", "kms:DescribeKey", "kms:Decrypt", "kms:ReEncryptFrom"]);
    let row = copied_by_other(&bench, &source.id, "");
    assert_eq!((row.state, row.state_message.as_deref()), (SnapshotState::Completed, None));
    assert_ne!(key_of(&row), Some(key.as_str()));
    assert_ne!(row.lineage, source.lineage);
    // Under the owner's key the copy still gets a data key of its own, for which the policy does not provide.
    let row = copied_by_other(&bench, &source.id, &format!("&Encrypted=true&KmsKeyId={key}"));
    assert_eq!((row.state, row.state_message.as_deref()), (SnapshotState::Error, Some(message)));
    assert_tidy(&bench);
}

#[test]
fn twenty_copies_to_a_region_may_be_under_way() {
    let bench = Bench::new();
    let source = bench.plain_snapshot(1).id;
    for _ in 0..20 {
        bench.ok(&copy_call(&source, ""));
    }
    let (status, text) = bench.call(&copy_call(&source, ""));
    assert_eq!((status, texts(&text, "Code")), (400, vec!["ResourceLimitExceeded".to_owned()]));
    bench.in_region(THERE);
    bench.ok(&copy_call(&source, ""));
    bench.in_region("us-east-1");
    bench.run();
    bench.ok(&copy_call(&source, ""));
    bench.run();
    assert_tidy(&bench);
}

#[test]
fn a_wished_duration_is_shown_and_told() {
    for (minutes, met) in [(0, "true"), (16, "false")] {
        let bench = Bench::new();
        let source = bench.plain_snapshot(1).id;
        let answer = bench.ok(&copy_call(&source, "&CompletionDurationMinutes=15"));
        let id = texts(&answer, "snapshotId").remove(0);
        bench.clock.advance(Duration::from_secs(minutes * 60));
        bench.run();
        let shown = bench.ok(&format!("DescribeSnapshots&SnapshotId.1={id}"));
        assert_eq!(texts(&shown, "transferType"), ["time-based"]);
        assert_eq!(texts(&shown, "completionDurationMinutes"), ["15"]);
        let event = detail(&bench, &id);
        assert_eq!(
            (&event["transferType"], &event["metCompletionDuration"]),
            (&json!("time-based"), &json!(met))
        );
        assert_eq!(event["completionDurationStartTime"], event["startTime"]);
    }
}

#[test]
fn only_the_root_may_and_a_dry_run_copies_nothing() {
    let bench = Bench::new();
    let (source, key) = bench.encrypted_snapshot();
    let call = copy_call(&source.id, &format!("&Encrypted=true&KmsKeyId={key}"));
    bench.dry_run_passes(&call);
    bench.only_root_may(&call, "ec2:CopySnapshot", "arn:aws:ec2:us-east-1::snapshot/*");
    assert_eq!((bench.all::<Snapshot>().len(), bench.jobs().len()), (1, 0));
    // What the request alone tells is said before.
    let bad = call.replace("SourceRegion=us-east-1", "SourceRegion=x");
    bench.refused(&format!("{bad}&DryRun=true"), "InvalidRegion", "x is not a valid region name");
}

#[test]
fn the_trail_shows_the_copy_and_who_asked() {
    let bench = Bench::new();
    let source = bench.plain_snapshot(1).id;
    let row = copied(&bench, &source, "");
    let record = bench.record("CopySnapshot");
    assert_eq!(record["requestParameters"]["sourceSnapshotId"], json!(source));
    assert_eq!(record["responseElements"]["snapshotId"], json!(row.id));
    assert_eq!(record["readOnly"], false);
}
