//! Keys used by another account, and by EBS for another account: what the key's policy or a grant says, and nothing else; who may
//! not does not learn whether there is a key; both accounts get the record.

use crate::testing::{ACCOUNT, Bench, Made, b64, unb64};
use api::trail::Record;
use serde_json::{Value, json};

const OTHER: &str = "444455556666";
const THIRD: &str = "777788889999";
const DENIED: &str = "AccessDeniedException";
/// What AWS's page on sharing an encrypted snapshot wants the other account to have.
const SHARING: [&str; 6] = [
    "kms:DescribeKey",
    "kms:CreateGrant",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncrypt*",
    "kms:Decrypt",
];

fn context() -> Value {
    json!({"aws:ebs:id": "snap-0123456789abcdef0"})
}

/// A blob that the owner made.
fn blob(bench: &Bench, key: &Made) -> Value {
    let input = json!({"KeyId": key.id, "Plaintext": b64(b"plain"), "EncryptionContext": context()});
    bench.ok("Encrypt", input)["CiphertextBlob"].clone()
}

/// The records of an operation that an account has.
fn records_of(bench: &Bench, account: &str, operation: &str) -> Vec<Record> {
    bench.records(operation).into_iter().filter(|r| r.account.as_str() == account).collect()
}

#[test]
fn the_other_account_uses_the_key_as_far_as_the_policy_says() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!(SHARING));
    let own = bench.ok_as(&bench.root_of(OTHER), "CreateKey", json!({}))["KeyMetadata"]["Arn"].clone();
    let (other, sealed) = (bench.root_of(OTHER), blob(&bench, &key));
    let opened =
        bench.ok_as(&other, "Decrypt", json!({"CiphertextBlob": sealed, "EncryptionContext": context()}));
    assert_eq!((unb64(&opened["Plaintext"]), &opened["KeyId"]), (b"plain".to_vec(), &json!(key.arn)));
    let named = json!({"CiphertextBlob": sealed, "EncryptionContext": context(), "KeyId": key.arn});
    bench.ok_as(&other, "Decrypt", named);
    let described = bench.ok_as(&other, "DescribeKey", json!({"KeyId": key.arn}))["KeyMetadata"].clone();
    assert_eq!((&described["AWSAccountId"], &described["KeyId"]), (&json!(ACCOUNT), &json!(key.id)));
    for operation in ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"] {
        bench.ok_as(&other, operation, json!({"KeyId": key.arn, "NumberOfBytes": 64}));
    }
    let moved =
        json!({"CiphertextBlob": sealed, "SourceEncryptionContext": context(), "DestinationKeyId": own});
    let moved = bench.ok_as(&other, "ReEncrypt", moved)["CiphertextBlob"].clone();
    bench.ok_as(&other, "Decrypt", json!({"CiphertextBlob": moved}));
    let back = json!({"CiphertextBlob": moved, "DestinationKeyId": key.arn});
    bench.ok_as(&other, "ReEncrypt", back);
    // Not named in the policy, or only for the owner.
    for (operation, more) in [
        ("Encrypt", json!({"Plaintext": "eA=="})),
        ("ListGrants", json!({})),
        ("GetKeyRotationStatus", json!({})),
        ("GetPublicKey", json!({})),
        ("DisableKey", json!({})),
        ("GetKeyPolicy", json!({})),
        ("ListResourceTags", json!({})),
        ("ScheduleKeyDeletion", json!({})),
    ] {
        let mut input = json!({"KeyId": key.arn});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(bench.call_as(&other, operation, input).1["__type"], DENIED, "{operation}");
    }
    // An id or an alias name means a key of the caller's own account.
    let id = json!({"KeyId": key.id});
    assert_eq!(bench.call_as(&other, "DescribeKey", id).1["__type"], "NotFoundException");
}

#[test]
fn an_alias_arn_of_the_other_account_names_the_key_to_those_whom_it_allows() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!("kms:DescribeKey"));
    bench.ok("CreateAlias", json!({"AliasName": "alias/shared", "TargetKeyId": key.id}));
    let alias = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/shared");
    let answer = bench.ok_as(&bench.root_of(OTHER), "DescribeKey", json!({"KeyId": alias}));
    assert_eq!(answer["KeyMetadata"]["Arn"], json!(key.arn));
    let third = bench.root_of(THIRD);
    let shown = |name: &str| bench.call_as(&third, "DescribeKey", json!({"KeyId": name})).1;
    let none = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/none");
    let text = shown(&alias).to_string();
    assert!(text.contains(DENIED) && !text.contains(&key.id), "{text}");
    assert_eq!(text.replace("alias/shared", "alias/none"), shown(&none).to_string());
    // Nobody makes another account's managed key, nor sees it.
    let managed = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/aws/ebs");
    assert_eq!(shown(&managed)["__type"], DENIED);
    assert_eq!(bench.rows().0, 1);
}

