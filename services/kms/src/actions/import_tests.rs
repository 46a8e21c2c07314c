//! Imported material from its wrapping to its end: ImportKeyMaterial, GetParametersForImport, DeleteImportedKeyMaterial, expiry.

use crate::import;
use crate::testing::{Bench, b64, unb64};
use crate::testing_import::{AES_KEY_WRAP, OAEP};
use crate::upkeep;
use env::SimEntropy;
use keys::KeySpec;
use serde_json::{Value, json};
use std::time::Duration;

const A: [u8; 32] = [0xa1; 32];
const B: [u8; 32] = [0xb2; 32];
const INCORRECT: &str = "IncorrectKeyMaterialException";
const NEVER_IMPORTED: &str =
    "The key material in the request is not the key material that was previously imported into this KMS key.";

fn state(bench: &Bench, id: &str) -> String {
    crate::testing::text(&bench.metadata(id)["KeyState"])
}

#[test]
fn a_first_import_enables_the_key_and_its_material_encrypts() {
    let bench = Bench::new();
    let key = bench.external();
    let message = format!("{} is pending import.", key.arn);
    let encrypt = json!({"KeyId": key.id, "Plaintext": "eA=="});
    bench.refused("Encrypt", encrypt, "KMSInvalidStateException", &message);
    let material = bench.import(&key.id, &A, json!({}));
    let metadata = bench.metadata(&key.id);
    assert_eq!((&metadata["KeyState"], &metadata["Enabled"]), (&json!("Enabled"), &json!(true)));
    assert_eq!(metadata["ExpirationModel"], "KEY_MATERIAL_DOES_NOT_EXPIRE");
    assert_eq!((&metadata["ValidTo"], &metadata["CurrentKeyMaterialId"]), (&Value::Null, &json!(material)));
    assert!(bench.decrypts(&bench.encrypt(&key.id)));
}

#[test]
fn the_bytes_that_came_are_the_bytes_that_encrypt() {
    // Two keys never share ciphertext, so the bytes are compared where they are sealed.
    let bench = Bench::new();
    let key = bench.external();
    let id = bench.import(&key.id, &A, json!({}));
    bench.with_cx(|cx| {
        let key = crate::find::by_id(cx, &key.id).unwrap();
        assert_eq!(crate::material::open(cx, &key, &id).unwrap().unwrap().expose(), A);
    });
}

#[test]
fn the_same_bytes_have_one_id_in_one_key_and_another_in_another() {
    let bench = Bench::new();
    let (one, two) = (bench.external(), bench.external());
    let id = bench.import(&one.id, &A, json!({}));
    assert_eq!(bench.import(&one.id, &A, json!({})), id);
    assert_ne!(bench.import(&two.id, &A, json!({})), id);
    assert_eq!(bench.rows().1, 2);
}

#[test]
fn only_the_same_material_comes_back() {
    let bench = Bench::new();
    let key = bench.external();
    let id = bench.import(&key.id, &A, json!({}));
    let blob = bench.encrypt(&key.id);
    for gone in [false, true] {
        if gone {
            let deleted = bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id}));
            assert_eq!((&deleted["KeyId"], &deleted["KeyMaterialId"]), (&json!(key.arn), &json!(id)));
            assert_eq!(state(&bench, &key.id), "PendingImport");
            assert!(!bench.decrypts(&blob));
            assert_eq!(bench.metadata(&key.id)["CurrentKeyMaterialId"], json!(id), "it stays");
            assert_eq!(bench.metadata(&key.id)["ExpirationModel"], Value::Null);
        }
        let other = bench.import_input(&key.id, &B, json!({}));
        bench.refused("ImportKeyMaterial", other, INCORRECT, NEVER_IMPORTED);
    }
    bench.import(&key.id, &A, json!({}));
    assert_eq!(state(&bench, &key.id), "Enabled");
    assert!(bench.decrypts(&blob));
}

