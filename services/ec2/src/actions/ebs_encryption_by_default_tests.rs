//! Encryption by default as wire text: three actions about one setting of an account in a Region.

use crate::testing::{Bench, OTHER, texts, xml};

fn is_on(bench: &Bench) -> String {
    texts(&bench.ok("GetEbsEncryptionByDefault"), "ebsEncryptionByDefault").remove(0)
}

#[test]
fn it_is_off_until_enabled_and_again_when_disabled() {
    let bench = Bench::new();
    let off = "<ebsEncryptionByDefault>false</ebsEncryptionByDefault>";
    let on = "<ebsEncryptionByDefault>true</ebsEncryptionByDefault>";
    let get = |inner: &str, sse: &str| {
        xml("GetEbsEncryptionByDefault", &format!("{inner}<sseType>{sse}</sseType>"))
    };
    assert_eq!(bench.ok("GetEbsEncryptionByDefault"), get(off, "none"));
    for _ in 0..2 {
        assert_eq!(bench.ok("EnableEbsEncryptionByDefault"), xml("EnableEbsEncryptionByDefault", on));
        assert_eq!(bench.ok("GetEbsEncryptionByDefault"), get(on, "sse-kms"));
    }
    for _ in 0..2 {
        assert_eq!(bench.ok("DisableEbsEncryptionByDefault"), xml("DisableEbsEncryptionByDefault", off));
        assert_eq!(bench.ok("GetEbsEncryptionByDefault"), get(off, "none"));
    }
}

#[test]
fn each_account_and_region_has_its_own() {
    let bench = Bench::new();
    bench.ok("EnableEbsEncryptionByDefault");
    assert_eq!(texts(&bench.ok_as(OTHER, "GetEbsEncryptionByDefault"), "ebsEncryptionByDefault"), ["false"]);
    bench.in_region("us-west-2");
    assert_eq!(is_on(&bench), "false");
    bench.ok("EnableEbsEncryptionByDefault");
    bench.in_region("us-east-1");
    bench.ok("DisableEbsEncryptionByDefault");
    bench.in_region("us-west-2");
    assert_eq!(is_on(&bench), "true");
}

#[test]
fn what_exists_stays_as_it_is() {
    let bench = Bench::new();
    let plain = bench.volume("");
    bench.ok("EnableEbsEncryptionByDefault");
    let encrypted = bench.volume("");
    bench.ok("DisableEbsEncryptionByDefault");
    let shown =
        |id: &str| texts(&bench.ok(&format!("DescribeVolumes&VolumeId.1={id}")), "encrypted").remove(0);
    assert_eq!((shown(&plain).as_str(), shown(&encrypted).as_str()), ("false", "true"));
    bench.assert_tidy();
}

#[test]
fn disabling_keeps_the_default_key() {
    let bench = Bench::new();
    let key = bench.key();
    bench.ok(&format!("ModifyEbsDefaultKmsKeyId&KmsKeyId={key}"));
    bench.ok("EnableEbsEncryptionByDefault");
    bench.ok("DisableEbsEncryptionByDefault");
    assert_eq!(texts(&bench.ok("GetEbsDefaultKmsKeyId"), "kmsKeyId"), [key]);
}

#[test]
fn only_the_root_may_and_a_dry_run_changes_nothing() {
    let bench = Bench::new();
    for action in
        ["EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault", "GetEbsEncryptionByDefault"]
    {
        bench.dry_run_passes(action);
        bench.only_root_may(action, &format!("ec2:{action}"), "*");
    }
    assert_eq!(is_on(&bench), "false");
    bench.ok("EnableEbsEncryptionByDefault");
    bench.dry_run_passes("DisableEbsEncryptionByDefault");
    assert_eq!(is_on(&bench), "true");
}

#[test]
fn the_trail_shows_who_switched_it() {
    let bench = Bench::new();
    bench.ok("EnableEbsEncryptionByDefault");
    let record = bench.record("EnableEbsEncryptionByDefault");
    assert_eq!(record["responseElements"]["ebsEncryptionByDefault"], true);
    assert_eq!(record["readOnly"], false);
    bench.ok("GetEbsEncryptionByDefault");
    assert_eq!(bench.record("GetEbsEncryptionByDefault")["responseElements"], serde_json::Value::Null);
}
