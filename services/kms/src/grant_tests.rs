//! Grants through the door: to every kind of grantee, handed on, retired by everyone entitled, counted, and found at once however
//! many there are.

use crate::grant_rows::{GRANTS_PER_SLOT, SLOTS};
use crate::rows::{Grant, GrantSlot, Key};
use crate::testing::{ACCOUNT, Bench, Made, b64, text};
use crate::testing_people::allow;
use api::Caller;
use base::AccountId;
use serde_json::{Value, json};

const OTHER: &str = "444455556666";
const DENIED: &str = "AccessDeniedException";

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn granted(bench: &Bench, key: &Made, more: Value) -> (String, String) {
    let mut input = json!({"KeyId": key.arn, "Operations": ["Decrypt"]});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = bench.ok("CreateGrant", input);
    (text(&made["GrantId"]), text(&made["GrantToken"]))
}

fn may_decrypt(bench: &Bench, caller: &Caller, key: &Made) -> bool {
    let sealed = bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": b64(b"x")}));
    let input = json!({"CiphertextBlob": sealed["CiphertextBlob"], "KeyId": key.arn});
    bench.call_as(caller, "Decrypt", input).0 == 200
}

#[test]
fn a_grant_works_for_the_grantee_of_every_kind_and_for_nobody_else() {
    let bench = Bench::new();
    for account in [ACCOUNT, OTHER] {
        let user = bench.user(account, "ann", Value::Null);
        let role = bench.role(account, "worker", Value::Null);
        let trusted = bench.user(account, "bob", json!([allow("kms:Decrypt")]));
        let grantees = [
            (user.arn(), vec![&user]),
            (role.arn(), vec![&role]),
            (Bench::role_arn(&role), vec![&role]),
            // What is given to an account goes through its IAM policies.
            (root(account), vec![&trusted]),
        ];
        for (grantee, may) in grantees {
            let key = bench.create_key_with(json!({"Policy": json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": root(ACCOUNT)}, "Action": "kms:*", "Resource": "*",
                 "Condition": {"StringEquals": {"aws:PrincipalArn": root(ACCOUNT)}}}]}).to_string()}));
            granted(&bench, &key, json!({"GranteePrincipal": grantee}));
            for caller in [&user, &role, &trusted] {
                let expected = may.iter().any(|one| one.arn() == caller.arn());
                assert_eq!(may_decrypt(&bench, caller, &key), expected, "{grantee} {}", caller.arn());
            }
        }
    }
}

#[test]
fn a_grantee_must_exist() {
    let bench = Bench::new();
    let key = bench.create_key();
    bench.role(ACCOUNT, "worker", Value::Null);
    for nobody in [
        "arn:aws:iam::111122223333:role/nobody",
        "arn:aws:iam::111122223333:user/worker",
        "arn:aws:sts::111122223333:assumed-role/nobody/s",
        "arn:aws:iam::999999999999:root",
    ] {
        for member in ["GranteePrincipal", "RetiringPrincipal"] {
            let mut input =
                json!({"KeyId": key.arn, "Operations": ["Decrypt"], "GranteePrincipal": root(ACCOUNT)});
            input[member] = json!(nobody);
            let message = format!("ARN does not refer to a valid principal: {nobody}");
            bench.refused("CreateGrant", input, "InvalidArnException", &message);
        }
    }
    assert_eq!(bench.rows().3, 0);
}

#[test]
fn a_user_s_grant_is_handed_on_within_itself_only() {
    let bench = Bench::new();
    let key = bench.create_key();
    let (user, role) = (bench.user(ACCOUNT, "ann", Value::Null), bench.role(ACCOUNT, "worker", Value::Null));
    // Two grants, of which one allows each child.
    granted(
        &bench,
        &key,
        json!({"GranteePrincipal": user.arn(), "Operations": ["CreateGrant", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "1"}}}),
    );
    granted(&bench, &key, json!({"GranteePrincipal": user.arn(), "Operations": ["CreateGrant", "Encrypt"]}));
    let child = |operations: Value, constraints: Value| {
        let input = json!({"KeyId": key.arn, "GranteePrincipal": role.arn(), "Operations": operations,
            "Constraints": constraints});
        bench.call_as(&user, "CreateGrant", input).1["__type"].clone()
    };
    assert_eq!(child(json!(["Decrypt"]), json!({"EncryptionContextEquals": {"a": "1"}})), Value::Null);
    assert_eq!(child(json!(["Encrypt"]), json!({})), Value::Null);
    assert_eq!(child(json!(["Encrypt", "CreateGrant"]), json!({})), Value::Null);
    assert_eq!(child(json!(["Decrypt"]), json!({})), DENIED);
    assert_eq!(child(json!(["Encrypt", "Decrypt"]), json!({"EncryptionContextEquals": {"a": "1"}})), DENIED);
    assert_eq!(child(json!(["GenerateDataKey"]), json!({})), DENIED);
}