#[test]
fn who_may_not_hears_the_same_of_keys_that_are_there_and_that_are_not() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!("kms:*"));
    let managed = bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"].clone();
    let nothing = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let third = bench.root_of(THIRD);
    for caller in [third.clone(), third.forwarded_by_ec2(&crate::testing::region())] {
        for (operation, more) in [
            ("DescribeKey", json!({})),
            ("Encrypt", json!({"Plaintext": "eA=="})),
            ("GenerateDataKey", json!({"NumberOfBytes": 64})),
            ("CreateGrant", json!({"GranteePrincipal": third.arn(), "Operations": ["Decrypt"]})),
            ("ListGrants", json!({})),
            ("RevokeGrant", json!({"GrantId": "0".repeat(64)})),
            ("RetireGrant", json!({"GrantId": "0".repeat(64)})),
            ("DisableKey", json!({})),
        ] {
            let ask = |id: &str| {
                let arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}");
                let mut input = json!({"KeyId": arn});
                input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                let (status, body) = bench.call_as(&caller, operation, input);
                let reason = bench.last_record(operation).reason;
                (status, body.to_string().replace(id, "ID"), reason)
            };
            let absent = ask(nothing);
            assert_eq!(absent.0, 400, "{operation}");
            assert_eq!(ask(&key.id), absent, "{operation}");
            assert_eq!(ask(managed["KeyId"].as_str().unwrap()), absent, "{operation}");
        }
    }
    for operation in ["DescribeKey", "Encrypt", "ListGrants"] {
        assert!(records_of(&bench, ACCOUNT, operation).iter().all(|r| r.body["errorCode"].is_null()));
    }
}

#[test]
fn the_managed_key_is_never_for_others_whatever_way_they_come() {
    let bench = Bench::new();
    let ec2 = bench.through_ec2();
    let input = json!({"KeyId": "alias/aws/ebs", "NumberOfBytes": 64, "EncryptionContext": context()});
    let made = bench.ok_as(&ec2, "GenerateDataKeyWithoutPlaintext", input);
    let other = bench.root_of(OTHER);
    for caller in [other.clone(), other.forwarded_by_ec2(&crate::testing::region())] {
        let decrypt = json!({"CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": context()});
        assert_eq!(bench.call_as(&caller, "Decrypt", decrypt.clone()).1["__type"], DENIED);
        let mut named = decrypt;
        named["KeyId"] = made["KeyId"].clone();
        assert_eq!(bench.call_as(&caller, "Decrypt", named).1["__type"], DENIED);
    }
}

#[test]
fn via_service_and_grant_conditions_are_for_calls_that_ec2_forwards() {
    let bench = Bench::new();
    let own = json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"});
    let conditional = |actions: Value, condition: Value| json!({"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": actions, "Resource": "*", "Condition": condition});
    let statements = json!([
        own,
        conditional(
            json!("kms:GenerateDataKey*"),
            json!({"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com", "kms:CallerAccount": OTHER}})
        ),
        conditional(
            json!(["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]),
            json!({"Bool": {"kms:GrantIsForAWSResource": "true"}})
        ),
        conditional(
            json!("kms:Decrypt"),
            json!({"StringEquals": {"kms:EncryptionContext:aws:ebs:id": "snap-0123456789abcdef0"}})
        ),
    ]);
    let key = bench.create_key_with(json!({"Policy": json!({"Statement": statements}).to_string()}));
    let direct = bench.root_of(OTHER);
    let forwarded = direct.forwarded_by_ec2(&crate::testing::region());
    let grant = json!({
        "KeyId": key.arn, "GranteePrincipal": "ebs.amazonaws.com", "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextEquals": context()},
    });
    for (operation, input) in [
        ("GenerateDataKeyWithoutPlaintext", json!({"KeyId": key.arn, "NumberOfBytes": 64})),
        ("GenerateDataKey", json!({"KeyId": key.arn, "NumberOfBytes": 64})),
        ("CreateGrant", grant),
        ("ListGrants", json!({"KeyId": key.arn})),
    ] {
        assert_eq!(bench.call_as(&direct, operation, input.clone()).1["__type"], DENIED, "{operation}");
        bench.ok_as(&forwarded, operation, input.clone());
        bench.ok_as(&direct.forwarded_by_ebs(&crate::testing::region()), operation, input);
    }
    let sealed = blob(&bench, &key);
    bench.ok_as(&direct, "Decrypt", json!({"CiphertextBlob": sealed, "EncryptionContext": context()}));
    for wrong in [json!({}), json!({"aws:ebs:id": "snap-1"}), json!({"id": "snap-0123456789abcdef0"})] {
        let input = json!({"CiphertextBlob": sealed, "EncryptionContext": wrong});
        assert_eq!(bench.call_as(&direct, "Decrypt", input).1["__type"], DENIED, "{wrong}");
    }
}

