//! Operations, managed keys, constraints, delegation, and what is said about them.

use super::*;

const SESSION: AskerKind = AskerKind::RoleSession;

fn default_policy() -> String {
    lets(&aws("arn:aws:iam::111122223333:root"))
}

fn managed_policy() -> &'static str {
    r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*",
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
        "Condition": {"StringEquals": {"kms:CallerAccount": "111122223333", "kms:ViaService": "ec2.us-east-1.amazonaws.com"}}},
       {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Resource": "*",
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"]}"#
}

fn with_identity(mut asking: Asking, action: &str) -> Result<AllowedBy, Denied> {
    asking.layers.identity = vec![attached("Allow", action, PolicyType::Identity)];
    asking.decide()
}

#[test]
fn under_the_default_policy_iam_decides_for_the_account_and_nobody_else() {
    let (root, user) = (Who::new(AskerKind::Root, OWNER), Who::new(AskerKind::User, OWNER));
    assert_eq!(
        Asking::new(&root, &default_policy()).decide(),
        Ok(AllowedBy::Policy("statement \"Lets\"".to_owned()))
    );
    let denied = Asking::new(&user, &default_policy()).decide().unwrap_err();
    assert!(denied.message.ends_with("because no identity-based policy allows the kms:Decrypt action"));
    assert!(
        denied.reason.contains("statement \"Lets\" of the key policy allows the account"),
        "{}",
        denied.reason
    );
    assert!(with_identity(Asking::new(&user, &default_policy()), "kms:Decrypt").is_ok());
    let stranger = Who::new(AskerKind::User, OTHER);
    let denied = with_identity(Asking::new(&stranger, &default_policy()), "kms:Decrypt").unwrap_err();
    assert!(denied.message.ends_with("because no resource-based policy allows the kms:Decrypt action"));
    assert!(denied.hides_key);
}

#[test]
fn iam_policies_alone_give_nothing() {
    let user = Who::new(AskerKind::User, OWNER);
    let for_another = lets(&aws("arn:aws:iam::111122223333:user/bob"));
    let denied = with_identity(Asking::new(&user, &for_another), "kms:*").unwrap_err();
    assert!(denied.message.ends_with("because no resource-based policy allows the kms:Decrypt action"));
    assert!(denied.reason.contains("its principals do not include"), "{}", denied.reason);
}

#[test]
fn only_operations_that_cross_accounts_do_and_never_with_a_managed_key() {
    let root = Who::new(AskerKind::Root, OTHER);
    let shared = lets(&aws(OTHER));
    for (operation, crosses) in [
        ("Encrypt", true),
        ("Decrypt", true),
        ("ReEncryptFrom", true),
        ("GenerateDataKeyPairWithoutPlaintext", true),
        ("Sign", true),
        ("DescribeKey", true),
        ("GetKeyRotationStatus", true),
        ("ListGrants", true),
        ("RevokeGrant", true),
        ("ListKeyRotations", false),
        ("PutKeyPolicy", false),
        ("GetKeyPolicy", false),
        ("DisableKey", false),
        ("ScheduleKeyDeletion", false),
        ("TagResource", false),
        ("ReplicateKey", false),
        ("", false),
    ] {
        let mut asking =
            Asking::new(&root, &shared).granted(Whom::Itself, &[operation], Constraint::default());
        asking.operation = operation;
        assert_eq!(asking.decide().is_ok(), crosses, "{operation}");
        asking.manager = KeyManager::Aws;
        assert!(asking.decide().is_err(), "{operation}");
    }
}

#[test]
fn the_managed_key_is_for_the_account_through_ec2_without_any_iam_permission() {
    let user = Who::new(AskerKind::User, OWNER);
    let mut asking = Asking::new(&user, managed_policy());
    asking.manager = KeyManager::Aws;
    asking.keys.set("kms:CallerAccount", OWNER);
    let denied = asking.decide().unwrap_err();
    assert!(denied.reason.contains("(this call came directly)"), "{}", denied.reason);
    for (via, may) in [("ec2.us-east-1.amazonaws.com", true), ("ec2.eu-west-1.amazonaws.com", false)] {
        asking.keys.set("kms:ViaService", via);
        assert_eq!(asking.decide().is_ok(), may, "{via}");
    }
    asking.keys.set("kms:ViaService", "ec2.us-east-1.amazonaws.com");
    asking.operation = "ScheduleKeyDeletion";
    assert!(asking.decide().is_err());
    asking.layers.control = vec![vec![attached("Deny", "kms:Decrypt", PolicyType::Control)]];
    asking.operation = "Decrypt";
    assert!(
        asking.decide().unwrap_err().message.ends_with("with an explicit deny in a service control policy")
    );
}

