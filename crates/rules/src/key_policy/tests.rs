//! What documents are taken, and what each statement allows, case by case.

use super::*;
use serde_json::{Value, json};

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const EC2: &str = "ec2.us-east-1.amazonaws.com";
const OWNER: &str = "111122223333";
const OTHER: &str = "444455556666";

fn policy(statements: &Value) -> KeyPolicy {
    KeyPolicy::parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string())
        .unwrap_or_else(|why| panic!("{statements}: {}", why.0))
}

fn refused(statements: &Value) -> String {
    KeyPolicy::parse(&json!({"Statement": statements}).to_string()).unwrap_err().0
}

fn statement(effect: &str, more: Value) -> Value {
    let mut all = json!({"Effect": effect, "Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"});
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => drop(all.as_object_mut().unwrap().remove(name)),
            value => all[name] = value.clone(),
        }
    }
    all
}

/// A use by the root of an account; tests change what they are about.
struct Use {
    account: &'static str,
    service: bool,
    operation: &'static str,
    via: Option<&'static str>,
    context: Option<Vec<(&'static str, &'static str)>>,
}

const BY_OTHER: Use = Use { account: OTHER, service: false, operation: "Decrypt", via: None, context: None };

fn decide(statements: &Value, asked: &Use) -> Verdict {
    let account = AccountId::parse(asked.account).unwrap();
    let context: Option<Context> = asked
        .context
        .as_ref()
        .map(|pairs| pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect());
    policy(statements).decide(&KeyUse {
        account: (!asked.service).then_some(&account),
        caller_account: &account,
        key: &Arn::parse(KEY).unwrap(),
        operation: asked.operation,
        via_service: asked.via,
        context: context.as_ref(),
    })
}

fn allows(statements: &Value, asked: &Use) -> bool {
    matches!(decide(statements, asked), Verdict::Allowed(_))
}

#[test]
fn principals_are_everybody_accounts_and_roots() {
    let root = format!("arn:aws:iam::{OTHER}:root");
    for (principal, fits) in [
        (json!("*"), true),
        (json!({"AWS": "*"}), true),
        (json!({"AWS": OTHER}), true),
        (json!({"AWS": root}), true),
        (json!({"AWS": [OWNER, OTHER]}), true),
        (json!({"AWS": [format!("arn:aws:iam::{OTHER}:user/a"), root]}), true),
        (json!({"Service": "ebs.amazonaws.com", "AWS": OTHER}), true),
        (json!({"AWS": OWNER}), false),
        (json!({"AWS": format!("arn:aws:iam::{OWNER}:root")}), false),
        (json!({"AWS": format!("arn:aws:iam::{OTHER}:user/a")}), false),
        (json!({"AWS": format!("arn:aws:iam::{OTHER}:role/a/b")}), false),
        (json!({"AWS": format!("arn:aws:sts::{OTHER}:assumed-role/r/s")}), false),
        (json!({"Service": "ec2.amazonaws.com"}), false),
        (json!({"Federated": "cognito-identity.amazonaws.com"}), false),
    ] {
        assert_eq!(
            allows(&statement("Allow", json!({"Principal": principal})), &BY_OTHER),
            fits,
            "{principal}"
        );
    }
    // A service belongs to no account, and to everybody.
    let service = Use { service: true, ..BY_OTHER };
    assert!(!allows(&statement("Allow", json!({})), &service));
    assert_eq!(
        decide(&statement("Deny", json!({"Principal": "*"})), &service),
        Verdict::Denied("statement 1".into())
    );
}

#[test]
fn actions_are_patterns_without_case() {
    for (action, operation, fits) in [
        (json!("kms:Decrypt"), "Decrypt", true),
        (json!("KMS:decrypt"), "Decrypt", true),
        (json!("kms:GenerateDataKeyWithoutPlainText"), "GenerateDataKeyWithoutPlaintext", true),
        (json!("kms:*"), "PutKeyPolicy", true),
        (json!("*"), "Decrypt", true),
        (json!("kms:ReEncrypt*"), "ReEncryptFrom", true),
        (json!("kms:ReEncrypt"), "ReEncryptFrom", false),
        (json!(["kms:Encrypt", "kms:D*t"]), "Decrypt", true),
        (json!("kms:Decryp?"), "Decrypt", true),
        (json!("Decrypt"), "Decrypt", false),
        (json!("s3:*"), "Decrypt", false),
        (json!("ec2:Decrypt"), "Decrypt", false),
        (json!("kms:GenerateDataKey"), "GenerateDataKeyWithoutPlaintext", false),
        (json!("kms:Decrypt "), "Decrypt", false),
    ] {
        let asked = Use { operation, ..BY_OTHER };
        let these = statement("Allow", json!({"Action": action}));
        let all_but = statement("Allow", json!({"Action": null, "NotAction": action}));
        assert_eq!(allows(&these, &asked), fits, "{action} {operation}");
        assert_eq!(allows(&all_but, &asked), !fits, "all but {action} {operation}");
    }
}

