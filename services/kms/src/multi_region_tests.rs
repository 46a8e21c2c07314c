//! Multi-Region keys end to end: what is shared, what is not, and how they end.

use crate::deletion;
use crate::testing::{ACCOUNT, Bench, b64, unb64};
use env::SimEntropy;
use keys::import::{WrappingAlgorithm, wrap};
use serde_json::{Value, json};
use std::time::Duration;

const HOME: &str = "us-east-1";
const AWAY: &str = "eu-west-1";
const FAR: &str = "ap-southeast-2";
const DAY: Duration = Duration::from_secs(86_400);

fn encrypted(bench: &Bench, region: &str, key: &str) -> Value {
    let input = json!({"KeyId": key, "Plaintext": b64(b"plain"), "EncryptionContext": {"a": "1"}});
    bench.ok_in(region, "Encrypt", input)["CiphertextBlob"].clone()
}

fn opens(bench: &Bench, region: &str, blob: &Value) {
    let input = json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "1"}});
    let opened = bench.ok_in(region, "Decrypt", input);
    assert_eq!(unb64(&opened["Plaintext"]), b"plain");
    let region_of_key = opened["KeyId"].as_str().unwrap().split(':').nth(3).unwrap().to_owned();
    assert_eq!(region_of_key, region);
}

#[test]
fn a_new_multi_region_key_is_a_primary_without_replicas() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[]);
    assert!(key.id.starts_with("mrk-") && key.id.len() == 36, "{}", key.id);
    let shown = bench.described_in(HOME, &key.id);
    assert_eq!(shown["MultiRegion"], true);
    assert_eq!(
        shown["MultiRegionConfiguration"],
        json!({
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": key.arn, "Region": HOME},
            "ReplicaKeys": [],
        })
    );
    let plain = bench.create_key();
    let shown = bench.described_in(HOME, &plain.id);
    assert_eq!((&shown["MultiRegion"], &shown["MultiRegionConfiguration"]), (&json!(false), &Value::Null));
}

#[test]
fn ciphertext_of_one_region_opens_in_every_related_one() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    let (home, away) = (encrypted(&bench, HOME, &key.id), encrypted(&bench, AWAY, &key.id));
    for region in [HOME, AWAY] {
        opens(&bench, region, &home);
        opens(&bench, region, &away);
    }
    // Not where the family has no key, not in another context, and not the blob of a key of one Region.
    let input = json!({"CiphertextBlob": home, "EncryptionContext": {"a": "1"}});
    let (_, body) = bench.call_in(FAR, &bench.root(), "Decrypt", input);
    assert_eq!(body["__type"], "AccessDeniedException");
    bench.refused_in(AWAY, "Decrypt", json!({"CiphertextBlob": home}), "InvalidCiphertextException", "");
    let single = bench.create_key();
    let blob = encrypted(&bench, HOME, &single.id);
    let input = json!({"CiphertextBlob": blob, "EncryptionContext": {"a": "1"}});
    let (_, body) = bench.call_in(AWAY, &bench.root(), "Decrypt", input);
    assert_eq!(body["__type"], "AccessDeniedException");
    // An ARN of another Region names nothing here.
    let input = json!({"KeyId": key.arn, "Plaintext": "eA=="});
    bench.refused_in(AWAY, "Encrypt", input, "NotFoundException", "Invalid arn us-east-1");
}

#[test]
fn asymmetric_and_hmac_replicas_do_what_their_primary_does() {
    let bench = Bench::new();
    let sign =
        bench.multi_region_key(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}), &[AWAY]);
    let public = |region| bench.ok_in(region, "GetPublicKey", json!({"KeyId": sign.id}))["PublicKey"].clone();
    assert_eq!(public(HOME), public(AWAY));
    let mut call = json!({"KeyId": sign.id, "Message": b64(b"m"), "SigningAlgorithm": "ECDSA_SHA_256"});
    call["Signature"] = bench.ok_in(AWAY, "Sign", call.clone())["Signature"].clone();
    assert_eq!(bench.ok("Verify", call)["SignatureValid"], true);
    let mac =
        bench.multi_region_key(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}), &[AWAY]);
    let call = json!({"KeyId": mac.id, "Message": b64(b"m"), "MacAlgorithm": "HMAC_SHA_256"});
    assert_eq!(bench.ok("GenerateMac", call.clone())["Mac"], bench.ok_in(AWAY, "GenerateMac", call)["Mac"]);
}

#[test]
fn state_description_tags_and_aliases_are_each_regions_own() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({"Description": "mine"}), &[AWAY]);
    assert_eq!(bench.described_in(AWAY, &key.id)["Description"], "");
    bench.ok_in(AWAY, "UpdateKeyDescription", json!({"KeyId": key.id, "Description": "away"}));
    bench.ok_in(AWAY, "CreateAlias", json!({"AliasName": "alias/a", "TargetKeyId": key.id}));
    let tags = json!([{"TagKey": "t", "TagValue": "v"}]);
    bench.ok_in(AWAY, "TagResource", json!({"KeyId": key.id, "Tags": tags}));
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    assert_eq!(bench.described_in(HOME, &key.id)["Description"], "mine");
    assert_eq!(bench.ok("ListResourceTags", json!({"KeyId": key.id}))["Tags"], json!([]));
    let message = format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/a is not found.");
    bench.refused("DescribeKey", json!({"KeyId": "alias/a"}), "NotFoundException", &message);
    let message = format!("{} is disabled.", key.arn);
    bench.refused("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="}), "DisabledException", &message);
    bench.ok_in(AWAY, "Encrypt", json!({"KeyId": "alias/a", "Plaintext": "eA=="}));
}

