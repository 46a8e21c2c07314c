//! Who may, through the door: each operation with its permission and without, every kind of caller, people who are made again under
//! the same name, and the guardrail of grants for AWS resources only.

use crate::testing::{ACCOUNT, Bench, Made, b64, region, text};
use crate::testing_people::{allow, document};
use api::Caller;
use serde_json::{Value, json};

const OTHER: &str = "444455556666";
const DENIED: &str = "AccessDeniedException";

/// A key of this account whose policy has these statements besides the default one.
fn key_with(bench: &Bench, statements: &[Value]) -> Made {
    let mut all = vec![lets(&format!("arn:aws:iam::{ACCOUNT}:root"), json!("kms:*"))];
    all.extend_from_slice(statements);
    bench.create_key_with(json!({"Policy": document(&json!(all))}))
}

fn lets(principal: &str, actions: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*"})
}

fn decrypt_as(bench: &Bench, caller: &Caller, key: &Made) -> Value {
    let sealed = bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": b64(b"x")}));
    bench.call_as(caller, "Decrypt", json!({"CiphertextBlob": sealed["CiphertextBlob"], "KeyId": key.arn})).1
}

/// Every operation on a key (or on none), and the permissions without which it must fail.
fn operations(bench: &Bench, key: &Made) -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let id = &key.arn;
    let sealed = bench.ok("Encrypt", json!({"KeyId": id, "Plaintext": b64(b"x")}))["CiphertextBlob"].clone();
    let grant = || bench.grant_to_session(id).0;
    let alias = |name: &str| {
        bench.ok("CreateAlias", json!({"AliasName": name, "TargetKeyId": key.id}));
        name.to_owned()
    };
    let policy = bench.ok("GetKeyPolicy", json!({"KeyId": id}))["Policy"].clone();
    let tag = json!([{"TagKey": "a", "TagValue": "1"}]);
    vec![
        ("CreateKey", json!({}), vec!["CreateKey"]),
        ("ListKeys", json!({}), vec!["ListKeys"]),
        ("ListAliases", json!({}), vec!["ListAliases"]),
        ("ListAliases", json!({"KeyId": id}), vec!["ListAliases"]),
        ("GenerateRandom", json!({"NumberOfBytes": 1}), vec!["GenerateRandom"]),
        ("Encrypt", json!({"KeyId": id, "Plaintext": b64(b"x")}), vec!["Encrypt"]),
        ("Decrypt", json!({"CiphertextBlob": sealed}), vec!["Decrypt"]),
        ("Decrypt", json!({"CiphertextBlob": sealed, "KeyId": id}), vec!["Decrypt"]),
        (
            "ReEncrypt",
            json!({"CiphertextBlob": sealed, "DestinationKeyId": id}),
            vec!["ReEncryptFrom", "ReEncryptTo"],
        ),
        ("GenerateDataKey", json!({"KeyId": id, "NumberOfBytes": 64}), vec!["GenerateDataKey"]),
        (
            "GenerateDataKeyWithoutPlaintext",
            json!({"KeyId": id, "NumberOfBytes": 64}),
            vec!["GenerateDataKeyWithoutPlaintext"],
        ),
        ("DescribeKey", json!({"KeyId": id}), vec!["DescribeKey"]),
        ("GetKeyPolicy", json!({"KeyId": id}), vec!["GetKeyPolicy"]),
        ("ListKeyPolicies", json!({"KeyId": id}), vec!["ListKeyPolicies"]),
        ("PutKeyPolicy", json!({"KeyId": id, "Policy": policy}), vec!["PutKeyPolicy"]),
        ("ListResourceTags", json!({"KeyId": id}), vec!["ListResourceTags"]),
        ("TagResource", json!({"KeyId": id, "Tags": tag}), vec!["TagResource"]),
        ("UntagResource", json!({"KeyId": id, "TagKeys": ["a"]}), vec!["UntagResource"]),
        ("UpdateKeyDescription", json!({"KeyId": id, "Description": "d"}), vec!["UpdateKeyDescription"]),
        ("GetKeyRotationStatus", json!({"KeyId": id}), vec!["GetKeyRotationStatus"]),
        ("EnableKeyRotation", json!({"KeyId": id}), vec!["EnableKeyRotation"]),
        ("DisableKeyRotation", json!({"KeyId": id}), vec!["DisableKeyRotation"]),
        (
            "CreateGrant",
            json!({"KeyId": id, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"]}),
            vec!["CreateGrant"],
        ),
        ("ListGrants", json!({"KeyId": id}), vec!["ListGrants"]),
        ("RevokeGrant", json!({"KeyId": id, "GrantId": grant()}), vec!["RevokeGrant"]),
        ("RetireGrant", json!({"KeyId": id, "GrantId": grant()}), vec!["RetireGrant"]),
        (
            "ListRetirableGrants",
            json!({"RetiringPrincipal": format!("arn:aws:iam::{ACCOUNT}:root")}),
            vec!["ListRetirableGrants"],
        ),
        ("CreateAlias", json!({"AliasName": "alias/new", "TargetKeyId": key.id}), vec!["CreateAlias"]),
        ("UpdateAlias", json!({"AliasName": alias("alias/u"), "TargetKeyId": key.id}), vec!["UpdateAlias"]),
        ("DeleteAlias", json!({"AliasName": alias("alias/d")}), vec!["DeleteAlias"]),
        ("DisableKey", json!({"KeyId": id}), vec!["DisableKey"]),
        ("EnableKey", json!({"KeyId": id}), vec!["EnableKey"]),
        ("ScheduleKeyDeletion", json!({"KeyId": id}), vec!["ScheduleKeyDeletion"]),
        ("CancelKeyDeletion", json!({"KeyId": id}), vec!["CancelKeyDeletion"]),
        ("EnableKey", json!({"KeyId": id}), vec!["EnableKey"]),
    ]
}

#[test]
fn each_operation_needs_its_own_permissions_and_no_others() {
    let bench = Bench::new();
    let key = bench.create_key();
    for (operation, input, permissions) in operations(&bench, &key) {
        let names: Vec<String> = permissions.iter().map(|name| format!("kms:{name}")).collect();
        for missing in &names {
            // Everything else, in both ways to leave one out.
            let but = json!([{"Effect": "Allow", "NotAction": missing, "Resource": "*"}]);
            let user = bench.user(ACCOUNT, "without", but);
            let (_, body) = bench.call_as(&user, operation, input.clone());
            assert_eq!(body["__type"], DENIED, "{operation} without {missing}: {body}");
            if operation != "RetireGrant" {
                let because = format!("because no identity-based policy allows the {missing} action");
                assert!(text(&body["message"]).contains(&because), "{operation}: {body}");
                let reason = bench.last_record(operation).reason.unwrap_or_default();
                assert!(reason.contains(missing.as_str()), "{operation}: {reason}");
            }
            let deny = json!([allow("kms:*"), {"Effect": "Deny", "Action": missing, "Resource": "*"}]);
            let denied = bench.user(ACCOUNT, "denied", deny);
            let (_, body) = bench.call_as(&denied, operation, input.clone());
            assert!(
                text(&body["message"]).ends_with("with an explicit deny in an identity-based policy"),
                "{operation}: {body}"
            );
        }
        let with = bench.user(ACCOUNT, "with", json!([allow(json!(names))]));
        bench.ok_as(&with, operation, input);
    }
}

#[test]
fn an_alias_needs_permission_on_the_alias_and_on_its_keys() {
    let bench = Bench::new();
    let (first, second) = (bench.create_key(), bench.create_key());
    let alias = format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/a");
    let on = |resources: &[&str]| {
        let action = ["kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias"];
        let user =
            bench.user(ACCOUNT, "u", json!([{"Effect": "Allow", "Action": action, "Resource": resources}]));
        move |bench: &Bench, operation: &str, input: Value| {
            bench.call_as(&user, operation, input).1["__type"] == DENIED
        }
    };
    let create = json!({"AliasName": "alias/a", "TargetKeyId": first.id});
    assert!(on(&[&alias])(&bench, "CreateAlias", create.clone()));
    assert!(on(&[&first.arn])(&bench, "CreateAlias", create.clone()));
    assert!(!on(&[&alias, &first.arn])(&bench, "CreateAlias", create));
    let update = json!({"AliasName": "alias/a", "TargetKeyId": second.id});
    for missing in [vec![&first.arn, &second.arn], vec![&alias, &first.arn], vec![&alias, &second.arn]] {
        let some: Vec<&str> = missing.iter().map(|name| name.as_str()).collect();
        assert!(on(&some)(&bench, "UpdateAlias", update.clone()), "{missing:?}");
    }
    assert!(!on(&[&alias, &first.arn, &second.arn])(&bench, "UpdateAlias", update));
    let delete = json!({"AliasName": "alias/a"});
    assert!(on(&[&second.arn])(&bench, "DeleteAlias", delete.clone()));
    assert!(on(&[&alias])(&bench, "DeleteAlias", delete.clone()));
    assert!(!on(&[&alias, &second.arn])(&bench, "DeleteAlias", delete));
}

#[test]
fn the_key_policy_names_users_and_roles_themselves() {
    let bench = Bench::new();
    let (user, role) = (bench.user(ACCOUNT, "ann", Value::Null), bench.role(ACCOUNT, "worker", Value::Null));
    let stranger = bench.user(ACCOUNT, "bob", Value::Null);
    let key = key_with(
        &bench,
        &[lets(&user.arn(), json!("kms:Decrypt")), lets(&Bench::role_arn(&role), json!("kms:Decrypt"))],
    );
    for caller in [&user, &role] {
        assert_eq!(decrypt_as(&bench, caller, &key)["__type"], Value::Null, "{}", caller.arn());
        let (_, body) = bench.call_as(caller, "DescribeKey", json!({"KeyId": key.arn}));
        assert_eq!(body["__type"], DENIED);
    }
    assert_eq!(decrypt_as(&bench, &stranger, &key)["__type"], DENIED);
    // The role's right is within its session policy; the session's own is not.
    let other_things = json!([allow("kms:Encrypt")]);
    let narrow = bench.limited(role.clone(), other_things);
    let body = decrypt_as(&bench, &narrow, &key);
    assert!(
        text(&body["message"]).ends_with("because no session policy allows the kms:Decrypt action"),
        "{body}"
    );
    let key = key_with(&bench, &[lets(&role.arn(), json!("kms:Decrypt"))]);
    assert_eq!(decrypt_as(&bench, &narrow, &key)["__type"], Value::Null);
}

#[test]
fn who_is_made_again_under_the_same_name_inherits_neither_policy_nor_grant() {
    let bench = Bench::new();
    let (user, role) = (bench.user(ACCOUNT, "ann", Value::Null), bench.role(ACCOUNT, "worker", Value::Null));
    let key = key_with(&bench, &[lets(&user.arn(), json!("kms:Decrypt"))]);
    let grant =
        json!({"KeyId": key.arn, "GranteePrincipal": Bench::role_arn(&role), "Operations": ["Decrypt"]});
    let grant = bench.ok("CreateGrant", grant)["GrantId"].clone();
    let shown = |field: &str| match field {
        "policy" => text(&bench.ok("GetKeyPolicy", json!({"KeyId": key.id}))["Policy"]),
        _ => text(&bench.ok("ListGrants", json!({"KeyId": key.id}))["Grants"][0]["GranteePrincipal"]),
    };
    for caller in [&user, &role] {
        assert_eq!(decrypt_as(&bench, caller, &key)["__type"], Value::Null);
    }
    assert!(shown("policy").contains(&user.arn()) && !shown("policy").contains("AIDA"));
    assert_eq!(shown("grant"), Bench::role_arn(&role));
    let again = [bench.user(ACCOUNT, "ann", Value::Null), bench.role(ACCOUNT, "worker", Value::Null)];
    for caller in &again {
        assert_eq!(decrypt_as(&bench, caller, &key)["__type"], DENIED, "{}", caller.arn());
    }
    assert!(shown("policy").contains(&user.principal_id()) && !shown("policy").contains(&user.arn()));
    let role_id = role.principal_id().split(':').next().unwrap().to_owned();
    assert_eq!(shown("grant"), role_id);
    let by_id = bench.ok("ListGrants", json!({"KeyId": key.id, "GrantId": grant}));
    assert_eq!(by_id["Grants"].as_array().unwrap().len(), 1);
    let (_, body) =
        bench.call_as(&bench.root(), "PutKeyPolicy", json!({"KeyId": key.id, "Policy": shown("policy")}));
    assert_eq!(body["__type"], "MalformedPolicyDocumentException", "an id of who is gone is no principal");
}

/// The policy that AWS's pages recommend for users of encrypted volumes.
fn for_aws_resources_only() -> Value {
    json!([
        allow(json!([
            "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncrypt*",
        ])),
        {"Effect": "Allow", "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
         "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}},
    ])
}

#[test]
fn grants_for_aws_resources_only_let_ebs_work_and_refuse_a_direct_grant() {
    let bench = Bench::new();
    let key = bench.create_key();
    let ask = |caller: &Caller, operation: &str, id: &str| {
        let input = match operation {
            "CreateGrant" => {
                json!({"KeyId": key.arn, "GranteePrincipal": bench.session().arn(), "Operations": ["Decrypt"],
                    "Constraints": {"EncryptionContextSubset": {"aws:ebs:id": "vol-0123456789abcdef0"}}})
            }
            "RevokeGrant" => json!({"KeyId": key.arn, "GrantId": id}),
            _ => json!({"KeyId": key.arn}),
        };
        bench.call_as(caller, operation, input).1
    };
    for direct in [
        bench.user(ACCOUNT, "ann", for_aws_resources_only()),
        bench.role(ACCOUNT, "worker", for_aws_resources_only()),
    ] {
        let forwarded = direct.forwarded_by_ec2(&region());
        let made = ask(&forwarded, "CreateGrant", "");
        let id = text(&made["GrantId"]);
        for operation in ["CreateGrant", "ListGrants", "RevokeGrant"] {
            let refused = ask(&direct, operation, &id);
            assert_eq!(refused["__type"], DENIED, "{operation}");
            let reason = bench.last_record(operation).reason.unwrap_or_default();
            assert!(reason.contains("kms:GrantIsForAWSResource"), "{reason}");
        }
        bench.ok_as(
            &forwarded,
            "GenerateDataKeyWithoutPlaintext",
            json!({"KeyId": key.arn, "NumberOfBytes": 64}),
        );
        assert_eq!(ask(&forwarded, "ListGrants", "")["__type"], Value::Null);
        assert_eq!(ask(&forwarded, "RevokeGrant", &id)["__type"], Value::Null);
    }
}

#[test]
fn the_managed_key_asks_nothing_of_iam_through_ec2_but_obeys_its_denies() {
    let bench = Bench::new();
    let user = bench.user(ACCOUNT, "ann", Value::Null);
    let input = json!({"KeyId": "alias/aws/ebs", "NumberOfBytes": 64});
    bench.ok_as(&user.forwarded_by_ec2(&region()), "GenerateDataKeyWithoutPlaintext", input.clone());
    let (_, body) = bench.call_as(&user, "GenerateDataKeyWithoutPlaintext", input.clone());
    assert_eq!(body["__type"], DENIED);
    let deny = json!([{"Effect": "Deny", "Action": "kms:Generate*", "Resource": "*"}]);
    let denied = bench.user(ACCOUNT, "bob", deny).forwarded_by_ec2(&region());
    let (_, body) = bench.call_as(&denied, "GenerateDataKeyWithoutPlaintext", input);
    assert!(text(&body["message"]).ends_with("with an explicit deny in an identity-based policy"), "{body}");
}

#[test]
fn across_accounts_both_accounts_must_let_and_the_missing_half_is_named_only_where_it_may_be() {
    let bench = Bench::new();
    let key = key_with(&bench, &[lets(OTHER, json!(["kms:DescribeKey", "kms:Decrypt"]))]);
    let closed = bench.create_key();
    let on_key = |action: &str| json!([{"Effect": "Allow", "Action": action, "Resource": key.arn}]);
    let describe = |caller: &Caller, arn: &str| bench.call_as(caller, "DescribeKey", json!({"KeyId": arn})).1;
    let may = bench.user(OTHER, "may", on_key("kms:DescribeKey"));
    let not = bench.user(OTHER, "not", on_key("kms:Decrypt"));
    let all = bench.user(OTHER, "all", json!([allow("kms:*")]));
    assert_eq!(describe(&may, &key.arn)["KeyMetadata"]["Arn"], json!(key.arn));
    let refused = describe(&not, &key.arn);
    assert!(
        text(&refused["message"])
            .ends_with("because no identity-based policy allows the kms:DescribeKey action")
    );
    let reason = bench.last_record("DescribeKey").reason.unwrap_or_default();
    assert!(reason.contains("the key's account lets the caller"), "{reason}");
    let refused = describe(&all, &closed.arn);
    assert!(
        text(&refused["message"])
            .ends_with("because no resource-based policy allows the kms:DescribeKey action")
    );
    let nothing = closed.arn.replace(&closed.id, "1234abcd-12ab-34cd-56ef-1234567890ab");
    assert_eq!(
        text(&describe(&all, &nothing)["message"]),
        text(&refused["message"]).replace(&closed.arn, &nothing)
    );
    assert_eq!(
        describe(&not, &closed.arn)["message"].as_str().map(|m| m.contains("identity-based")),
        Some(true)
    );
    // A blob of a key that lets the account names what the user lacks; one of a key that does not, nothing.
    let body = decrypt_as(&bench, &may, &key);
    assert!(
        text(&body["message"]).contains("no identity-based policy allows the kms:Decrypt action"),
        "{body}"
    );
    assert_eq!(decrypt_as(&bench, &all, &key)["__type"], Value::Null);
}