#[test]
fn a_statement_is_about_this_key_or_about_nothing() {
    for (resource, fits) in [
        (json!("*"), true),
        (json!(KEY), true),
        (json!(["arn:aws:s3:::b", KEY]), true),
        (json!("arn:aws:kms:*:111122223333:key/*"), true),
        (Value::Null, true),
        (json!(KEY.replace("1234abcd", "1234abce")), false),
        (json!(KEY.to_uppercase()), false),
        (json!("arn:aws:kms:us-east-1:111122223333:alias/mine"), false),
        (json!(""), false),
    ] {
        let one = statement("Allow", json!({"Resource": resource}));
        assert_eq!(allows(&one, &BY_OTHER), fits, "{resource}");
    }
}

#[test]
fn an_explicit_deny_wins_and_silence_is_no() {
    let allow = statement("Allow", json!({}));
    for (more, denied) in [
        (json!({}), true),
        (json!({"Sid": "No", "Principal": "*"}), true),
        (json!({"Action": ["kms:Decrypt"]}), true),
        (json!({"Condition": {"StringEquals": {"kms:CallerAccount": OTHER}}}), true),
        (json!({"Condition": {}}), true),
        (json!({"Action": "kms:Encrypt"}), false),
        (json!({"Principal": {"AWS": OWNER}}), false),
        (json!({"Action": null, "NotAction": "kms:Decrypt"}), false),
        (json!({"Condition": {"StringEquals": {"kms:CallerAccount": OWNER}}}), false),
    ] {
        let deny = statement("Deny", more.clone());
        for statements in [json!([allow, deny]), json!([deny, allow])] {
            let verdict = decide(&statements, &BY_OTHER);
            assert_eq!(matches!(verdict, Verdict::Denied(_)), denied, "{more}");
            assert_eq!(matches!(verdict, Verdict::Allowed(_)), !denied, "{more}");
        }
    }
    assert_eq!(
        decide(&statement("Deny", json!({"Sid": "No"})), &BY_OTHER),
        Verdict::Denied("statement \"No\"".into())
    );
    let elsewhere = statement("Allow", json!({"Principal": {"AWS": OWNER}}));
    assert_eq!(
        decide(&json!([elsewhere, elsewhere]), &BY_OTHER),
        Verdict::Silent("none of the 2 statements of the key policy allows it".into())
    );
}