#[test]
fn a_policy_s_condition_on_the_context_binds_the_grants_that_are_made() {
    let bench = Bench::new();
    let own = json!({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"});
    let share = json!({
        "Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:CreateGrant", "Resource": "*",
        "Condition": {"StringLike": {"kms:EncryptionContext:aws:ebs:id": "snap-*"}},
    });
    let key = bench.create_key_with(json!({"Policy": json!({"Statement": [own, share]}).to_string()}));
    let other = bench.root_of(OTHER);
    let create = |constraints: Value| {
        let input = json!({
            "KeyId": key.arn, "GranteePrincipal": "ebs.amazonaws.com", "Operations": ["Decrypt"], "Constraints": constraints,
        });
        bench.call_as(&other, "CreateGrant", input).1["__type"].clone()
    };
    for kind in ["EncryptionContextEquals", "EncryptionContextSubset"] {
        assert_eq!(create(json!({kind: context()})), Value::Null, "{kind}");
        for wrong in [json!({}), json!({"aws:ebs:id": "vol-1"}), json!({"id": "snap-1"})] {
            assert_eq!(create(json!({kind: wrong})), DENIED, "{kind} {wrong}");
        }
    }
    assert_eq!(create(Value::Null), DENIED);
    assert_eq!(bench.rows().3, 2);
}

#[test]
fn a_grant_to_the_other_account_s_root_is_enough() {
    let bench = Bench::new();
    let key = bench.create_key();
    let other = bench.root_of(OTHER);
    let sealed = blob(&bench, &key);
    let decrypt = json!({"CiphertextBlob": sealed, "EncryptionContext": context()});
    assert_eq!(bench.call_as(&other, "Decrypt", decrypt.clone()).1["__type"], DENIED);
    let grant = json!({
        "KeyId": key.id, "GranteePrincipal": other.arn(), "Operations": ["Decrypt", "RetireGrant"],
        "Constraints": {"EncryptionContextEquals": context()},
    });
    let made = bench.ok("CreateGrant", grant);
    let mut with_token = decrypt.clone();
    with_token["GrantTokens"] = json!([made["GrantToken"]]);
    bench.ok_as(&other, "Decrypt", with_token);
    bench.ok_as(&other, "Decrypt", decrypt.clone());
    let mut wider = decrypt.clone();
    wider["EncryptionContext"]["more"] = json!("x");
    assert_eq!(bench.call_as(&other, "Decrypt", wider).1["__type"], DENIED);
    assert_eq!(bench.call_as(&bench.root_of(THIRD), "Decrypt", decrypt.clone()).1["__type"], DENIED);
    assert_eq!(
        bench.call_as(&other, "Encrypt", json!({"KeyId": key.arn, "Plaintext": "eA=="})).1["__type"],
        DENIED
    );
    // The grantee ends it; a stranger finds no such grant, by token or by id.
    let by_id = json!({"KeyId": key.arn, "GrantId": made["GrantId"]});
    for input in [by_id.clone(), json!({"GrantToken": made["GrantToken"]})] {
        let gone = bench.call_as(&bench.root_of(THIRD), "RetireGrant", input).1;
        assert_eq!(gone["__type"], "NotFoundException");
    }
    bench.ok_as(&other, "RetireGrant", by_id);
    assert_eq!(bench.call_as(&other, "Decrypt", decrypt).1["__type"], DENIED);
}

#[test]
fn grants_that_the_other_account_makes_are_issued_and_retired_by_it_and_revoked_by_the_owner() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!("kms:CreateGrant"));
    let other = bench.root_of(OTHER);
    let grant = json!({"KeyId": key.arn, "GranteePrincipal": "ebs.amazonaws.com", "Operations": ["Decrypt"]});
    let first = bench.ok_as(&other, "CreateGrant", grant.clone());
    let second = bench.ok_as(&other, "CreateGrant", grant);
    let listed = bench.ok("ListGrants", json!({"KeyId": key.id}))["Grants"].clone();
    assert_eq!(listed[0]["IssuingAccount"], json!(other.arn()));
    assert_eq!(bench.call_as(&other, "ListGrants", json!({"KeyId": key.arn})).1["__type"], DENIED);
    let revoke = json!({"KeyId": key.arn, "GrantId": second["GrantId"]});
    assert_eq!(bench.call_as(&other, "RevokeGrant", revoke.clone()).1["__type"], DENIED);
    bench.ok_as(&other, "RetireGrant", json!({"GrantToken": first["GrantToken"]}));
    bench.ok("RevokeGrant", revoke);
    assert_eq!(bench.rows().3, 0);
}