#[test]
fn import_types_and_ids_must_fit_what_the_key_has() {
    let bench = Bench::new();
    let key = bench.external();
    let import = |material: &[u8], more: Value| bench.import_input(&key.id, material, more);
    let existing = json!({"ImportType": "EXISTING_KEY_MATERIAL"});
    bench.refused("ImportKeyMaterial", import(&A, existing.clone()), INCORRECT, NEVER_IMPORTED);
    let id = bench.import(&key.id, &A, json!({"ImportType": "NEW_KEY_MATERIAL"}));
    bench.import(&key.id, &A, existing);
    bench.import(&key.id, &A, json!({"KeyMaterialId": id}));
    let message = format!("The key material (id: {id}) is already associated with KMS key {}.", key.id);
    let again = import(&A, json!({"ImportType": "NEW_KEY_MATERIAL"}));
    bench.refused("ImportKeyMaterial", again, INCORRECT, &message);
    let message = "The key material in the request is not the one that KeyMaterialId identifies.";
    bench.refused("ImportKeyMaterial", import(&B, json!({"KeyMaterialId": id})), INCORRECT, message);
    let message = "A key material ID must not be specified if the ImportType is NEW_KEY_MATERIAL";
    let both = import(&B, json!({"KeyMaterialId": id, "ImportType": "NEW_KEY_MATERIAL"}));
    bench.refused("ImportKeyMaterial", both, "ValidationException", message);
}