#[test]
fn everyone_entitled_retires_and_nobody_else() {
    let bench = Bench::new();
    let key = bench.create_key();
    let retiring = bench.role(OTHER, "retirer", Value::Null);
    let grantee = bench.user(ACCOUNT, "grantee", Value::Null);
    let plain = bench.user(ACCOUNT, "plain", Value::Null);
    let trusted = bench.user(ACCOUNT, "trusted", json!([allow("kms:RetireGrant")]));
    let denies = json!([{"Effect": "Deny", "Action": "kms:RetireGrant", "Resource": "*"}]);
    let denied = bench.user(ACCOUNT, "denied", denies);
    let foreign = bench.user(OTHER, "foreign", json!([allow("kms:*")]));
    for (caller, operations, retires) in [
        (&retiring, json!(["Decrypt"]), true),
        (&grantee, json!(["Decrypt", "RetireGrant"]), true),
        (&grantee, json!(["Decrypt"]), false),
        (&trusted, json!(["Decrypt"]), true),
        (&bench.root(), json!(["Decrypt"]), true),
        (&plain, json!(["Decrypt"]), false),
        (&denied, json!(["Decrypt"]), false),
        (&foreign, json!(["Decrypt"]), false),
        (&bench.root_of(OTHER), json!(["Decrypt"]), false),
    ] {
        for by_token in [false, true] {
            let more = json!({"GranteePrincipal": grantee.arn(), "RetiringPrincipal": Bench::role_arn(&retiring),
                "Operations": operations});
            let (id, token) = granted(&bench, &key, more);
            let input = match by_token {
                true => json!({"GrantToken": token}),
                false => json!({"KeyId": key.arn, "GrantId": id}),
            };
            let (status, body) = bench.call_as(caller, "RetireGrant", input);
            assert_eq!(status == 200, retires, "{} {operations}: {body}", caller.arn());
        }
    }
}

#[test]
fn a_token_is_usable_at_once_and_only_a_true_one_of_the_caller_s_own_affairs() {
    let bench = Bench::new();
    let key = bench.create_key();
    let user = bench.user(ACCOUNT, "ann", Value::Null);
    let (_, token) = granted(&bench, &key, json!({"GranteePrincipal": user.arn()}));
    let sealed =
        bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": b64(b"x")}))["CiphertextBlob"].clone();
    let decrypt = |token: &str| {
        let input = json!({"CiphertextBlob": sealed, "GrantTokens": [token]});
        bench.call_as(&user, "Decrypt", input).1["__type"].clone()
    };
    assert_eq!(decrypt(&token), Value::Null);
    for bad in
        ["x".to_owned(), token[..token.len() - 4].to_owned(), token.to_lowercase(), format!("{token}AAAA")]
    {
        assert_eq!(decrypt(&bad), "InvalidGrantTokenException", "{bad}");
    }
    // Another account's affairs: its key, its grantee.
    let theirs = text(&bench.ok_as(&bench.root_of(OTHER), "CreateKey", json!({}))["KeyMetadata"]["Arn"]);
    let input = json!({"KeyId": theirs, "GranteePrincipal": root(OTHER), "Operations": ["Decrypt"]});
    let made = bench.ok_as(&bench.root_of(OTHER), "CreateGrant", input);
    assert_eq!(decrypt(&text(&made["GrantToken"])), "InvalidGrantTokenException");
    let (id, ended) = granted(&bench, &key, json!({"GranteePrincipal": user.arn()}));
    bench.ok("RevokeGrant", json!({"KeyId": key.id, "GrantId": id}));
    assert_eq!(decrypt(&ended), Value::Null, "the token of a grant that ended does no harm");
}

