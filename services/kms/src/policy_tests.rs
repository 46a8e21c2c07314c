//! Which documents a key takes.

use super::*;
use crate::testing::{ACCOUNT, Bench};
use api::Failure;
use serde_json::Value;

const ROOT: &str = "arn:aws:iam::111122223333:root";

fn account() -> AccountId {
    AccountId::parse("111122223333").unwrap()
}

/// Whether a caller's document is taken, and as what it is stored.
fn given(bench: &Bench, caller: &Caller, text: &str, lock_out: LockOut) -> Result<String, Refusal> {
    let key = Arn::new("kms", "us-east-1", "111122223333", "key/1234abcd-12ab-34cd-56ef-1234567890ab");
    bench.with_cx(|cx| {
        cx.caller = caller.clone();
        match accepted(cx, text, &key, None, lock_out) {
            Ok(stored) => Ok(stored),
            Err(Failure::Refused(refusal)) => Err(refusal),
            Err(other) => panic!("{other:?}"),
        }
    })
}

/// Given by the root.
fn checked(text: &str, lock_out: LockOut) -> Result<(), Refusal> {
    let bench = Bench::new();
    bench.user(ACCOUNT, "a", Value::Null);
    given(&bench, &bench.root(), text, lock_out).map(|_| ())
}

fn with(statements: Value) -> Result<(), Refusal> {
    let text = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    checked(&text, LockOut::Refused)
}

fn all_to(principal: Value) -> Value {
    json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"})
}

