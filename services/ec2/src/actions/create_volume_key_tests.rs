//! CreateVolume under keys that cannot be used: as in AWS the call succeeds and the volume vanishes later, telling why.

use crate::testing::{Bench, encoded, texts};
use serde_json::{Value, json};

const ZONE: &str = "&AvailabilityZone=us-east-1a";

fn id_of(body: &str) -> String {
    texts(body, "volumeId").remove(0)
}

/// A key in trouble: how it is named in the request, how its ARN shows, and what is said of it.
fn troubled_keys(bench: &Bench) -> Vec<(String, String, &'static str)> {
    let id = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    let disabled = bench.key();
    bench.kms("DisableKey", json!({"KeyId": id(&disabled)}));
    let pending = bench.key();
    bench.kms("ScheduleKeyDeletion", json!({"KeyId": id(&pending), "PendingWindowInDays": 7}));
    let import = bench.key_with(json!({"Origin": "EXTERNAL"}));
    let hmac = bench.key_with(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}));
    let rsa = bench.key_with(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}));
    let none = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555".to_owned();
    let alias = "arn:aws:kms:us-east-1:111122223333:alias/none".to_owned();
    let elsewhere = "arn:aws:kms:us-west-2:111122223333:key/11111111-2222-4333-8444-555555555555".to_owned();
    vec![
        (disabled.clone(), disabled, "is disabled."),
        (pending.clone(), pending, "is pending deletion."),
        (import.clone(), import, "is pending import."),
        (hmac.clone(), hmac, "is not a symmetric encryption key."),
        (rsa.clone(), rsa, "is not a symmetric encryption key."),
        (none.clone(), none.clone(), "does not exist."),
        (id(&none), none, "does not exist."),
        ("alias/none".into(), alias, "does not exist."),
        (elsewhere.clone(), elsewhere, "does not exist."),
    ]
}

#[test]
fn a_key_in_trouble_is_found_out_later_and_the_volume_vanishes() {
    let bench = Bench::new();
    for (named, arn, trouble) in troubled_keys(&bench) {
        let call = format!("CreateVolume&Size=1{ZONE}&Encrypted=true&KmsKeyId={}", encoded(&named));
        let (status, body, request) = bench.call_as(&bench.root(), &call);
        assert_eq!((status, texts(&body, "status")), (200, vec!["creating".to_owned()]), "{named}: {body}");
        assert_eq!(texts(&body, "kmsKeyId"), [arn.as_str()]);
        let volume = id_of(&body);
        bench.run();
        let gone = format!("The volume '{volume}' does not exist.");
        bench.refused(&format!("DescribeVolumes&VolumeId.1={volume}"), "InvalidVolume.NotFound", &gone);
        let failed = format!("createVolume failed {arn} {trouble}");
        assert_eq!(bench.told(&volume), [failed.as_str(), "deleteVolume deleted"]);
        let event =
            bench.events().into_iter().find(|e| e["detail"]["request-id"] == request.as_str()).unwrap();
        assert_eq!(
            event["resources"],
            json!([format!("arn:aws:ec2:us-east-1:111122223333:volume/{volume}")])
        );
        let former = bench.former(&volume).unwrap();
        assert_eq!(former.failure, Some(format!("{arn} {trouble}")));
        let refused = bench.record("GenerateDataKeyWithoutPlaintext");
        assert!(refused["errorCode"].is_string(), "{refused}");
        assert_eq!(refused["requestID"], request.as_str());
    }
    assert_eq!(bench.host.asked(), [""; 0], "no store was ever made");
    bench.assert_tidy();
}

#[test]
fn a_key_of_another_account_cannot_be_used_and_the_trail_says_denied() {
    let bench = Bench::new();
    let foreign = "arn:aws:kms:us-east-1:444455556666:key/11111111-2222-4333-8444-555555555555";
    let body = bench.ok(&format!("CreateVolume&Size=1{ZONE}&Encrypted=true&KmsKeyId={foreign}"));
    bench.run();
    let told = bench.told(&id_of(&body)).remove(0);
    assert!(told.starts_with(&format!("createVolume failed {foreign} cannot be used: ")), "{told}");
    let record = bench.record("GenerateDataKeyWithoutPlaintext");
    assert_eq!(record["errorCode"], "AccessDenied");
    assert_eq!((&record["requestParameters"], &record["resources"]), (&Value::Null, &Value::Null));
    bench.assert_tidy();
}

#[test]
fn a_key_that_is_well_again_before_the_job_runs_is_good() {
    let bench = Bench::new();
    let key = bench.key();
    let id = key.rsplit('/').next().unwrap();
    bench.kms("DisableKey", json!({"KeyId": id}));
    let body = bench.ok(&format!("CreateVolume&Size=1{ZONE}&Encrypted=true&KmsKeyId={key}"));
    bench.kms("EnableKey", json!({"KeyId": id}));
    bench.run();
    assert_eq!(bench.told(&id_of(&body)), ["createVolume available"]);
}