#[test]
fn the_quota_is_exact_and_what_ends_makes_room() {
    let bench = Bench::new();
    let key = bench.create_key();
    let row = |bench: &Bench| {
        bench.with_cx(|cx| cx.tx.get::<Key>(&format!("{}{}", cx.tenant(), key.id)).unwrap().unwrap())
    };
    let row = row(&bench);
    bench.with_cx(|cx| {
        for slot in 0..SLOTS {
            let grants = if slot == 77 { GRANTS_PER_SLOT - 2 } else { GRANTS_PER_SLOT };
            cx.tx.put(&GrantSlot { grants, ..GrantSlot::new(&row, slot) }).unwrap();
        }
    });
    let session = json!({"GranteePrincipal": bench.session().arn()});
    let (first, _) = granted(&bench, &key, session.clone());
    granted(&bench, &key, session.clone());
    let input =
        json!({"KeyId": key.arn, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]});
    let message = format!("{} already has 50000 grants.", key.arn);
    bench.refused("CreateGrant", input.clone(), "LimitExceededException", &message);
    bench.ok("RevokeGrant", json!({"KeyId": key.id, "GrantId": first}));
    let (second, _) = granted(&bench, &key, session.clone());
    bench.refused("CreateGrant", input, "LimitExceededException", &message);
    bench.ok("RetireGrant", json!({"KeyId": key.arn, "GrantId": second}));
    granted(&bench, &key, session);
    // AWS managed keys have no quota.
    let managed = bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["Arn"].clone();
    let input =
        json!({"KeyId": managed, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]});
    bench.ok_as(&bench.through_ec2(), "CreateGrant", input);
    let uncounted = bench.ok("ListGrants", json!({"KeyId": managed}))["Grants"][0]["GrantId"].clone();
    bench.ok("RevokeGrant", json!({"KeyId": managed, "GrantId": uncounted}));
}

/// Grants to one grantee on one key, each bound to a volume of its own, written without the door.
fn many(bench: &Bench, key: &Made, grantee: &str, count: usize) {
    for start in (0..count).step_by(1000) {
        bench.with_cx(|cx| {
            for n in start..(start + 1000).min(count) {
                let context = [("aws:ebs:id".to_owned(), format!("vol-{n:017x}"))].into();
                cx.tx
                    .put(&Grant {
                        account: AccountId::parse(ACCOUNT).unwrap(),
                        region: cx.region().clone(),
                        key_id: key.id.clone(),
                        grant_id: format!("{n:064x}"),
                        name: Some(format!("n{n}")),
                        grantee: grantee.to_owned(),
                        retiring: Some(grantee.to_owned()),
                        operations: vec!["Decrypt".to_owned(), "Encrypt".to_owned()],
                        equals: None,
                        subset: Some(context),
                        issuing_account: AccountId::parse(ACCOUNT).unwrap(),
                        created: cx.now(),
                        slot: None,
                    })
                    .unwrap();
            }
        });
    }
}

#[test]
fn among_thousands_the_one_that_fits_is_found() {
    let bench = Bench::new();
    let key = bench.create_key();
    many(&bench, &key, "ebs.amazonaws.com", 3000);
    let ebs = bench.ebs_for(ACCOUNT);
    let encrypt = |volume: &str| {
        let input = json!({"KeyId": key.arn, "Plaintext": "eA==", "EncryptionContext": {"aws:ebs:id": volume, "b": "2"}});
        bench.call_as(&ebs, "Encrypt", input).1["__type"].clone()
    };
    for n in [0, 1, 1500, 2999] {
        assert_eq!(encrypt(&format!("vol-{n:017x}")), Value::Null, "{n}");
    }
    assert_eq!(encrypt(&format!("vol-{:017x}", 3000)), DENIED);
    let reason = bench.last_record("Encrypt").reason.unwrap_or_default();
    assert!(reason.contains("includes Encrypt but not with this encryption context"), "{reason}");
    let (_, body) = bench.call_as(&ebs, "DescribeKey", json!({"KeyId": key.arn}));
    assert_eq!(body["__type"], DENIED);
    let page = bench
        .ok("ListGrants", json!({"KeyId": key.id, "GranteePrincipal": "ebs.amazonaws.com", "Limit": 100}));
    assert_eq!((page["Grants"].as_array().unwrap().len(), &page["Truncated"]), (100, &json!(true)));
}