#[test]
fn conditions_hold_as_iam_says() {
    let id = "kms:EncryptionContext:aws:ebs:id";
    let vol = || Some(vec![("aws:ebs:id", "vol-1")]);
    let via = |via| Use { via: Some(via), ..BY_OTHER };
    let with = |pairs: Vec<(&'static str, &'static str)>| Use { context: Some(pairs), ..BY_OTHER };
    let grant = |via| Use { via, operation: "CreateGrant", ..BY_OTHER };
    let table: Vec<(Value, Use, bool)> = vec![
        (json!({"StringEquals": {"kms:ViaService": EC2}}), via(EC2), true),
        (json!({"StringEquals": {"KMS:viaservice": EC2}}), via(EC2), true),
        (json!({"StringEquals": {"kms:ViaService": ["x", EC2]}}), via(EC2), true),
        (json!({"StringEquals": {"kms:ViaService": EC2}}), BY_OTHER, false),
        (json!({"StringEquals": {"kms:ViaService": EC2}}), via("ec2.eu-west-1.amazonaws.com"), false),
        (json!({"StringEquals": {"kms:ViaService": "ec2.*.amazonaws.com"}}), via(EC2), false),
        (json!({"StringEquals": {"kms:ViaService": "EC2.us-east-1.amazonaws.com"}}), via(EC2), false),
        (json!({"StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"}}), via(EC2), true),
        (json!({"StringLike": {"kms:ViaService": "*"}}), BY_OTHER, false),
        (json!({"StringLikeIfExists": {"kms:ViaService": "s3.*"}}), BY_OTHER, true),
        (json!({"StringLikeIfExists": {"kms:ViaService": "s3.*"}}), via(EC2), false),
        (json!({"StringEqualsIfExists": {"kms:ViaService": EC2}}), BY_OTHER, true),
        (json!({"StringEqualsIfExists": {"kms:ViaService": EC2}}), via("s3.us-east-1.amazonaws.com"), false),
        (json!({"StringEquals": {"kms:CallerAccount": OTHER}}), BY_OTHER, true),
        (json!({"StringEquals": {"kms:CallerAccount": 444_455_556_666_u64}}), BY_OTHER, true),
        (json!({"StringEquals": {"kms:CallerAccount": OWNER}}), BY_OTHER, false),
        (json!({"StringEquals": {"kms:CallerAccount": OTHER, "kms:ViaService": EC2}}), via(EC2), true),
        (json!({"StringEquals": {"kms:CallerAccount": OWNER, "kms:ViaService": EC2}}), via(EC2), false),
        (
            json!({"StringEquals": {"kms:CallerAccount": OTHER}, "StringLike": {"kms:ViaService": "s3.*"}}),
            via(EC2),
            false,
        ),
        (json!({"StringEquals": {id: "vol-1"}}), Use { context: vol(), ..BY_OTHER }, true),
        (json!({"StringLike": {id: "vol-*"}}), Use { context: vol(), ..BY_OTHER }, true),
        (
            json!({"StringEquals": {"kms:EncryptionContext:AWS:EBS:ID": "vol-1"}}),
            with(vec![("aws:ebs:id", "vol-1")]),
            true,
        ),
        (json!({"StringEquals": {id: "vol-1"}}), with(vec![("AWS:ebs:id", "vol-1")]), true),
        (json!({"StringEquals": {id: "vol-1"}}), with(vec![("a", "b"), ("aws:ebs:id", "vol-1")]), true),
        (json!({"StringEquals": {id: "VOL-1"}}), with(vec![("aws:ebs:id", "vol-1")]), false),
        (
            json!({"StringEquals": {id: "vol-1"}}),
            with(vec![("aws:ebs:id", "vol-1"), ("AWS:EBS:ID", "vol-2")]),
            false,
        ),
        (json!({"StringEquals": {id: "vol-1"}}), with(vec![]), false),
        (json!({"StringEquals": {id: "vol-1"}}), BY_OTHER, false),
        (json!({"StringEqualsIfExists": {id: "vol-1"}}), BY_OTHER, true),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}), grant(Some(EC2)), true),
        (json!({"Bool": {"kms:GrantIsForAWSResource": true}}), grant(Some(EC2)), true),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "false"}}), grant(None), true),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}), grant(None), false),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "yes"}}), grant(Some(EC2)), false),
        (json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}), via(EC2), false),
        (json!({"BoolIfExists": {"kms:GrantIsForAWSResource": "true"}}), BY_OTHER, true),
    ];
    for (condition, asked, holds) in table {
        let one = statement("Allow", json!({"Condition": condition}));
        assert_eq!(allows(&one, &asked), holds, "{condition}");
    }
    // A deny is content with one of two spellings of a name.
    let deny = statement("Deny", json!({"Condition": {"StringEquals": {id: "vol-1"}}}));
    let both = with(vec![("aws:ebs:id", "vol-1"), ("AWS:EBS:ID", "vol-2")]);
    assert!(matches!(decide(&deny, &both), Verdict::Denied(_)));
}