#[test]
fn expiry_is_asked_for_by_model_and_date_together() {
    let bench = Bench::new();
    let key = bench.external();
    let day = 86_400;
    let refused = |more: Value, message: &str| {
        let mut input = bench.import_input(&key.id, &A, more);
        if input["ExpirationModel"].is_null() {
            input.as_object_mut().unwrap().remove("ExpirationModel");
        }
        bench.refused("ImportKeyMaterial", input, "ValidationException", message);
    };
    let needed = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    refused(json!({"ExpirationModel": null}), needed);
    refused(json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES"}), needed);
    let never = "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE";
    refused(json!({"ValidTo": bench.in_seconds(day)}), never);
    let expires =
        |seconds| json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": bench.in_seconds(seconds)});
    refused(expires(-1), "ValidTo must be in the future.");
    refused(expires(365 * day + 60), "ValidTo must be at most 365 days from the time of the request.");
    bench.import(&key.id, &A, expires(364 * day));
    assert_eq!(bench.metadata(&key.id)["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
}

#[test]
fn material_ends_at_its_moment_and_is_destroyed_by_the_next_round() {
    let bench = Bench::new();
    let key = bench.external();
    let until = bench.in_seconds(3600);
    let id = bench.import(&key.id, &A, json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": until}));
    let blob = bench.encrypt(&key.id);
    bench.clock.advance(Duration::from_secs(3590));
    upkeep::run(&bench.door).unwrap();
    assert!(bench.decrypts(&blob));
    assert_eq!(bench.metadata(&key.id)["ValidTo"], until);
    bench.clock.advance(Duration::from_secs(11));
    // The moment counts, not the round.
    assert!(!bench.decrypts(&blob));
    assert_eq!(state(&bench, &key.id), "PendingImport");
    assert_eq!(import::expire_due(&bench.door).unwrap(), 1);
    assert_eq!(import::expire_due(&bench.door).unwrap(), 0);
    assert_eq!(state(&bench, &key.id), "PendingImport");
    let record = bench.last_record("DeleteExpiredKeyMaterial");
    assert_eq!(record.body["eventType"], "AwsServiceEvent");
    assert_eq!(record.body["serviceEventDetails"], json!({"keyId": key.id, "keyMaterialId": id}));
    assert_eq!(record.body["userIdentity"]["invokedBy"], "AWS Internal");
    let events = bench.events("KMS Imported Key Material Expiration");
    assert_eq!((events.len(), &events[0].resources), (1, &vec![key.arn.clone()]));
    assert_eq!(events[0].envelope()["source"], "aws.kms");
    // Back again, for ever.
    bench.import(&key.id, &A, json!({}));
    assert!(bench.decrypts(&blob));
    bench.clock.advance(Duration::from_secs(86_400));
    assert!(bench.decrypts(&blob));
}

#[test]
fn importing_again_moves_the_end() {
    let bench = Bench::new();
    let key = bench.external();
    let expires =
        |seconds| json!({"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": bench.in_seconds(seconds)});
    bench.import(&key.id, &A, expires(100));
    bench.import(&key.id, &A, expires(1000));
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    bench.import(&key.id, &A, expires(1000));
    assert_eq!(state(&bench, &key.id), "Disabled", "an import enables no disabled key");
    bench.ok("EnableKey", json!({"KeyId": key.id}));
    bench.clock.advance(Duration::from_secs(500));
    upkeep::run(&bench.door).unwrap();
    assert_eq!(state(&bench, &key.id), "Enabled");
    bench.clock.advance(Duration::from_secs(501));
    assert_eq!(state(&bench, &key.id), "PendingImport");
}

#[test]
fn a_token_is_for_one_key_one_algorithm_and_one_day() {
    let bench = Bench::new();
    let (key, other) = (bench.external(), bench.external());
    let input = bench.import_input(&key.id, &A, json!({}));
    let invalid = "The import token is invalid or is associated with a different KMS key.";
    let with = |member: &str, value: Value| {
        let mut input = input.clone();
        input[member] = value;
        input
    };
    let refused = |input: Value| {
        bench.refused("ImportKeyMaterial", input, "InvalidImportTokenException", invalid);
    };
    refused(with("KeyId", json!(other.id)));
    let token = unb64(&input["ImportToken"]);
    for place in [0, 3, 4, 11, 12, 13, 60, token.len() - 1] {
        let mut damaged = token.clone();
        damaged[place] ^= 1;
        refused(with("ImportToken", json!(b64(&damaged))));
    }
    for length in [1, 4, 12, 13, 40, token.len() - 1] {
        refused(with("ImportToken", json!(b64(&token[..length]))));
    }
    // Wrapped for another token of the same key.
    let earlier = bench.wrapped(&key.id, OAEP, &A);
    let mixed = with("EncryptedKeyMaterial", json!(earlier.material));
    bench.refused("ImportKeyMaterial", mixed, "InvalidCiphertextException", "");
    let short = with("EncryptedKeyMaterial", json!("eA=="));
    bench.refused("ImportKeyMaterial", short, "InvalidCiphertextException", "");
    // Good until the day is over, more than once.
    bench.clock.advance(Duration::from_secs(24 * 3600 - 10));
    bench.ok("ImportKeyMaterial", input.clone());
    bench.ok("ImportKeyMaterial", input.clone());
    bench.clock.advance(Duration::from_secs(20));
    let expired = "The import token has expired.";
    bench.refused("ImportKeyMaterial", input.clone(), "ExpiredImportTokenException", expired);
}

#[test]
fn material_of_another_length_or_kind_is_refused() {
    let bench = Bench::new();
    let key = bench.external();
    for length in [16, 31, 33, 64] {
        let message =
            format!("{length} bytes are no key material for a KMS key with key spec SYMMETRIC_DEFAULT.");
        let input = bench.import_input(&key.id, &vec![7; length], json!({}));
        bench.refused("ImportKeyMaterial", input, INCORRECT, &message);
    }
    let entropy = SimEntropy::new(5);
    let p256 = keys::generate_material(KeySpec::EccNistP256, &entropy).unwrap();
    let rsa = bench
        .create_key_with(json!({"Origin": "EXTERNAL", "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}));
    let input = bench.import_input(&rsa.id, p256.expose(), json!({}));
    let message = "The key material is not a PKCS#8 private key for a KMS key with key spec RSA_2048.";
    bench.refused("ImportKeyMaterial", input, INCORRECT, message);
    assert_eq!(state(&bench, &rsa.id), "PendingImport");
}

#[test]
fn key_pairs_and_hmac_keys_take_their_own_material() {
    let bench = Bench::new();
    let entropy = SimEntropy::new(6);
    for (spec, usage) in [
        (KeySpec::Rsa2048, "ENCRYPT_DECRYPT"),
        (KeySpec::EccNistP256, "SIGN_VERIFY"),
        (KeySpec::EccNistP384, "KEY_AGREEMENT"),
        (KeySpec::Hmac384, "GENERATE_VERIFY_MAC"),
    ] {
        let input = json!({"Origin": "EXTERNAL", "KeySpec": spec.name(), "KeyUsage": usage});
        let key = bench.create_key_with(input);
        let material = keys::generate_material(spec, &entropy).unwrap();
        let id = bench.import(&key.id, material.expose(), json!({}));
        let metadata = bench.metadata(&key.id);
        assert_eq!(
            (&metadata["KeyState"], &metadata["CurrentKeyMaterialId"]),
            (&json!("Enabled"), &json!(id))
        );
        if spec != KeySpec::Hmac384 {
            let public = bench.ok("GetPublicKey", json!({"KeyId": key.id}));
            assert_eq!(unb64(&public["PublicKey"]), keys::public_key_der(spec, &material).unwrap());
        }
        // One material for life: nothing to tell apart, nothing to rotate to.
        let another = keys::generate_material(spec, &entropy).unwrap();
        let input = bench.import_input(&key.id, another.expose(), json!({}));
        bench.refused("ImportKeyMaterial", input, INCORRECT, NEVER_IMPORTED);
        for (member, value) in
            [("ImportType", "NEW_KEY_MATERIAL"), ("KeyMaterialDescription", "x"), ("KeyMaterialId", &id)]
        {
            let input = bench.import_input(&key.id, material.expose(), json!({member: value}));
            let message = format!("{member} is valid only for symmetric encryption KMS keys.");
            bench.refused("ImportKeyMaterial", input, "ValidationException", &message);
        }
    }
}

#[test]
fn parameters_are_for_keys_that_take_material_and_algorithms_that_are_offered() {
    let bench = Bench::new();
    let ask = |id: &str, algorithm: &str, spec: &str| json!({"KeyId": id, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec});
    let ours = bench.create_key();
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", ours.arn);
    let unsupported = "UnsupportedOperationException";
    bench.refused("GetParametersForImport", ask(&ours.id, OAEP, "RSA_2048"), unsupported, &message);
    let key = bench.external();
    for (algorithm, spec, message) in [
        ("RSAES_PKCS1_V1_5", "RSA_2048", "Wrapping algorithm RSAES_PKCS1_V1_5 is not supported."),
        ("SM2PKE", "SM2", "Wrapping algorithm SM2PKE is not supported."),
        (OAEP, "SM2", "Wrapping key spec SM2 is not supported."),
        (
            AES_KEY_WRAP,
            "RSA_2048",
            "Wrapping algorithm RSA_AES_KEY_WRAP_SHA_256 with wrapping key spec RSA_2048 is not valid for key material of key \
             spec SYMMETRIC_DEFAULT.",
        ),
    ] {
        bench.refused("GetParametersForImport", ask(&key.id, algorithm, spec), unsupported, message);
    }
    for spec in ["RSA_2048", "RSA_3072"] {
        let got = bench.ok("GetParametersForImport", ask(&key.id, "RSAES_OAEP_SHA_1", spec));
        assert_eq!(got["KeyId"], json!(key.arn));
        let valid = got["ParametersValidTo"].as_f64().unwrap() as i64;
        assert!((valid - bench.door.env.clock.now().secs() - 24 * 3600).abs() <= 1);
    }
    let record = bench.last_record("GetParametersForImport");
    assert!(record.read_only && record.body["responseElements"].is_null());
}

#[test]
fn the_trail_shows_neither_token_nor_material() {
    let bench = Bench::new();
    let key = bench.external();
    bench.import(&key.id, &A, json!({}));
    let shown = bench.last_record("ImportKeyMaterial").body["requestParameters"].to_string();
    assert!(!shown.contains("oken") && !shown.contains("encryptedKeyMaterial"), "{shown}");
    assert!(shown.contains(&key.id));
}

#[test]
fn deleting_what_is_not_there_is_fine_and_what_never_was_is_not() {
    let bench = Bench::new();
    let key = bench.external();
    let answer = bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id}));
    assert_eq!(answer, json!({"KeyId": key.arn}));
    let id = bench.import(&key.id, &A, json!({}));
    for _ in 0..2 {
        bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id, "KeyMaterialId": id}));
    }
    let never = "0".repeat(64);
    let message = format!("Key material '{never}' is not associated with the KMS key '{}'.", key.arn);
    let input = json!({"KeyId": key.id, "KeyMaterialId": never});
    bench.refused("DeleteImportedKeyMaterial", input, "NotFoundException", &message);
    let ours = bench.create_key();
    let message = format!("{} origin is AWS_KMS which is not valid for this operation.", ours.arn);
    let input = json!({"KeyId": ours.id});
    bench.refused("DeleteImportedKeyMaterial", input, "UnsupportedOperationException", &message);
}

#[test]
fn a_key_that_is_to_be_deleted_keeps_its_state_and_returns_without_material() {
    let bench = Bench::new();
    let key = bench.external();
    bench.import(&key.id, &A, json!({}));
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id}));
    assert_eq!(state(&bench, &key.id), "PendingDeletion");
    bench.ok("CancelKeyDeletion", json!({"KeyId": key.id}));
    assert_eq!(state(&bench, &key.id), "PendingImport");
    bench.import(&key.id, &A, json!({}));
    assert_eq!(state(&bench, &key.id), "Enabled");
}