#[test]
fn a_grant_is_held_against_operation_and_encryption_context() {
    let session = Who::new(SESSION, OWNER);
    let subset = Constraint { equals: None, subset: Some(context(&[("aws:ebs:id", "vol-1")])) };
    let ask = |operation: &'static str, given: Option<&[(&str, &str)]>| {
        let mut asking = Asking::new(&session, &default_policy()).granted(
            Whom::Itself,
            &["Decrypt", "DescribeKey"],
            subset.clone(),
        );
        asking.operation = operation;
        asking.encryption_context = given.map(context);
        asking.decide()
    };
    assert_eq!(ask("Decrypt", Some(&[("aws:ebs:id", "vol-1")])), Ok(AllowedBy::Grant("g1".into())));
    assert!(ask("Decrypt", Some(&[("aws:ebs:id", "vol-1"), ("b", "2")])).is_ok());
    assert!(ask("DescribeKey", None).is_ok(), "operations without an encryption context are not held to one");
    for (operation, given, why) in [
        ("Decrypt", Some(&[][..]), "grant g1 includes Decrypt but not with this encryption context"),
        ("Decrypt", Some(&[("aws:ebs:id", "vol-2")]), "it must contain {aws:ebs:id=vol-1}"),
        ("Decrypt", Some(&[("AWS:ebs:id", "vol-1")]), "not with this encryption context"),
        ("Encrypt", Some(&[("aws:ebs:id", "vol-1")]), "of 1 grants to the caller none includes Encrypt"),
        ("CreateGrant", None, "none includes CreateGrant"),
    ] {
        let denied = ask(operation, given).unwrap_err();
        assert!(denied.reason.contains(why), "{operation} {given:?}: {}", denied.reason);
    }
    let none = Asking::new(&session, &default_policy()).decide().unwrap_err();
    assert!(none.reason.contains("no grant on this key names the caller"), "{}", none.reason);
}

#[test]
fn the_nearest_grant_is_named_and_the_first_that_fits_counts() {
    let session = Who::new(SESSION, OWNER);
    let exactly = |value: &str| Constraint { equals: Some(context(&[("id", value)])), subset: None };
    let mut asking = Asking::new(&session, &default_policy())
        .granted(Whom::Itself, &["Encrypt"], Constraint::default())
        .granted(Whom::Itself, &["Decrypt"], exactly("1"))
        .granted(Whom::Account, &["Decrypt"], Constraint::default());
    asking.encryption_context = Some(context(&[("id", "2")]));
    let denied = asking.decide().unwrap_err();
    assert!(denied.reason.contains("grant g3 would allow it, but"), "{}", denied.reason);
    asking.grants.pop();
    let denied = asking.decide().unwrap_err();
    assert!(
        denied.reason.contains("grant g2") && denied.reason.contains("exactly {id=1}"),
        "{}",
        denied.reason
    );
    asking.encryption_context = Some(context(&[("id", "1")]));
    assert_eq!(asking.decide(), Ok(AllowedBy::Grant("g2".into())));
}

