//! Each rule of the table, and what lies just outside it.

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0";
const EC2: &str = "ec2.us-east-1.amazonaws.com";
const EBS: &str = "ebs.amazonaws.com";
const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn operations(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// The policy of the default, of the managed key, or one that shares the key with another account.
fn default_policy() -> KeyPolicy {
    policy(r#"{"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}"#)
}

fn managed_policy() -> KeyPolicy {
    policy(
        r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*",
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
            "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": "ec2.us-east-1.amazonaws.com"}}},
           {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*",
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]}"#,
    )
}

/// The owner may do everything, the other account use the key; nobody may sign, whoever says otherwise.
fn shared_policy() -> KeyPolicy {
    policy(
        r#"{"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*"},
           {"Sid": "Share", "Effect": "Allow", "Principal": {"AWS": "444455556666"},
            "Action": ["kms:Decrypt", "kms:CreateGrant", "kms:Sign", "kms:PutKeyPolicy", "kms:DisableKey"]},
           {"Sid": "Never", "Effect": "Deny", "Principal": "*", "Action": "kms:Sign"}"#,
    )
}

fn policy(statements: &str) -> KeyPolicy {
    KeyPolicy::parse(&format!(r#"{{"Statement": [{statements}]}}"#)).unwrap()
}

/// Asks on behalf of the root of `account`, without grants.
fn root(account: &str, manager: KeyManager, operation: &str, via: Option<&str>) -> Result<AllowedBy, Denied> {
    let policy = if manager == KeyManager::Aws { managed_policy() } else { default_policy() };
    root_under(&policy, account, manager, operation, via, &[])
}

fn root_under(
    policy: &KeyPolicy,
    account: &str,
    manager: KeyManager,
    operation: &str,
    via: Option<&str>,
    grants: &[GrantFacts],
) -> Result<AllowedBy, Denied> {
    let account = AccountId::parse(account).unwrap();
    let key = Arn::parse(KEY).unwrap();
    decide(&Question {
        caller: CallerKind::AccountRoot,
        caller_arn: &account.root_arn(),
        caller_account: &account,
        key: &key,
        shown: &key,
        manager,
        policy,
        operation,
        via_service: via,
        grants,
        context: None,
    })
}

/// Asks on behalf of the host's session, with one grant on the key.
fn session(
    grantee: &str,
    allowed: &[&str],
    constraint: Constraint,
    op: &str,
    given: &[(&str, &str)],
) -> Result<AllowedBy, Denied> {
    granted(CallerKind::RoleSession, SESSION, OWNER, grantee, allowed, constraint, op, given)
}

#[allow(clippy::too_many_arguments)] // each test says what it is about
fn granted(
    caller: CallerKind,
    caller_arn: &str,
    account: &str,
    grantee: &str,
    allowed: &[&str],
    constraint: Constraint,
    op: &str,
    given: &[(&str, &str)],
) -> Result<AllowedBy, Denied> {
    let account = AccountId::parse(account).unwrap();
    let (allowed, given) = (operations(allowed), context(given));
    let key = Arn::parse(KEY).unwrap();
    decide(&Question {
        caller,
        caller_arn,
        caller_account: &account,
        key: &key,
        shown: &key,
        manager: KeyManager::Customer,
        policy: &shared_policy(),
        operation: op,
        via_service: None,
        grants: &[GrantFacts { id: "g", grantee, operations: &allowed, constraint: &constraint }],
        context: (op == "Decrypt" || op == "CreateGrant").then_some(&given),
    })
}

fn by_policy(statement: &str) -> Result<AllowedBy, Denied> {
    Ok(AllowedBy::Policy(statement.to_owned()))
}

#[test]
fn under_the_default_policy_the_owner_s_root_may_do_everything_and_others_nothing() {
    for op in ["Encrypt", "Decrypt", "PutKeyPolicy", "ScheduleKeyDeletion", "CreateGrant", "DescribeKey"] {
        for via in [None, Some(EC2)] {
            assert_eq!(root(OWNER, KeyManager::Customer, op, via), by_policy("statement 1"));
            let denied = root(OTHER, KeyManager::Customer, op, via).unwrap_err();
            assert_eq!(
                denied.message,
                format!(
                    "User: arn:aws:iam::444455556666:root is not authorized to perform: kms:{op} on resource: {KEY} \
                     because no resource-based policy allows the kms:{op} action"
                )
            );
            assert!(denied.reason.contains(OWNER) && denied.reason.contains(OTHER) && !denied.explicit);
        }
    }
}

#[test]
fn a_policy_shares_what_crosses_accounts_and_no_more() {
    let policy = shared_policy();
    let ask = |account, op| root_under(&policy, account, KeyManager::Customer, op, None, &[]);
    for op in ["Decrypt", "CreateGrant"] {
        assert_eq!(ask(OTHER, op), by_policy("statement \"Share\""));
        assert_eq!(ask(OWNER, op), by_policy("statement \"Own\""));
        assert!(ask("777788889999", op).is_err());
    }
    assert!(ask(OTHER, "Encrypt").is_err(), "the policy does not name it");
    for op in ["PutKeyPolicy", "DisableKey"] {
        let denied = ask(OTHER, op).unwrap_err();
        assert!(denied.reason.contains("for a key's own account"), "{}", denied.reason);
        assert!(ask(OWNER, op).is_ok());
    }
}

#[test]
fn an_explicit_deny_wins_over_policy_and_grants_for_every_caller() {
    let words = "with an explicit deny in a resource-based policy";
    for account in [OWNER, OTHER] {
        let arn = AccountId::parse(account).unwrap().root_arn();
        let none = Constraint::default();
        let sign = operations(&["Sign"]);
        let grant = GrantFacts { id: "g", grantee: &arn, operations: &sign, constraint: &none };
        let denied =
            root_under(&shared_policy(), account, KeyManager::Customer, "Sign", None, &[grant]).unwrap_err();
        assert!(denied.explicit && denied.message.ends_with(words), "{}", denied.message);
        assert_eq!(denied.reason.contains("Never"), account == OWNER, "{}", denied.reason);
    }
    for (kind, arn) in [(CallerKind::RoleSession, SESSION), (CallerKind::Service, EBS)] {
        let denied =
            granted(kind, arn, OWNER, arn, &["Sign"], Constraint::default(), "Sign", &[]).unwrap_err();
        assert!(denied.explicit && denied.message.ends_with(words));
    }
}

#[test]
fn a_grant_to_a_root_works_in_both_accounts_where_the_policy_is_silent() {
    let none = Constraint::default();
    let encrypt = operations(&["Encrypt"]);
    let silent = policy(r#"{"Effect": "Allow", "Principal": {"AWS": "777788889999"}, "Action": "kms:*"}"#);
    for account in [OWNER, OTHER] {
        let arn = AccountId::parse(account).unwrap().root_arn();
        let grant = [GrantFacts { id: "g", grantee: &arn, operations: &encrypt, constraint: &none }];
        let ask = |manager, op, grants| root_under(&silent, account, manager, op, None, grants);
        assert_eq!(ask(KeyManager::Customer, "Encrypt", &grant), Ok(AllowedBy::Grant("g".into())));
        assert!(ask(KeyManager::Customer, "Decrypt", &grant).is_err());
        assert!(ask(KeyManager::Customer, "Encrypt", &[]).is_err());
        assert_eq!(ask(KeyManager::Aws, "Encrypt", &grant).is_ok(), account == OWNER);
    }
    let denied = root_under(&silent, OWNER, KeyManager::Customer, "Encrypt", None, &[]).unwrap_err();
    assert!(denied.reason.contains("the one statement of the key policy does not allow it"));
}

#[test]
fn a_stranger_hears_the_same_of_a_key_that_is_not_there() {
    let denied = root(OTHER, KeyManager::Customer, "Decrypt", None).unwrap_err();
    let account = AccountId::parse(OTHER).unwrap();
    let arn = Arn::parse(KEY).unwrap();
    assert_eq!(no_such_key_or_not_allowed(&account.root_arn(), &account, &arn, "Decrypt"), denied);
    // The managed key of another account is refused in the same words, whatever its policy says.
    let all = policy(r#"{"Effect": "Allow", "Principal": "*", "Action": "*"}"#);
    for via in [None, Some(EC2)] {
        assert_eq!(root_under(&all, OTHER, KeyManager::Aws, "Decrypt", via, &[]), Err(denied.clone()));
    }
}

#[test]
fn ebs_works_under_grants_for_whichever_account_and_under_nothing_else() {
    let volume = [("aws:ebs:id", "vol-0123456789abcdef0")];
    let equals = || Constraint { equals: Some(context(&volume)), subset: None };
    for account in [OWNER, OTHER] {
        let ask = |grantee: &str, allowed: &[&str], op: &str, given: &[(&str, &str)]| {
            granted(CallerKind::Service, EBS, account, grantee, allowed, equals(), op, given)
        };
        assert_eq!(ask(EBS, &["Decrypt"], "Decrypt", &volume), Ok(AllowedBy::Grant("g".into())));
        let why = |asked: Result<AllowedBy, Denied>| asked.unwrap_err().reason;
        assert!(why(ask(EC2, &["Decrypt"], "Decrypt", &volume)).contains("no grant"), "{account}");
        assert!(why(ask(EBS, &["Encrypt"], "Decrypt", &volume)).contains("none includes Decrypt"));
        assert!(why(ask(EBS, &["Decrypt"], "Decrypt", &[])).contains("encryption context"));
        let more = [volume[0], ("b", "c")];
        assert!(why(ask(EBS, &["Decrypt"], "Decrypt", &more)).contains("encryption context"));
        assert!(ask("ebs.us-east-1.amazonaws.com", &["Decrypt"], "Decrypt", &volume).is_err());
    }
}

#[test]
fn a_policy_speaks_to_sessions_and_services_through_grants_only() {
    let all = policy(r#"{"Effect": "Allow", "Principal": "*", "Action": "*"}"#);
    let account = AccountId::parse(OWNER).unwrap();
    let key = Arn::parse(KEY).unwrap();
    for (caller, caller_arn) in [(CallerKind::RoleSession, SESSION), (CallerKind::Service, EBS)] {
        let asked = decide(&Question {
            caller,
            caller_arn,
            caller_account: &account,
            key: &key,
            shown: &key,
            manager: KeyManager::Customer,
            policy: &all,
            operation: "Decrypt",
            via_service: None,
            grants: &[],
            context: None,
        });
        assert!(asked.unwrap_err().reason.contains("no grant"));
    }
}

#[test]
fn a_session_of_another_account_works_under_its_grant() {
    let theirs = SESSION.replace(OWNER, OTHER);
    let ask = |grantee: &str, op: &str| {
        let none = Constraint::default();
        granted(CallerKind::RoleSession, &theirs, OTHER, grantee, &["Decrypt"], none, op, &[])
    };
    assert_eq!(ask(&theirs, "Decrypt"), Ok(AllowedBy::Grant("g".into())));
    assert!(ask(&theirs, "Encrypt").unwrap_err().reason.contains("none includes Encrypt"));
    // Without a grant it is a stranger.
    let denied = ask(SESSION, "Decrypt").unwrap_err();
    assert!(denied.reason.contains("has no such key, or"), "{}", denied.reason);
    assert!(denied.message.contains("no resource-based policy"));
}

#[test]
fn the_context_of_a_new_grant_counts_for_the_policy_and_not_for_the_parent_s_constraint() {
    let bound = Constraint { equals: Some(context(&[("a", "1")])), subset: None };
    let ask = |op: &str, given: &[(&str, &str)]| {
        session(SESSION, &["CreateGrant", "Decrypt"], bound.clone(), op, given).is_ok()
    };
    assert!(ask("CreateGrant", &[("a", "2")]), "may_delegate refuses it");
    assert!(!ask("Decrypt", &[("a", "2")]));
}

#[test]
fn operations_of_management_do_not_cross_accounts() {
    for op in
        ["Encrypt", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair", "ListGrants", "RevokeGrant"]
    {
        assert!(crosses_accounts(op), "{op}");
    }
    for op in [
        "PutKeyPolicy",
        "GetKeyPolicy",
        "ListKeyPolicies",
        "ListKeyRotations",
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CancelKeyDeletion",
        "TagResource",
        "ListResourceTags",
        "CreateAlias",
        "UpdateAlias",
        "UpdateKeyDescription",
        "ReEncrypt",
        "",
    ] {
        assert!(!crosses_accounts(op), "{op}");
    }
}

#[test]
fn the_managed_key_is_used_through_ec2_of_its_region_only() {
    let used = [
        "Encrypt",
        "Decrypt",
        "ReEncryptFrom",
        "ReEncryptTo",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "CreateGrant",
    ];
    for op in used {
        let ask = |via| root("111122223333", KeyManager::Aws, op, via);
        assert_eq!(ask(Some(EC2)), by_policy("statement 1"), "{op}");
        for via in [None, Some("ec2.eu-west-1.amazonaws.com"), Some("s3.us-east-1.amazonaws.com"), Some("")] {
            assert!(ask(via).is_err(), "{op} {via:?}");
        }
        assert!(root("444455556666", KeyManager::Aws, op, Some(EC2)).is_err(), "{op}");
    }
}

#[test]
fn the_account_itself_may_only_look_at_its_managed_key_and_revoke_grants() {
    for op in [
        "DescribeKey",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListGrants",
        "ListResourceTags",
        "RevokeGrant",
    ] {
        assert_eq!(root("111122223333", KeyManager::Aws, op, None), by_policy("statement 2"), "{op}");
    }
    for op in [
        "PutKeyPolicy",
        "DisableKey",
        "EnableKey",
        "ScheduleKeyDeletion",
        "CreateAlias",
        "UpdateAlias",
        "TagResource",
        "UpdateKeyDescription",
        "Encrypt",
        "CreateGrant",
        "EnableKeyRotation",
    ] {
        for via in [None, Some("s3.us-east-1.amazonaws.com")] {
            let denied = root("111122223333", KeyManager::Aws, op, via).unwrap_err();
            assert!(denied.reason.contains("AWS managed key"), "{op}");
        }
    }
    assert!(root("111122223333", KeyManager::Aws, "DisableKey", Some(EC2)).is_err());
}

#[test]
fn a_session_needs_a_grant_to_itself_for_the_operation_and_the_context() {
    let volume = [("aws:ebs:id", "vol-0123456789abcdef0")];
    let subset = || Constraint { equals: None, subset: Some(context(&volume)) };
    let granted = session(SESSION, &["Decrypt"], subset(), "Decrypt", &volume);
    assert_eq!(granted, Ok(AllowedBy::Grant("g".into())));

    let why = |asked: Result<AllowedBy, Denied>| asked.unwrap_err().reason;
    let other = SESSION.replace("def0", "def1");
    assert!(why(session(&other, &["Decrypt"], subset(), "Decrypt", &volume)).contains("no grant"));
    assert!(
        why(session(&SESSION.to_uppercase(), &["Decrypt"], subset(), "Decrypt", &volume))
            .contains("no grant")
    );
    assert!(
        why(session(SESSION, &["Encrypt"], subset(), "Decrypt", &volume)).contains("none includes Decrypt")
    );
    assert!(why(session(SESSION, &[], subset(), "Decrypt", &volume)).contains("none includes Decrypt"));
    for given in
        [&[][..], &[("aws:ebs:id", "vol-0123456789abcdef1")], &[("AWS:EBS:ID", "vol-0123456789abcdef0")]]
    {
        let denied = session(SESSION, &["Decrypt"], subset(), "Decrypt", given).unwrap_err();
        assert!(denied.reason.contains("encryption context"), "{given:?}");
        assert!(denied.message.ends_with("because no identity-based policy allows the kms:Decrypt action"));
        assert_eq!(denied.refusal().code, "AccessDeniedException");
    }
    // Without an encryption context in the operation the constraint does not matter.
    assert!(session(SESSION, &["DescribeKey"], subset(), "DescribeKey", &[]).is_ok());
}

#[test]
fn a_later_grant_is_found_when_an_earlier_one_does_not_fit() {
    let account = AccountId::parse("111122223333").unwrap();
    let key = Arn::parse(KEY).unwrap();
    let decrypt = operations(&["Decrypt"]);
    let (a, b) = (context(&[("id", "a")]), context(&[("id", "b")]));
    let constraints = [&a, &b].map(|c| Constraint { equals: Some(c.clone()), subset: None });
    let grant =
        |id, i: usize| GrantFacts { id, grantee: EC2, operations: &decrypt, constraint: &constraints[i] };
    let asked = decide(&Question {
        caller: CallerKind::Service,
        caller_arn: EC2,
        caller_account: &account,
        key: &key,
        shown: &key,
        manager: KeyManager::Aws,
        policy: &managed_policy(),
        operation: "Decrypt",
        via_service: None,
        grants: &[grant("first", 0), grant("second", 1)],
        context: Some(&b),
    });
    assert_eq!(asked, Ok(AllowedBy::Grant("second".into())));
}

#[test]
fn constraints_admit_what_aws_says() {
    let one = context(&[("a", "1")]);
    let two = context(&[("a", "1"), ("b", "2")]);
    let equals = Constraint { equals: Some(one.clone()), subset: None };
    let subset = Constraint { equals: None, subset: Some(one.clone()) };
    let none = Constraint::default();
    let table = [
        (&equals, &one, true),
        (&equals, &two, false),
        (&equals, &context(&[]), false),
        (&equals, &context(&[("a", "2")]), false),
        (&equals, &context(&[("A", "1")]), false),
        (&subset, &one, true),
        (&subset, &two, true),
        (&subset, &context(&[("b", "2")]), false),
        (&subset, &context(&[]), false),
        (&none, &context(&[]), true),
        (&none, &two, true),
    ];
    for (constraint, given, admitted) in table {
        assert_eq!(constraint.admits(given), admitted, "{constraint:?} {given:?}");
    }
    for (narrow, wide, within) in [
        (&equals, &equals, true),
        (&equals, &subset, true),
        (&subset, &equals, false),
        (&subset, &subset, true),
        (&none, &subset, false),
        (&none, &equals, false),
        (&subset, &none, true),
        (&Constraint { equals: None, subset: Some(two.clone()) }, &subset, true),
        (&subset, &Constraint { equals: None, subset: Some(two.clone()) }, false),
        (&Constraint { equals: Some(two), subset: None }, &equals, false),
    ] {
        assert_eq!(narrow.is_within(wide), within, "{narrow:?} within {wide:?}");
    }
}

#[test]
fn a_child_grant_is_never_wider_than_its_parent() {
    let constraint = Constraint { equals: None, subset: Some(context(&[("a", "1")])) };
    let allowed = operations(&["Decrypt", "CreateGrant"]);
    let parent = GrantFacts { id: "p", grantee: SESSION, operations: &allowed, constraint: &constraint };
    assert!(may_delegate(&parent, &operations(&["Decrypt"]), &constraint));
    assert!(!may_delegate(&parent, &operations(&["Decrypt", "Encrypt"]), &constraint));
    assert!(!may_delegate(&parent, &operations(&["Decrypt"]), &Constraint::default()));
}

#[test]
fn a_grant_is_retired_by_those_it_names_and_by_its_account() {
    let account = AccountId::parse("111122223333").unwrap();
    let retire = |caller: &str, retiring: Option<&str>, ops: &[&str]| {
        may_retire(caller, retiring, SESSION, &operations(ops), &account)
    };
    assert!(retire(EC2, Some(EC2), &["Decrypt"]));
    assert!(retire("arn:aws:iam::111122223333:root", None, &["Decrypt"]));
    assert!(retire(SESSION, None, &["RetireGrant"]));
    assert!(!retire(SESSION, None, &["Decrypt"]));
    assert!(!retire(EC2, None, &["RetireGrant"]));
    assert!(!retire("ec2.eu-west-1.amazonaws.com", Some(EC2), &["RetireGrant"]));
    assert!(!retire("arn:aws:iam::444455556666:root", None, &["RetireGrant"]));
}