/// Statements of which something is not evaluated, and the word by which a reason names it.
fn not_evaluated() -> Vec<(Value, &'static str)> {
    let condition = |operator: &str, key: &str, value: &str| json!({"Condition": {operator: {key: value}}});
    vec![
        (json!({"Principal": null, "NotPrincipal": {"AWS": OWNER}}), "NotPrincipal"),
        (json!({"Resource": null, "NotResource": "arn:aws:kms:::x"}), "NotResource"),
        (json!({"Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:*"}), "Resource"),
        (condition("Bool", "aws:MultiFactorAuthPresent", "true"), "aws:MultiFactorAuthPresent"),
        (condition("StringNotEquals", "kms:CallerAccount", OWNER), "StringNotEquals"),
        (condition("StringEquals", "aws:PrincipalOrgID", "o-1"), "aws:PrincipalOrgID"),
        (condition("StringEquals", "kms:EncryptionContext:other", "x"), "kms:EncryptionContext:other"),
        (condition("ForAnyValue:StringEquals", "kms:CallerAccount", OTHER), "ForAnyValue"),
        (condition("stringequals", "kms:CallerAccount", OTHER), "stringequals"),
        (condition("Null", "kms:ViaService", "true"), "Null"),
        (condition("Bool", "kms:ViaService", "true"), "Bool kms:ViaService"),
        (condition("StringEquals", "kms:GrantIsForAWSResource", "true"), "kms:GrantIsForAWSResource"),
        (condition("StringEquals", "kms:CallerAccount", "${aws:PrincipalAccount}"), "policy variable"),
        (condition("IfExists", "kms:CallerAccount", OTHER), "IfExists"),
    ]
}

#[test]
fn an_allow_that_is_not_evaluated_allows_nobody_and_the_reason_names_it() {
    let calls = [
        BY_OTHER,
        Use { via: Some(EC2), ..BY_OTHER },
        Use { operation: "CreateGrant", via: Some(EC2), ..BY_OTHER },
        Use { account: OWNER, ..BY_OTHER },
    ];
    for (more, word) in not_evaluated() {
        let one = statement("Allow", more.clone());
        for asked in &calls {
            let Verdict::Silent(why) = decide(&one, asked) else { panic!("{more} allows") };
            assert!(why.contains(word), "{why}");
        }
        assert_eq!(policy(&one).would_not_obey(), None, "{more}");
        // Another condition that holds does not make up for it.
        let mut two = one.clone();
        two["Condition"]["StringEquals"]["kms:CallerAccount"] = json!(OTHER);
        if one["Condition"]["StringEquals"].is_null() {
            assert!(!allows(&two, &BY_OTHER), "{more}");
        }
    }
}

#[test]
fn a_deny_that_is_not_evaluated_is_named_and_denies_what_it_may_mean() {
    for (more, word) in not_evaluated() {
        let one = statement("Deny", more.clone());
        let told = policy(&one).would_not_obey().unwrap_or_else(|| panic!("{more} is taken"));
        assert!(told.contains(word) && told.ends_with("in the denying statement 1"), "{told}");
        let statements = json!([statement("Allow", json!({})), one]);
        assert!(matches!(decide(&statements, &BY_OTHER), Verdict::Denied(_)), "{more}");
    }
    for principal in [
        json!({"AWS": format!("arn:aws:iam::{OTHER}:user/a")}),
        json!({"AWS": [OTHER, format!("arn:aws:iam::{OTHER}:role/a")]}),
        json!({"Service": "ec2.amazonaws.com"}),
    ] {
        let one = statement("Deny", json!({"Principal": principal}));
        assert!(policy(&one).would_not_obey().unwrap().contains("the principal"), "{principal}");
    }
    // Everybody includes them.
    let all = json!({"Principal": {"AWS": ["*", format!("arn:aws:iam::{OTHER}:user/a")]}});
    assert_eq!(policy(&statement("Deny", all)).would_not_obey(), None);
}

#[test]
fn silence_says_what_came_near() {
    let near =
        statement("Allow", json!({"Sid": "Sharing", "Condition": {"StringEquals": {"kms:ViaService": EC2}}}));
    let Verdict::Silent(why) =
        decide(&json!([near, statement("Allow", json!({"Action": "kms:Get*"}))]), &BY_OTHER)
    else {
        panic!("allowed")
    };
    assert_eq!(
        why,
        "none of the 2 statements of the key policy allows it; statement \"Sharing\" would, but its condition StringEquals \
         kms:ViaService does not hold"
    );
    let user = statement("Allow", json!({"Principal": {"AWS": format!("arn:aws:iam::{OTHER}:user/a")}}));
    let Verdict::Silent(why) = decide(&user, &BY_OTHER) else { panic!("allowed") };
    assert!(why.contains("statement 1 is not evaluated yet because of the principal"), "{why}");
}