#[test]
fn a_grantee_hands_on_no_more_than_it_has() {
    let session = Who::new(SESSION, OWNER);
    let held = Constraint { equals: None, subset: Some(context(&[("a", "1")])) };
    let equals = |pairs: &[(&str, &str)]| Constraint { equals: Some(context(pairs)), subset: None };
    let ask = |operations: &[&str], constraint: Constraint| {
        let mut asking = Asking::new(&session, &default_policy()).granted(
            Whom::Itself,
            &["CreateGrant", "Decrypt"],
            held.clone(),
        );
        asking.operation = "CreateGrant";
        asking.child = Some((names(operations), constraint));
        asking.decide()
    };
    for (operations, constraint) in [
        (&["Decrypt"][..], held.clone()),
        (&["Decrypt", "CreateGrant"], equals(&[("a", "1")])),
        (&["Decrypt"], equals(&[("a", "1"), ("b", "2")])),
    ] {
        assert!(ask(operations, constraint.clone()).is_ok(), "{operations:?} {constraint:?}");
    }
    for (operations, constraint) in [
        (&["Decrypt"][..], Constraint::default()),
        (&["Encrypt"], held.clone()),
        (&["Decrypt", "RetireGrant"], held.clone()),
        (&["Decrypt"], equals(&[("b", "1")])),
    ] {
        let denied = ask(operations, constraint.clone()).unwrap_err();
        assert!(denied.reason.contains("may hand on only"), "{operations:?}: {}", denied.reason);
    }
}

#[test]
fn a_grant_to_the_session_is_not_limited_by_its_session_policy_and_one_to_the_role_is() {
    let session = Who::new(SESSION, OWNER);
    let ask = |whom: Whom, effect: &str, action: &str| {
        let mut asking =
            Asking::new(&session, &default_policy()).granted(whom, &["Decrypt"], Constraint::default());
        asking.layers.session = Some(vec![attached(effect, action, PolicyType::Identity)]);
        asking.decide()
    };
    assert!(ask(Whom::Itself, "Allow", "kms:Encrypt").is_ok());
    let denied = ask(Whom::Issuer, "Allow", "kms:Encrypt").unwrap_err();
    assert!(denied.reason.contains("grant g1 would allow it, but"), "{}", denied.reason);
    assert!(ask(Whom::Issuer, "Allow", "kms:Decrypt").is_ok());
    let denied = ask(Whom::Itself, "Deny", "kms:Decrypt").unwrap_err();
    assert!(denied.explicit && denied.message.ends_with("with an explicit deny in a session policy"));
}

#[test]
fn another_account_needs_both_halves_and_the_missing_one_is_named() {
    let user = Who::new(AskerKind::User, OTHER);
    let shared = lets(&aws(OTHER));
    let denied = Asking::new(&user, &shared).decide().unwrap_err();
    assert!(denied.message.ends_with("because no identity-based policy allows the kms:Decrypt action"));
    assert!(
        !denied.hides_key && denied.reason.contains("its own account 444455556666 does not"),
        "{}",
        denied.reason
    );
    assert!(with_identity(Asking::new(&user, &shared), "kms:Decrypt").is_ok());
    let named = lets(&aws("arn:aws:iam::444455556666:user/ann"));
    assert!(Asking::new(&user, &named).decide().is_err(), "its own account must let it too");
    let granted =
        Asking::new(&user, &default_policy()).granted(Whom::Itself, &["Decrypt"], Constraint::default());
    assert!(granted.decide().is_ok(), "a grant to the very principal replaces both halves");
    let to_account =
        || Asking::new(&user, &default_policy()).granted(Whom::Account, &["Decrypt"], Constraint::default());
    assert!(to_account().decide().is_err());
    assert!(with_identity(to_account(), "kms:Decrypt").is_ok());
}

#[test]
fn what_is_given_by_a_grant_beyond_using_the_key_passes_the_caller_s_own_side() {
    let shown = Arn::parse(KEY).unwrap();
    let user = Who::new(AskerKind::User, OWNER);
    let ask = |layers: &Layers, whom: Whom| {
        let bare = iam::Context::default();
        let (asker, operation) = (user.asker(), "RetireGrant");
        entitled(&UnknownKey { asker, layers, shown: &shown, operation, bare: &bare }, whom)
    };
    let none = Layers::default();
    assert_eq!(ask(&none, Whom::Itself), Ok(()));
    assert!(ask(&none, Whom::Account).is_err());
    let allows = Layers {
        identity: vec![attached("Allow", "kms:RetireGrant", PolicyType::Identity)],
        ..Layers::default()
    };
    assert_eq!(ask(&allows, Whom::Account), Ok(()));
    let denies = Layers {
        identity: vec![attached("Deny", "kms:RetireGrant", PolicyType::Identity)],
        ..Layers::default()
    };
    assert!(ask(&denies, Whom::Itself).unwrap_err().explicit);
}