#[test]
fn ebs_works_for_either_account_under_its_grant_and_retires_it() {
    for account in [ACCOUNT, OTHER] {
        let bench = Bench::new();
        let (from, to) = (bench.create_key(), bench.create_key());
        let (ebs, sealed) = (bench.ebs_for(account), blob(&bench, &from));
        let decrypt = json!({"CiphertextBlob": sealed, "EncryptionContext": context()});
        bench.refused_because(
            &ebs,
            "Decrypt",
            decrypt.clone(),
            DENIED,
            "no grant on this key names the caller",
        );
        let grant = |key: &Made, operations: Value| {
            let input = json!({
                "KeyId": key.id, "GranteePrincipal": "ebs.amazonaws.com", "RetiringPrincipal": "ebs.amazonaws.com",
                "Operations": operations, "Constraints": {"EncryptionContextEquals": context()},
            });
            bench.ok("CreateGrant", input)
        };
        let made = grant(&from, json!(["Decrypt", "ReEncryptFrom"]));
        let opened = bench.ok_as(&ebs, "Decrypt", decrypt.clone());
        assert_eq!(unb64(&opened["Plaintext"]), b"plain");
        let mut tokened = decrypt.clone();
        tokened["GrantTokens"] = json!([made["GrantToken"]]);
        tokened["KeyId"] = json!(from.arn);
        bench.ok_as(&ebs, "Decrypt", tokened);
        let encrypt = json!({"KeyId": to.arn, "Plaintext": "eA==", "EncryptionContext": context()});
        bench.refused_because(&ebs, "Encrypt", encrypt.clone(), DENIED, "no grant");
        let re_encrypt = json!({
            "CiphertextBlob": sealed, "SourceEncryptionContext": context(),
            "DestinationKeyId": to.arn, "DestinationEncryptionContext": context(),
        });
        assert!(
            bench.call_as(&ebs, "ReEncrypt", re_encrypt.clone()).1["message"]
                .as_str()
                .unwrap()
                .contains("ReEncryptTo")
        );
        grant(&to, json!(["Encrypt", "ReEncryptTo"]));
        bench.ok_as(&ebs, "Encrypt", encrypt.clone());
        bench.ok_as(&ebs, "ReEncrypt", re_encrypt.clone());
        // Not with more, less or another encryption context, and nothing beyond the operations.
        for wrong in [
            json!({}),
            json!({"aws:ebs:id": "vol-1"}),
            json!({"aws:ebs:id": "snap-0123456789abcdef0", "b": "c"}),
        ] {
            let mut bad = encrypt.clone();
            bad["EncryptionContext"] = wrong;
            bench.refused_because(&ebs, "Encrypt", bad, DENIED, "not with this encryption context");
        }
        bench.refused_because(
            &ebs,
            "DescribeKey",
            json!({"KeyId": to.arn}),
            DENIED,
            "none includes DescribeKey",
        );
        let foreign = bench.call_as(&ebs, "DisableKey", json!({"KeyId": to.arn})).1;
        assert_eq!(foreign["__type"], DENIED);
        bench.ok_as(&ebs, "RetireGrant", json!({"GrantToken": made["GrantToken"]}));
        bench.refused_because(&ebs, "Decrypt", decrypt, DENIED, "no grant on this key names the caller");
    }
}

#[test]
fn a_disabled_shared_key_says_so_to_those_who_may_use_it() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!(SHARING));
    let sealed = blob(&bench, &key);
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    let decrypt = json!({"CiphertextBlob": sealed, "EncryptionContext": context()});
    let message = format!("{} is disabled.", key.arn);
    bench.refused_as(&bench.root_of(OTHER), "Decrypt", decrypt.clone(), "DisabledException", &message);
    assert_eq!(bench.call_as(&bench.root_of(THIRD), "Decrypt", decrypt).1["__type"], DENIED);
    // A failed use is a use: the owner gets its record, with the error.
    let owner = records_of(&bench, ACCOUNT, "Decrypt");
    assert_eq!(
        owner.iter().map(|r| r.body["errorCode"].clone()).collect::<Vec<_>>(),
        [json!("DisabledException")]
    );
}

