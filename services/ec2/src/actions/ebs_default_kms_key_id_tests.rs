//! The default EBS key as wire text: Get, Modify and Reset.

use crate::testing::{Bench, OTHER, encoded, texts, xml};
use serde_json::json;

fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

fn shown(bench: &Bench) -> String {
    texts(&bench.ok("GetEbsDefaultKmsKeyId"), "kmsKeyId").remove(0)
}

#[test]
fn it_is_the_managed_key_by_its_alias_until_one_is_chosen_and_after_a_reset() {
    let bench = Bench::new();
    let alias = "<kmsKeyId>alias/aws/ebs</kmsKeyId>";
    assert_eq!(bench.ok("GetEbsDefaultKmsKeyId"), xml("GetEbsDefaultKmsKeyId", alias));
    assert_eq!(bench.ok("ResetEbsDefaultKmsKeyId"), xml("ResetEbsDefaultKmsKeyId", alias));
    let key = bench.key();
    let golden = format!("<kmsKeyId>{key}</kmsKeyId>");
    let modify = format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}");
    assert_eq!(bench.ok(&modify), xml("ModifyEbsDefaultKmsKeyId", &golden));
    assert_eq!(bench.ok("GetEbsDefaultKmsKeyId"), xml("GetEbsDefaultKmsKeyId", &golden));
    assert_eq!(bench.ok("ResetEbsDefaultKmsKeyId"), xml("ResetEbsDefaultKmsKeyId", alias));
    assert_eq!(shown(&bench), "alias/aws/ebs");
}

#[test]
fn every_form_of_a_name_is_taken_and_shown_as_the_arn() {
    let bench = Bench::new();
    let key = bench.key();
    bench.kms("CreateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": id(&key)}));
    for name in [key.as_str(), id(&key), "alias/mine", "arn:aws:kms:us-east-1:111122223333:alias/mine"] {
        bench.ok("ResetEbsDefaultKmsKeyId");
        let body = bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={}", encoded(name)));
        assert_eq!(texts(&body, "kmsKeyId"), [key.as_str()], "{name}");
        assert_eq!(shown(&bench), key, "{name}");
    }
    // The alias moves; the chosen key stays.
    let other = bench.key();
    bench.kms("UpdateAlias", json!({"AliasName": "alias/mine", "TargetKeyId": id(&other)}));
    assert_eq!(shown(&bench), key);
    let body = bench.ok("ModifyEbsDefaultKmsKeyId&KmsKeyId=alias/aws/ebs");
    assert!(texts(&body, "kmsKeyId")[0].contains(":key/"), "{body}");
}

#[test]
fn new_volumes_use_it_whether_encryption_by_default_is_on_or_off() {
    let bench = Bench::new();
    let key = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
    let under = |volume: &str| bench.row(volume).unwrap().encryption.map(|e| e.key_arn);
    assert_eq!(under(&bench.volume("&Encrypted=true")), Some(key.clone()));
    assert_eq!(under(&bench.volume("")), None);
    bench.ok("EnableEbsEncryptionByDefault");
    assert_eq!(under(&bench.volume("")), Some(key.clone()));
    let named = bench.key();
    assert_eq!(under(&bench.volume(&format!("&Encrypted=true&KmsKeyId={named}"))), Some(named));
    bench.volume("");
    assert_eq!(bench.record("GenerateDataKeyWithoutPlaintext")["requestParameters"]["keyId"], json!(key));
    bench.assert_tidy();
}

#[test]
fn a_key_that_can_never_work_is_refused_at_once() {
    let bench = Bench::new();
    let good = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={good}"));
    let refused = |name: &str, key: &str, what: &str| {
        let call = format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={}", encoded(name));
        bench.refused(&call, "InvalidParameterValue", &format!("The specified keyId {key} {what}"));
        assert_eq!(shown(&bench), good, "{name}");
    };
    let rsa = bench.key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
    let hmac = bench.key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    for arn in [&rsa, &hmac] {
        refused(arn, arn, "is invalid");
        refused(id(arn), id(arn), "is invalid");
    }
    let disabled = bench.key();
    bench.kms("DisableKey", json!({"KeyId": id(&disabled)}));
    let leaving = bench.key();
    bench.kms("ScheduleKeyDeletion", json!({"KeyId": id(&leaving)}));
    refused(id(&disabled), &disabled, "is disabled");
    refused(&disabled, &disabled, "is disabled");
    refused(&leaving, &leaving, "is pending deletion");
    let none = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555";
    for unknown in [none, id(none), "alias/none", "nonsense"] {
        refused(unknown, unknown, "is invalid");
    }
    let elsewhere = good.replace("us-east-1", "eu-west-1");
    refused(&elsewhere, &elsewhere, "is invalid");
}

#[test]
fn a_key_of_another_account_is_found_out_when_it_is_used() {
    let bench = Bench::new();
    let foreign = "arn:aws:kms:us-east-1:444455556666:key/11111111-2222-4333-8444-555555555555";
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={foreign}"));
    assert_eq!(shown(&bench), foreign);
    let volume = bench.volume("&Encrypted=true");
    assert!(bench.row(&volume).is_none());
    assert!(bench.told(&volume)[0].starts_with(&format!("createVolume failed {foreign} cannot be used: ")));
    bench.assert_tidy();
}

#[test]
fn each_account_and_region_has_its_own() {
    let bench = Bench::new();
    let key = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
    assert_eq!(texts(&bench.ok_as(OTHER, "GetEbsDefaultKmsKeyId"), "kmsKeyId"), ["alias/aws/ebs"]);
    bench.in_region("us-west-2");
    assert_eq!(shown(&bench), "alias/aws/ebs");
    let call = format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}");
    bench.refused(&call, "InvalidParameterValue", &format!("The specified keyId {key} is invalid"));
}

#[test]
fn bad_requests_dry_runs_and_other_callers_change_nothing() {
    let bench = Bench::new();
    let key = bench.key();
    let modify = format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}");
    for (call, action) in [
        (modify.as_str(), "ModifyEbsDefaultKmsKeyId"),
        ("ResetEbsDefaultKmsKeyId", "ResetEbsDefaultKmsKeyId"),
        ("GetEbsDefaultKmsKeyId", "GetEbsDefaultKmsKeyId"),
    ] {
        bench.dry_run_passes(call);
        bench.only_root_may(call, &format!("ec2:{action}"), "*");
    }
    for missing in ["ModifyEbsDefaultKmsKeyId", "ModifyEbsDefaultKmsKeyId&KmsKeyId="] {
        let (status, body) = bench.call(missing);
        assert_eq!((status, texts(&body, "Code")), (400, vec!["MissingParameter".to_owned()]), "{body}");
    }
    assert_eq!(shown(&bench), "alias/aws/ebs");
}