#[test]
fn what_is_no_policy_document_is_malformed() {
    for (text, word) in [
        ("", "JSON"),
        ("{", "JSON"),
        ("{} x", "JSON"),
        ("[]", "key policy"),
        ("\"x\"", "key policy"),
        ("null", "key policy"),
        ("{}", "no statements"),
        (r#"{"Statement":[]}"#, "no statements"),
        (r#"{"Statement":"x"}"#, "key policy"),
        (r#"{"Statement":7}"#, "key policy"),
        (r#"{"Statement":[[]]}"#, "key policy"),
        (
            r#"{"Version":"2013-01-01","Statement":{"Effect":"Allow","Principal":"*","Action":"*"}}"#,
            "version",
        ),
        (r#"{"Statements":{"Effect":"Allow","Principal":"*","Action":"*"}}"#, "Statements"),
        (r#"{"Statement":{"Effect":"Deny","Effect":"Allow","Principal":"*","Action":"*"}}"#, "duplicate"),
    ] {
        let why = KeyPolicy::parse(text).unwrap_err().0;
        assert!(why.contains(word), "{text}: {why}");
    }
    let deep = "[".repeat(100_000);
    assert!(KeyPolicy::parse(&deep).is_err());
}

#[test]
fn statements_that_say_too_little_or_too_much_are_malformed() {
    let invalid = "invalid principals";
    for (more, word) in [
        (json!({"Effect": null}), "no effect"),
        (json!({"Effect": "allow"}), "no effect"),
        (json!({"Action": null}), "no action"),
        (json!({"NotAction": "kms:*"}), "both Action"),
        (json!({"Action": []}), "empty list"),
        (json!({"Action": 7}), "key policy"),
        (json!({"Principal": null}), "Principal"),
        (json!({"NotPrincipal": {"AWS": OTHER}}), "Principal"),
        (json!({"Principal": {}}), "empty list"),
        (json!({"Principal": {"AWS": []}}), "empty list"),
        (json!({"Principal": OTHER}), "kind"),
        (json!({"Principal": {"AWS": "44445555666"}}), invalid),
        (json!({"Principal": {"AWS": "arn:aws:iam::4444:root"}}), invalid),
        (json!({"Principal": {"AWS": format!("arn:aws:iam::{OTHER}:root/x")}}), invalid),
        (json!({"Principal": {"AWS": format!("arn:aws:iam::{OTHER}:group/g")}}), invalid),
        (json!({"Principal": {"AWS": format!("arn:aws:iam::{OTHER}:role/*")}}), invalid),
        (json!({"Principal": {"AWS": format!("arn:aws:iam::{OTHER}:*")}}), invalid),
        (json!({"Principal": {"AWS": "444*"}}), invalid),
        (json!({"Principal": {"aws": OTHER}}), invalid),
        (json!({"NotResource": "*"}), "both Resource"),
        (json!({"Resource": []}), "empty list"),
        (json!({"Conditions": {}}), "Conditions"),
        (json!({"Condition": []}), "key policy"),
        (json!({"Condition": {"StringEquals": "x"}}), "key policy"),
        (json!({"Condition": {"StringEquals": {"kms:ViaService": []}}}), "empty list"),
        (json!({"Condition": {"StringEquals": {"kms:ViaService": {"a": 1}}}}), "key policy"),
    ] {
        for effect in ["Allow", "Deny"] {
            let why = refused(&statement(effect, more.clone()));
            assert!(why.contains(word), "{more}: {why}");
        }
    }
}

#[test]
fn a_condition_that_stands_twice_counts_twice() {
    let text = format!(
        r#"{{"Statement":{{"Effect":"Allow","Principal":"*","Action":"*","Condition":{{
            "StringEquals":{{"kms:CallerAccount":"{OWNER}","kms:CallerAccount":"{OTHER}"}},
            "StringEquals":{{"kms:CallerAccount":"{OTHER}"}}}}}}}}"#
    );
    let account = AccountId::parse(OTHER).unwrap();
    let verdict = KeyPolicy::parse(&text).unwrap().decide(&KeyUse {
        account: Some(&account),
        caller_account: &account,
        key: &Arn::parse(KEY).unwrap(),
        operation: "Decrypt",
        via_service: None,
        context: None,
    });
    assert!(matches!(verdict, Verdict::Silent(_)));
}