#[test]
fn both_accounts_get_the_record_and_a_denied_call_only_the_caller_s() {
    let bench = Bench::new();
    let key = bench.shared_key(OTHER, json!(SHARING));
    let other = bench.root_of(OTHER).forwarded_by_ec2(&crate::testing::region());
    let input = json!({"KeyId": key.arn, "NumberOfBytes": 64, "EncryptionContext": context()});
    bench.ok_as(&other, "GenerateDataKeyWithoutPlaintext", input);
    let one = |account| {
        let mut all = records_of(&bench, account, "GenerateDataKeyWithoutPlaintext");
        assert_eq!(all.len(), 1, "{account}");
        all.remove(0)
    };
    let (callers, owners) = (one(OTHER), one(ACCOUNT));
    assert!(callers.body["sharedEventID"].is_string());
    assert_eq!(callers.body["sharedEventID"], owners.body["sharedEventID"]);
    assert_ne!(callers.body["eventID"], owners.body["eventID"]);
    assert_eq!(callers.body["requestID"], owners.body["requestID"]);
    assert_eq!(
        (&callers.body["recipientAccountId"], &owners.body["recipientAccountId"]),
        (&json!(OTHER), &json!(ACCOUNT))
    );
    assert_eq!(callers.body["userIdentity"]["type"], "Root");
    assert_eq!(
        owners.body["userIdentity"],
        json!({"type": "AWSAccount", "principalId": OTHER, "accountId": OTHER, "invokedBy": "ec2-frontend-api.amazonaws.com"})
    );
    assert_eq!(
        owners.body["resources"][0],
        json!({"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key.arn})
    );
    assert!(!owners.body.to_string().contains("AKIATEST") && owners.access_key_id.is_none());
    // Between two accounts' keys the source's owner and the caller are told, once each.
    let mine = bench.ok_as(&bench.root_of(OTHER), "CreateKey", json!({}))["KeyMetadata"]["Arn"].clone();
    let moved = json!({"CiphertextBlob": blob(&bench, &key), "SourceEncryptionContext": context(), "DestinationKeyId": mine});
    bench.ok_as(&other, "ReEncrypt", moved);
    assert_eq!(
        (records_of(&bench, OTHER, "ReEncrypt").len(), records_of(&bench, ACCOUNT, "ReEncrypt").len()),
        (1, 1)
    );
    // Denied: the first half of a ReEncrypt was allowed, the whole was not.
    let third = bench.create_key();
    let denied = json!({"CiphertextBlob": blob(&bench, &key), "SourceEncryptionContext": context(), "DestinationKeyId": third.arn});
    assert_eq!(bench.call_as(&other, "ReEncrypt", denied).1["__type"], DENIED);
    assert_eq!(
        (records_of(&bench, OTHER, "ReEncrypt").len(), records_of(&bench, ACCOUNT, "ReEncrypt").len()),
        (2, 1)
    );
    // In one's own account there is one record, shared with nobody.
    bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="}));
    assert!(bench.last_record("Encrypt").body["sharedEventID"].is_null());
}

#[test]
fn ebs_makes_and_opens_64_byte_data_keys_of_the_managed_key() {
    let bench = Bench::new();
    let region = crate::testing::region();
    for caller in [bench.root().forwarded_by_ebs(&region), bench.root().forwarded_by_ebs_copy(&region)] {
        let input = json!({"KeyId": "alias/aws/ebs", "NumberOfBytes": 64, "EncryptionContext": context()});
        let with = bench.ok_as(&caller, "GenerateDataKey", input.clone());
        assert_eq!(unb64(&with["Plaintext"]).len(), 64);
        let without = bench.ok_as(&caller, "GenerateDataKeyWithoutPlaintext", input);
        assert_eq!(without["Plaintext"], Value::Null);
        for made in [with, without] {
            let decrypt = json!({
                "KeyId": made["KeyId"], "CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": context(),
            });
            assert_eq!(unb64(&bench.ok_as(&caller, "Decrypt", decrypt)["Plaintext"]).len(), 64);
        }
        let record = bench.last_record("GenerateDataKey").body;
        assert_eq!(record["userIdentity"]["invokedBy"], record["sourceIPAddress"]);
    }
    let direct = json!({"KeyId": "alias/aws/ebs", "NumberOfBytes": 64});
    bench.refused_because(&bench.root(), "GenerateDataKey", direct, DENIED, "this call came directly");
}
