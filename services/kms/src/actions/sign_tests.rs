//! Tests of Sign.

use crate::testing::{Bench, b64, unb64};
use serde_json::{Value, json};

fn key(bench: &Bench, spec: &str) -> crate::testing::Made {
    bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": "SIGN_VERIFY"}))
}

fn input(key: &str, message: &[u8], kind: &str, algorithm: &str) -> Value {
    json!({"KeyId": key, "Message": b64(message), "MessageType": kind, "SigningAlgorithm": algorithm})
}

#[test]
fn every_algorithm_that_a_key_lists_signs_and_verifies() {
    let bench = Bench::new();
    for spec in [
        "RSA_2048",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
        "ECC_NIST_EDWARDS25519",
        "ML_DSA_44",
    ] {
        let key = key(&bench, spec);
        let listed = bench.ok("GetPublicKey", json!({"KeyId": key.id}))["SigningAlgorithms"].clone();
        let described = bench.ok("DescribeKey", json!({"KeyId": key.id}));
        assert_eq!(described["KeyMetadata"]["SigningAlgorithms"], listed, "{spec}");
        for algorithm in listed.as_array().unwrap() {
            let name = algorithm.as_str().unwrap();
            let digest = name == "ED25519_PH_SHA_512";
            let kind = if digest { "DIGEST" } else { "RAW" };
            let mut call = input(&key.id, &[7; 64], kind, name);
            let answer = bench.ok("Sign", call.clone());
            assert_eq!((&answer["KeyId"], &answer["SigningAlgorithm"]), (&json!(key.arn), algorithm));
            call["Signature"] = answer["Signature"].clone();
            assert_eq!(bench.ok("Verify", call)["SignatureValid"], true, "{spec} {name}");
        }
    }
}

#[test]
fn a_digest_is_signed_as_its_message_and_has_the_algorithms_length() {
    let bench = Bench::new();
    let (rsa, p384) = (key(&bench, "RSA_2048"), key(&bench, "ECC_NIST_P384"));
    // SHA-256 of "abc" (FIPS 180-4).
    let digest = [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0,
        0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    ];
    let made = bench.ok("Sign", input(&rsa.id, &digest, "DIGEST", "RSASSA_PKCS1_V1_5_SHA_256"));
    // RSASSA-PKCS1-v1_5 is deterministic.
    let of_message = bench.ok("Sign", input(&rsa.id, b"abc", "RAW", "RSASSA_PKCS1_V1_5_SHA_256"));
    assert_eq!(made["Signature"], of_message["Signature"]);
    assert_eq!(unb64(&made["Signature"]).len(), 256);
    for (key, algorithm, bytes) in [
        (&rsa, "RSASSA_PKCS1_V1_5_SHA_256", 31),
        (&rsa, "RSASSA_PKCS1_V1_5_SHA_512", 32),
        (&rsa, "RSASSA_PSS_SHA_256", 33),
        (&rsa, "RSASSA_PSS_SHA_384", 64),
        (&rsa, "RSASSA_PSS_SHA_512", 1),
        (&p384, "ECDSA_SHA_384", 32),
    ] {
        let message = format!("Digest is invalid length for algorithm {algorithm}.");
        let call = input(&key.id, &vec![1; bytes], "DIGEST", algorithm);
        bench.refused("Sign", call, "ValidationException", &message);
    }
}

#[test]
fn algorithms_of_other_keys_are_refused() {
    let bench = Bench::new();
    let (rsa, p256) = (key(&bench, "RSA_2048"), key(&bench, "ECC_NIST_P256"));
    for (key, spec, algorithm) in [
        (&rsa, "RSA_2048", "ECDSA_SHA_256"),
        (&rsa, "RSA_2048", "SM2DSA"),
        (&p256, "ECC_NIST_P256", "ECDSA_SHA_384"),
        (&p256, "ECC_NIST_P256", "RSASSA_PSS_SHA_256"),
        (&p256, "ECC_NIST_P256", "ED25519_SHA_512"),
        (&p256, "ECC_NIST_P256", "ML_DSA_SHAKE_256"),
    ] {
        let message = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
        let call = input(&key.id, b"m", "RAW", algorithm);
        bench.refused("Sign", call, "InvalidKeyUsageException", &message);
    }
}

#[test]
fn keys_of_other_usages_do_not_sign() {
    let bench = Bench::new();
    for (spec, usage) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ] {
        let key = bench.create_key_with(json!({"KeySpec": spec, "KeyUsage": usage}));
        let message = format!("{} key usage is {usage} which is not valid for Sign.", key.arn);
        let call = input(&key.id, b"m", "RAW", "RSASSA_PSS_SHA_256");
        bench.refused("Sign", call, "InvalidKeyUsageException", &message);
    }
}

#[test]
fn message_types_and_lengths_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    let (ed, p256) = (key(&bench, "ECC_NIST_EDWARDS25519"), key(&bench, "ECC_NIST_P256"));
    for (key, kind, algorithm) in [
        (&ed, "DIGEST", "ED25519_SHA_512"),
        (&ed, "RAW", "ED25519_PH_SHA_512"),
        (&p256, "EXTERNAL_MU", "ECDSA_SHA_256"),
    ] {
        let message = format!("MessageType {kind} is not compatible with SigningAlgorithm {algorithm}.");
        let call = input(&key.id, &[1; 64], kind, algorithm);
        bench.refused("Sign", call, "ValidationException", &message);
    }
    bench.ok("Sign", input(&p256.id, &[1; 4096], "RAW", "ECDSA_SHA_256"));
    for bad in [
        input(&p256.id, &[1; 4097], "RAW", "ECDSA_SHA_256"),
        input(&p256.id, &[], "RAW", "ECDSA_SHA_256"),
        input(&p256.id, b"m", "COOKED", "ECDSA_SHA_256"),
        input(&p256.id, b"m", "RAW", "ECDSA_SHA_1"),
    ] {
        let (_, body) = bench.call_as(&bench.root(), "Sign", bad.clone());
        assert_eq!(body["__type"], "ValidationException", "{bad}");
    }
}

#[test]
fn state_and_dry_run_are_as_for_other_uses() {
    let bench = Bench::new();
    let key = key(&bench, "ECC_NIST_P256");
    let mut call = input(&key.id, b"m", "RAW", "ECDSA_SHA_256");
    call["DryRun"] = json!(true);
    let would = "The request would have succeeded, but the DryRun option is set.";
    bench.refused("Sign", call.clone(), "DryRunOperationException", would);
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    bench.refused("Sign", call, "DisabledException", &format!("{} is disabled.", key.arn));
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
    let message = format!("{} is pending deletion.", key.arn);
    let call = input(&key.id, b"m", "RAW", "ECDSA_SHA_256");
    bench.refused("Sign", call, "KMSInvalidStateException", &message);
}

#[test]
fn the_record_shows_what_was_asked_and_neither_message_nor_signature() {
    let bench = Bench::new();
    let key = key(&bench, "ECC_NIST_P256");
    let call = json!({"KeyId": key.id, "Message": b64(b"the message"), "SigningAlgorithm": "ECDSA_SHA_256"});
    bench.ok("Sign", call);
    let record = bench.last_record("Sign").body;
    assert_eq!(
        record["requestParameters"],
        json!({"keyId": key.id, "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256"})
    );
    assert_eq!((&record["responseElements"], &record["readOnly"]), (&Value::Null, &json!(true)));
    assert_eq!(record["resources"][0]["ARN"], json!(key.arn));
}
