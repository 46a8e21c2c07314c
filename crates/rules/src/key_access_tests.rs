//! Each rule of the table, and what lies just outside it.

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/aws:ec2-infrastructure/i-0123456789abcdef0";
const EC2: &str = "ec2.us-east-1.amazonaws.com";

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

fn operations(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

/// Asks on behalf of the root of `account`.
fn root(account: &str, manager: KeyManager, operation: &str, via: Option<&str>) -> Result<AllowedBy, Denied> {
    let account = AccountId::parse(account).unwrap();
    decide(&Question {
        caller: CallerKind::AccountRoot,
        caller_arn: &account.root_arn(),
        caller_account: &account,
        key: &Arn::parse(KEY).unwrap(),
        manager,
        operation,
        via_service: via,
        grants: &[],
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
    let account = AccountId::parse("111122223333").unwrap();
    let (allowed, given) = (operations(allowed), context(given));
    decide(&Question {
        caller: CallerKind::RoleSession,
        caller_arn: SESSION,
        caller_account: &account,
        key: &Arn::parse(KEY).unwrap(),
        manager: KeyManager::Customer,
        operation: op,
        via_service: None,
        grants: &[GrantFacts { id: "g", grantee, operations: &allowed, constraint: &constraint }],
        context: (op == "Decrypt").then_some(&given),
    })
}

#[test]
fn the_account_root_may_do_everything_with_its_customer_keys_and_nothing_with_those_of_others() {
    for op in ["Encrypt", "Decrypt", "PutKeyPolicy", "ScheduleKeyDeletion", "CreateGrant", "DescribeKey"] {
        for via in [None, Some(EC2)] {
            assert_eq!(root("111122223333", KeyManager::Customer, op, via), Ok(AllowedBy::AccountRoot));
            let denied = root("444455556666", KeyManager::Customer, op, via).unwrap_err();
            assert_eq!(
                denied.message,
                format!(
                    "User: arn:aws:iam::444455556666:root is not authorized to perform: kms:{op} on resource: {KEY} \
                     because no resource-based policy allows the kms:{op} action"
                )
            );
            assert!(denied.reason.contains("111122223333") && denied.reason.contains("444455556666"));
        }
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
        assert_eq!(ask(Some(EC2)), Ok(AllowedBy::ManagedKeyThroughService), "{op}");
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
        assert_eq!(
            root("111122223333", KeyManager::Aws, op, None),
            Ok(AllowedBy::ManagedKeyReadOnly),
            "{op}"
        );
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
    let decrypt = operations(&["Decrypt"]);
    let (a, b) = (context(&[("id", "a")]), context(&[("id", "b")]));
    let constraints = [&a, &b].map(|c| Constraint { equals: Some(c.clone()), subset: None });
    let grant =
        |id, i: usize| GrantFacts { id, grantee: EC2, operations: &decrypt, constraint: &constraints[i] };
    let asked = decide(&Question {
        caller: CallerKind::Service,
        caller_arn: EC2,
        caller_account: &account,
        key: &Arn::parse(KEY).unwrap(),
        manager: KeyManager::Aws,
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
