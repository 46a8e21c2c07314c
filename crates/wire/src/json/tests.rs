//! Tests of the JSON reader and writer: AWS's texts for every kind of violation, and escaping that any reader undoes.

use super::*;
use crate::blob::{Blob, SecretBlob};
use crate::call::Call;
use crate::generated::kms::*;
use crate::{Input, Output};
use base::{Refusal, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn call(body: &str) -> Call {
    Call { body: body.to_owned().into(), ..Call::default() }
}

fn refused<T: Input>(body: Value) -> Refusal {
    match T::decode(&call(&body.to_string())) {
        Ok(_) => panic!("{body} was accepted"),
        Err(refusal) => refusal,
    }
}

/// The violation of a request that breaks one rule.
fn violation<T: Input>(body: Value) -> String {
    let refusal = refused::<T>(body);
    assert_eq!(refusal.code, "ValidationException");
    refusal.message.strip_prefix("1 validation error detected: ").unwrap().to_owned()
}

#[test]
fn every_violation_has_awss_text() {
    let key = "k";
    assert_eq!(
        violation::<DescribeKeyInput>(json!({})),
        "Value null at 'keyId' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        violation::<DescribeKeyInput>(json!({ "KeyId": null })),
        violation::<DescribeKeyInput>(json!({}))
    );
    assert_eq!(
        violation::<DescribeKeyInput>(json!({ "KeyId": "" })),
        "Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
    for (bytes, limit) in [(0, "greater than or equal to 1"), (1025, "less than or equal to 1024")] {
        assert_eq!(
            violation::<GenerateDataKeyInput>(json!({ "KeyId": key, "NumberOfBytes": bytes })),
            format!(
                "Value '{bytes}' at 'numberOfBytes' failed to satisfy constraint: Member must have value {limit}"
            )
        );
    }
    assert_eq!(
        violation::<CreateKeyInput>(json!({ "KeyUsage": "RANDOM" })),
        "Value 'RANDOM' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: \
         [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]"
    );
    assert_eq!(
        violation::<CreateAliasInput>(json!({ "AliasName": "alias/a b", "TargetKeyId": key })),
        "Value 'alias/a b' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression \
         pattern: ^[a-zA-Z0-9:/_-]+$"
    );
    assert_eq!(
        violation::<CreateKeyInput>(
            json!({ "Tags": [{ "TagKey": "a", "TagValue": "" }, { "TagKey": "" , "TagValue": "" }] })
        ),
        "Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or \
         equal to 1"
    );
    assert_eq!(
        violation::<CreateKeyInput>(json!({ "Tags": [{ "TagKey": "a" }] })),
        "Value null at 'tags.1.member.tagValue' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn lists_of_plain_values_are_reported_as_a_whole() {
    let grant =
        |operations: Value| json!({ "KeyId": "k", "GranteePrincipal": "p", "Operations": operations });
    let told = violation::<CreateGrantInput>(grant(json!(["Decrypt", "Fly"])));
    assert!(told.starts_with(
        "Value '[Decrypt, Fly]' at 'operations' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must satisfy enum value set: [Decrypt, Encrypt, "
    ));
    let tokens: Vec<&str> = vec!["t"; 11];
    assert_eq!(
        violation::<DescribeKeyInput>(json!({ "KeyId": "k", "GrantTokens": tokens })),
        "Value '[t, t, t, t, t, t, t, t, t, t, t]' at 'grantTokens' failed to satisfy constraint: Member must have \
         length less than or equal to 10"
    );
    assert!(violation::<CreateGrantInput>(grant(json!([null]))).contains("'operations.1.member'"));
}

#[test]
fn secrets_and_blobs_are_never_shown() {
    let encrypt = |bytes: usize| json!({ "KeyId": "k", "Plaintext": base64(&vec![7; bytes]) });
    assert_eq!(
        violation::<EncryptInput>(encrypt(4097)),
        "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
    );
    assert!(violation::<EncryptInput>(encrypt(0)).starts_with("Value at 'plaintext' failed"));
    let decrypt = json!({ "CiphertextBlob": base64(&[1; 6145]) });
    assert!(violation::<DecryptInput>(decrypt).starts_with("Value at 'ciphertextBlob' failed"));
    let input = EncryptInput::decode(&call(&encrypt(4096).to_string())).unwrap();
    assert_eq!(input.plaintext.expose(), [7; 4096]);
    assert_eq!(input.trail(), json!({ "keyId": "k" }));
    for wrong in [json!(1), json!("not base64!"), json!("QUI"), json!({}), json!([1])] {
        let refusal = refused::<EncryptInput>(json!({ "KeyId": "k", "Plaintext": wrong }));
        assert_eq!(refusal.code, "SerializationException");
        assert!(!format!("{refusal:?}").contains("not base64!"));
    }
}

#[test]
fn several_violations_are_told_at_once() {
    let refusal = refused::<CreateAliasInput>(json!({ "AliasName": "" }));
    assert_eq!(
        refusal.message,
        "3 validation errors detected: Value '' at 'aliasName' failed to satisfy constraint: Member must have length \
         greater than or equal to 1; Value '' at 'aliasName' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^[a-zA-Z0-9:/_-]+$; Value null at 'targetKeyId' failed to satisfy constraint: \
         Member must not be null"
    );
    let many: Vec<Value> = vec![json!({}); 5000];
    let refusal = refused::<TagResourceInput>(json!({ "KeyId": "k", "Tags": many }));
    assert!(
        refusal.message.starts_with("100 validation errors detected: "),
        "an answer must not outgrow its request"
    );
}

#[test]
fn wrong_types_and_bad_json_are_serialization_exceptions() {
    for body in ["{", "[]", "1", "null", "\"x\"", "{\"KeyId\":\"\\ud800\"}", "\u{0}", &"[".repeat(100_000)] {
        match DescribeKeyInput::decode(&call(body)) {
            Err(refusal) => assert_eq!(refusal.code, "SerializationException", "{body}"),
            Ok(_) => panic!("{body}"),
        }
    }
    for (member, value, told) in [
        ("KeyId", json!(1), "NUMBER_VALUE can not be converted to String"),
        ("KeyId", json!(true), "TRUE_VALUE can not be converted to String"),
        ("KeyId", json!({}), "Start of structure or map found where not expected."),
        ("NumberOfBytes", json!("1"), "STRING_VALUE can not be converted to Integer"),
        ("NumberOfBytes", json!(1.5), "NUMBER_VALUE can not be converted to Integer"),
        ("NumberOfBytes", json!(3_000_000_000_u64), "NUMBER_VALUE can not be converted to Integer"),
        ("DryRun", json!("true"), "STRING_VALUE can not be converted to Boolean"),
        ("GrantTokens", json!("t"), "STRING_VALUE can not be converted to a list"),
        ("GrantTokens", json!([1]), "NUMBER_VALUE can not be converted to String"),
        ("EncryptionContext", json!([]), "Start of structure or map found where not expected."),
        ("EncryptionContext", json!({ "a": 1 }), "NUMBER_VALUE can not be converted to String"),
        ("Recipient", json!("r"), "STRING_VALUE can not be converted to a structure"),
    ] {
        let refusal = refused::<GenerateDataKeyInput>(json!({ "KeyId": "k", member: value }));
        assert_eq!(
            (refusal.code.as_ref(), refusal.message.as_str()),
            ("SerializationException", told),
            "{member}"
        );
    }
    let refusal =
        refused::<GenerateDataKeyInput>(json!({ "KeyId": "k", "EncryptionContext": { "a": null } }));
    assert_eq!(refusal.code, "ValidationException");
}

#[test]
fn unknown_members_are_ignored_and_no_body_is_an_empty_object() {
    assert_eq!(ListKeysInput::decode(&call("")).unwrap(), ListKeysInput::default());
    let input =
        ListKeysInput::decode(&call("{\"Limit\":5,\"Nonsense\":[{\"a\":1}],\"Marker\":null}")).unwrap();
    assert_eq!(input, ListKeysInput { limit: Some(5), ..ListKeysInput::default() });
}

#[test]
fn outputs_are_written_without_absent_members() {
    let output = GenerateDataKeyOutput {
        ciphertext_blob: Some(Blob(vec![0xfb, 0xff])),
        plaintext: Some(SecretBlob::new(vec![1; 64])),
        key_id: Some("arn:\"k\"\n".into()),
        ..GenerateDataKeyOutput::default()
    };
    let reply = output.encode("r-1");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers[0], ("x-amzn-requestid", "r-1".to_owned()));
    assert_eq!(reply.headers[1], ("content-type", "application/x-amz-json-1.1".to_owned()));
    let expected = format!(
        "{{\"CiphertextBlob\":\"+/8=\",\"Plaintext\":\"{}\",\"KeyId\":\"arn:\\\"k\\\"\\n\"}}",
        base64(&[1; 64])
    );
    assert_eq!(reply.body, expected);
    assert_eq!(output.trail(), json!({ "keyId": "arn:\"k\"\n" }), "no secret and no blob in the trail");
    assert_eq!(EnableKeyOutput {}.encode("r").body, "", "an operation without output answers nothing");
    assert_eq!(ListKeysOutput::default().encode("r").body, "{}");
}

#[test]
fn moments_are_numbers_on_the_wire_and_text_in_the_trail() {
    let deletion_date = Some(Timestamp::from_millis(1_718_000_000_123));
    let output = ScheduleKeyDeletionOutput { deletion_date, ..ScheduleKeyDeletionOutput::default() };
    assert_eq!(output.encode("r").body, "{\"DeletionDate\":1718000000.123}");
    assert_eq!(output.trail(), json!({ "deletionDate": "2024-06-10T06:13:20.123Z" }));
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

proptest! {
    #[test]
    fn any_text_is_read_back_by_another_reader(map in proptest::collection::btree_map(".*", ".*", 0..8)) {
        let mut writer = Writer::default();
        map.to_json(&mut writer);
        let back: BTreeMap<String, String> = serde_json::from_slice(&writer.finish()).unwrap();
        prop_assert_eq!(back, map);
    }

    #[test]
    fn a_buffer_that_grows_loses_nothing(blobs in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..900), 0..20)) {
        let mut writer = Writer::default();
        blobs.iter().map(|blob| Blob(blob.clone())).collect::<Vec<_>>().to_json(&mut writer);
        let back: Vec<String> = serde_json::from_slice(&writer.finish()).unwrap();
        prop_assert_eq!(back, blobs.iter().map(|blob| base64(blob)).collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = CreateGrantInput::decode(&Call { body: bytes.into(), ..Call::default() });
    }
}