#[test]
fn new_material_waits_for_its_rotation_and_any_missing_one_stops_the_key() {
    let bench = Bench::new();
    let key = bench.external();
    let new = json!({"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialDescription": "second"});
    let first = bench.import(&key.id, &A, json!({}));
    let old_blob = bench.encrypt(&key.id);
    let none = format!("No available key material pending rotation for the key: {}.", key.arn);
    let rotate = || json!({"KeyId": key.id});
    bench.refused("RotateKeyOnDemand", rotate(), "KMSInvalidStateException", &none);
    let second = bench.import(&key.id, &B, new.clone());
    assert_eq!(bench.metadata(&key.id)["CurrentKeyMaterialId"], json!(first), "it waits");
    let third = bench.import_input(&key.id, &[0xc3; 32], new);
    let (_, body) = bench.call_as(&bench.root(), "ImportKeyMaterial", third);
    let words = body["message"].as_str().unwrap();
    assert!(words.starts_with("New key material (id: "), "{words}");
    let ending = format!(
        ") cannot be imported into KMS key {}, because another key material (id: {second}) is pending rotation.",
        key.id
    );
    assert!(words.ends_with(&ending), "{words}");
    bench.ok("RotateKeyOnDemand", rotate());
    assert_eq!(bench.metadata(&key.id)["CurrentKeyMaterialId"], json!(second));
    let new_blob = bench.encrypt(&key.id);
    assert!(bench.decrypts(&old_blob) && bench.decrypts(&new_blob));
    bench.refused("RotateKeyOnDemand", rotate(), "KMSInvalidStateException", &none);
    // The older one alone is gone: the whole key waits.
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id, "KeyMaterialId": first}));
    assert_eq!(state(&bench, &key.id), "PendingImport");
    assert!(!bench.decrypts(&new_blob));
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id}));
    bench.import(&key.id, &A, json!({}));
    assert_eq!(state(&bench, &key.id), "PendingImport", "one of two is back");
    bench.import(&key.id, &B, json!({}));
    assert!(bench.decrypts(&old_blob) && bench.decrypts(&new_blob));
    let listed = bench.ok("ListKeyRotations", rotate())["Rotations"].clone();
    assert_eq!(listed[0]["KeyMaterialDescription"], "second", "kept over a second import");
}

#[test]
fn material_that_still_waits_may_be_thrown_away() {
    let bench = Bench::new();
    let key = bench.external();
    bench.import(&key.id, &A, json!({}));
    let waiting = bench.import(&key.id, &B, json!({"ImportType": "NEW_KEY_MATERIAL"}));
    bench.ok("DeleteImportedKeyMaterial", json!({"KeyId": key.id, "KeyMaterialId": waiting}));
    assert_eq!(state(&bench, &key.id), "Enabled");
    assert_eq!(bench.rows().1, 1);
    bench.import(&key.id, &[0xc3; 32], json!({"ImportType": "NEW_KEY_MATERIAL"}));
    bench.ok("RotateKeyOnDemand", json!({"KeyId": key.id}));
}