#[test]
fn a_rotation_of_the_primary_is_seen_by_its_replicas_and_a_replica_does_not_rotate() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    let old = encrypted(&bench, AWAY, &key.id);
    let before = bench.described_in(AWAY, &key.id)["CurrentKeyMaterialId"].clone();
    bench.ok("RotateKeyOnDemand", json!({"KeyId": key.id}));
    let after = bench.described_in(AWAY, &key.id)["CurrentKeyMaterialId"].clone();
    assert_ne!(before, after);
    assert_eq!(after, bench.described_in(HOME, &key.id)["CurrentKeyMaterialId"]);
    let new = encrypted(&bench, AWAY, &key.id);
    for blob in [&old, &new] {
        opens(&bench, HOME, blob);
        opens(&bench, AWAY, blob);
    }
    let replica = key.arn.replace(HOME, AWAY);
    let message = format!("{replica} is not a multi-region primary key.");
    for operation in ["RotateKeyOnDemand", "EnableKeyRotation"] {
        bench.refused_in(
            AWAY,
            operation,
            json!({"KeyId": key.id}),
            "UnsupportedOperationException",
            &message,
        );
    }
    // A replica made after the rotation opens what was made before it.
    bench.ok("ReplicateKey", json!({"KeyId": key.id, "ReplicaRegion": FAR}));
    opens(&bench, FAR, &old);
    opens(&bench, FAR, &new);
}

#[test]
fn a_primary_waits_for_its_replicas_before_its_window_begins() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({}), &[AWAY]);
    let blob = encrypted(&bench, HOME, &key.id);
    let asked = bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id, "PendingWindowInDays": 7}));
    assert_eq!(
        (&asked["KeyState"], &asked["DeletionDate"]),
        (&json!("PendingReplicaDeletion"), &Value::Null)
    );
    let shown = bench.described_in(HOME, &key.id);
    assert_eq!((&shown["PendingDeletionWindowInDays"], &shown["DeletionDate"]), (&json!(7), &Value::Null));
    bench.clock.advance(DAY * 40);
    assert_eq!(deletion::destroy_due(&bench.door).unwrap(), 0);
    // The replica goes on working meanwhile.
    opens(&bench, AWAY, &blob);

    let days = json!({"KeyId": key.id, "PendingWindowInDays": 7});
    assert_eq!(bench.ok_in(AWAY, "ScheduleKeyDeletion", days)["KeyState"], "PendingDeletion");
    bench.clock.advance(DAY * 7);
    assert_eq!(deletion::destroy_due(&bench.door).unwrap(), 1);
    let shown = bench.described_in(HOME, &key.id);
    assert_eq!(shown["KeyState"], "PendingDeletion");
    assert_eq!(shown["MultiRegionConfiguration"]["ReplicaKeys"], json!([]));
    bench.clock.advance(DAY * 7);
    assert_eq!(deletion::destroy_due(&bench.door).unwrap(), 1);
    assert_eq!(bench.rows(), (0, 0, 0, 0));
}

/// Imports 32 bytes of `byte` into a key in that Region; status and body.
fn import(bench: &Bench, region: &str, key: &str, byte: u8) -> (u16, Value) {
    let algorithm = WrappingAlgorithm::OaepSha256;
    let asked = json!({"KeyId": key, "WrappingAlgorithm": algorithm.name(), "WrappingKeySpec": "RSA_2048"});
    let token = bench.ok_in(region, "GetParametersForImport", asked);
    let wrapped = wrap(algorithm, &unb64(&token["PublicKey"]), &[byte; 32], &SimEntropy::new(1)).unwrap();
    let input = json!({
        "KeyId": key, "ImportToken": token["ImportToken"], "EncryptedKeyMaterial": b64(&wrapped),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    });
    bench.call_in(region, &bench.root(), "ImportKeyMaterial", input)
}

#[test]
fn imported_material_is_brought_to_each_region_and_must_be_the_same() {
    let bench = Bench::new();
    let key = bench.multi_region_key(json!({"Origin": "EXTERNAL"}), &[]);
    assert_eq!(import(&bench, HOME, &key.id, 7).0, 200);
    bench.ok("ReplicateKey", json!({"KeyId": key.id, "ReplicaRegion": AWAY}));
    assert_eq!(bench.described_in(AWAY, &key.id)["KeyState"], "PendingImport");
    let message = format!("{} is pending import.", key.arn.replace(HOME, AWAY));
    let call = json!({"KeyId": key.id, "Plaintext": "eA=="});
    bench.refused_in(AWAY, "Encrypt", call, "KMSInvalidStateException", &message);
    let (_, body) = import(&bench, AWAY, &key.id, 8);
    assert_eq!(body["__type"], "IncorrectKeyMaterialException", "{body}");
    assert_eq!(import(&bench, AWAY, &key.id, 7).0, 200);
    opens(&bench, AWAY, &encrypted(&bench, HOME, &key.id));
    // Each Region's copy is its own.
    bench.ok_in(AWAY, "DeleteImportedKeyMaterial", json!({"KeyId": key.id}));
    assert_eq!(bench.described_in(AWAY, &key.id)["KeyState"], "PendingImport");
    assert_eq!(bench.described_in(HOME, &key.id)["KeyState"], "Enabled");
}