#[test]
fn our_own_default_the_console_s_and_sharing_ones_are_taken() {
    assert_eq!(checked(&of_customer_key(&account()), LockOut::Refused), Ok(()));
    let root = all_to(json!({"AWS": ROOT}));
    let users = json!({"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam::111122223333:user/a"]},
        "Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": "*"});
    let share = json!({"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Resource": "*",
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}});
    let deny =
        json!({"Effect": "Deny", "Principal": "*", "Action": "kms:ScheduleKeyDeletion", "Resource": "*"});
    assert_eq!(with(json!([root, users, share, deny])), Ok(()));
    assert_eq!(with(root), Ok(()), "one statement without a list");
    assert_eq!(with(json!([{"Effect": "Allow", "Principal": "*", "Action": ["kms:*"]}])), Ok(()));
    let few = json!({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": ["kms:Describe*", "kms:Put*"]});
    assert_eq!(with(few), Ok(()), "few rights, but that of putting another policy");
}

#[test]
fn the_managed_key_s_policy_is_one_too_and_gives_nobody_another() {
    let managed = of_managed_key(&account(), &Region::parse("us-east-1").unwrap());
    assert!(checked(&managed, LockOut::Refused).unwrap_err().message.contains("in the future"));
    assert_eq!(checked(&managed, LockOut::Accepted), Ok(()));
}

#[test]
fn what_is_no_policy_is_malformed_even_without_the_check_of_lock_out() {
    for text in ["", "{}", "[]", "{", "\"x\"", r#"{"Statement":[]}"#, r#"{"Statement":"x"}"#] {
        for lock_out in [LockOut::Refused, LockOut::Accepted] {
            let code = checked(text, lock_out).unwrap_err().code;
            assert_eq!(code, "MalformedPolicyDocumentException", "{text}");
        }
    }
    let nobody = with(all_to(json!({"AWS": "nobody"}))).unwrap_err();
    assert_eq!(nobody.message, "Policy contains a statement with one or more invalid principals.");
    let long = " ".repeat(POLICY_BYTES_MAX + 1);
    assert_eq!(checked(&long, LockOut::Accepted).unwrap_err().code, "LimitExceededException");
}

#[test]
fn a_policy_that_locks_the_root_out_is_refused_unless_it_is_meant() {
    let root = json!({"AWS": ROOT});
    for statements in [
        all_to(json!({"AWS": "arn:aws:iam::444455556666:root"})),
        all_to(json!({"AWS": "arn:aws:iam::111122223333:user/a"})),
        json!([{"Effect": "Allow", "Principal": root, "Action": ["kms:Describe*"]}]),
        json!([{"Effect": "Allow", "Principal": root, "NotAction": "kms:Put*"}]),
        json!([{"Effect": "Allow", "Principal": root, "Action": "kms:*",
            "Condition": {"StringEquals": {"kms:ViaService": "ec2.us-east-1.amazonaws.com"}}}]),
        json!([{"Effect": "Allow", "Principal": root, "Action": "kms:*",
            "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}]),
        json!([{"Effect": "Allow", "Principal": root, "Action": "kms:*",
            "Resource": "arn:aws:kms:us-east-1:111122223333:key/another"}]),
        json!([all_to(root), {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy"}]),
    ] {
        let refusal = with(statements.clone()).unwrap_err();
        assert_eq!(refusal.code, "MalformedPolicyDocumentException", "{statements}");
        assert_eq!(
            refusal.message,
            "The new key policy will not allow you to update the key policy in the future."
        );
        assert!(
            refusal.reason.contains("kms:PutKeyPolicy by arn:aws:iam::111122223333:root"),
            "{}",
            refusal.reason
        );
        let text = json!({"Statement": statements}).to_string();
        assert_eq!(checked(&text, LockOut::Accepted), Ok(()), "{statements}");
    }
}

#[test]
fn every_element_of_the_policy_language_is_taken() {
    let root = all_to(json!({"AWS": ROOT}));
    for more in [
        json!({"Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}}),
        json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/a"}, "NotAction": "kms:Decrypt", "Action": null}),
        json!({"Principal": {"Service": "s3.amazonaws.com"}}),
        json!({"Principal": null, "NotPrincipal": {"AWS": [ROOT, "arn:aws:iam::111122223333:user/a"]}}),
        json!({"Condition": {"ForAllValues:StringLike": {"kms:GrantOperations": ["Decrypt", "Enc*"]}}}),
    ] {
        let mut deny = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"});
        for (name, value) in more.as_object().unwrap() {
            deny[name] = value.clone();
        }
        deny.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        assert_eq!(with(json!([root, deny])), Ok(()), "{deny}");
    }
}

#[test]
fn a_principal_that_does_not_exist_is_refused_whoever_it_is() {
    for nobody in [
        "arn:aws:iam::111122223333:user/b",
        "arn:aws:iam::111122223333:role/a",
        "arn:aws:iam::111122223333:user/x/a",
        "arn:aws:sts::111122223333:assumed-role/a/s",
        "arn:aws:iam::999999999999:root",
        "999999999999",
        "AIDAAAAAAAAAAAAAAAAA",
    ] {
        let statements =
            json!([all_to(json!({"AWS": ROOT})), all_to(json!({"AWS": ["444455556666", nobody]}))]);
        let refusal = with(statements).unwrap_err();
        assert_eq!(refusal.code, "MalformedPolicyDocumentException", "{nobody}");
        assert_eq!(refusal.message, "Policy contains a statement with one or more invalid principals.");
    }
}

#[test]
fn the_giver_must_be_able_to_give_another_itself_or_by_its_account() {
    let bench = Bench::new();
    let (user, role) = (bench.user(ACCOUNT, "a", Value::Null), bench.role(ACCOUNT, "r", Value::Null));
    let text = |principal: &str| {
        json!({"Version": "2012-10-17", "Statement": all_to(json!({"AWS": principal}))}).to_string()
    };
    let (to_user, to_role) = (text(&user.arn()), text(&Bench::role_arn(&role)));
    let may = |caller: &Caller, text: &str| given(&bench, caller, text, LockOut::Refused).is_ok();
    assert!(may(&user, &to_user) && may(&role, &to_role));
    assert!(!may(&user, &to_role) && !may(&role, &to_user) && !may(&bench.root(), &to_user));
    assert!(may(&user, &text(ROOT)) && may(&role, &text(ROOT)), "the account then decides by IAM");
}

#[test]
fn people_are_stored_by_their_ids() {
    let bench = Bench::new();
    let user = bench.user(ACCOUNT, "a", Value::Null);
    let text = json!({"Version": "2012-10-17", "Statement": all_to(json!({"AWS": user.arn()}))}).to_string();
    let stored = given(&bench, &user, &text, LockOut::Refused).unwrap();
    assert_eq!(stored, text.replace(&user.arn(), &user.principal_id()));
}
