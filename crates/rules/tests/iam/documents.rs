//! Documents: what is refused and with which words, what is taken, and what can be asked of a document.

use crate::{ANN, context, table};
use rules::iam::{
    Context, Effect, Malformed, Policy, PolicyType, Position, PrincipalName, Verdict, Version, Whom,
};
use serde_json::{Value, json};

fn kind(name: &str) -> PolicyType {
    match name {
        "Identity" => PolicyType::Identity,
        "Trust" => PolicyType::Trust,
        "Key" => PolicyType::Key,
        "Control" => PolicyType::Control,
        other => panic!("no kind {other}"),
    }
}

#[test]
fn what_is_no_policy_is_refused_in_the_words_of_its_kind() {
    let cases = table(include_str!("../data/iam-malformed.json"));
    assert!(cases.len() > 180, "{} cases", cases.len());
    for case in &cases {
        let text = match case["text"].as_str() {
            Some(text) => text.to_owned(),
            None => case["document"].to_string(),
        };
        match Policy::parse(&text, kind(case["kind"].as_str().unwrap())) {
            Ok(_) => panic!("taken: {text}"),
            Err(Malformed(message, detail)) => {
                assert_eq!(message, case["message"].as_str().unwrap(), "{text}");
                assert!(!detail.is_empty(), "{text}");
            }
        }
    }
}

#[test]
fn what_aws_takes_is_taken() {
    let ok = |more: Value| {
        let mut one = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"Version": "2012-10-17", "Statement": [one]})
    };
    for document in [
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
        json!({"Version": "2008-10-17", "Id": "x", "Statement": {"Effect": "Deny", "Action": ["*"], "Resource": ["*"]}}),
        ok(json!({"Sid": ""})),
        ok(json!({"Action": "iam: asdf safdsf af "})),
        ok(json!({"Action": "service-prefix:action-name"})),
        ok(json!({"Action": "s3.s:ListBucket"})),
        ok(json!({"Resource": ["arn:aws:s3:::example_bucket", "*"]})),
        ok(json!({"Resource": "arn:aws:iam:::user/example"})),
        ok(json!({"Resource": "arn:aws:iam::*:user/${aws:username}"})),
        ok(json!({"Resource": "arn:aws:iam::111122223333:*"})),
        ok(json!({"Resource": "arn:aws:iam::111122223333:us*"})),
        ok(json!({"Resource": "arn:aws:fdsasf"})),
        ok(json!({"Resource": "arn:aws:invalid-service:us-east-1::x"})),
        ok(json!({"Resource": "arn:aws:s3:us-west-2:123456789012:accesspoint/my-access-point/object/*"})),
        ok(json!({"Resource": "arn:aws-us-gov:ec2:*:*:volume/*"})),
        ok(json!({"Resource": "arn:aws:s3:::b/cognito/${cognito-identity.amazonaws.com:sub}/*"})),
        ok(json!({"Condition": {}})),
        ok(json!({"Condition": {"DateGreaterThan": {}}})),
        ok(json!({"Condition": {"DateGreaterThan": {"a": []}}})),
        ok(json!({"Condition": {"x": {}, "y": {}}})),
        ok(json!({"Condition": {"DateGreaterThan": {"a": "01T"}}})),
        ok(json!({"Condition": {"DateLessThanEquals": {"a": "2016-12-13t2:00:00.593194+23"}}})),
        ok(json!({"Condition": {"DateLessThan": {"a": "-292275054"}}})),
        ok(json!({"Condition": {"ForAnyValue:StringEqualsIfExists": {"a": "asf"}}})),
    ] {
        assert!(Policy::parse(&document.to_string(), PolicyType::Identity).is_ok(), "{document}");
    }
}

#[test]
fn new_policies_must_be_of_the_current_version() {
    let parse = |text: &str| Policy::parse(text, PolicyType::Identity).unwrap();
    let statement = r#""Statement":{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    for old in [format!("{{{statement}}}"), format!("{{\"Version\":\"2008-10-17\",{statement}}}")] {
        assert_eq!(parse(&old).version(), Version::V2008);
        let Err(Malformed(message, _)) = parse(&old).of_current_version() else { panic!("{old}") };
        assert_eq!(message, "Policy document must be version 2012-10-17 or greater.");
    }
    let new = format!("{{\"Version\":\"2012-10-17\",{statement}}}");
    assert_eq!(parse(&new).of_current_version(), Ok(parse(&new)));
}

#[test]
fn the_documentations_grants_for_aws_resources_are_for_aws_resources() {
    let text = include_str!("../data/iam-grants-for-aws-resources.json");
    let policy = Policy::parse(text, PolicyType::Identity).unwrap();
    let key = "arn:aws:kms:us-east-2:123456789012:key/abcd1234-a123-456d-a12b-a123b4cd56ef";
    let ask = |action, key, keys: Value| policy.ask(&ANN, action, key, &context(&keys));
    let for_aws = json!({"kms:GrantIsForAWSResource": "true"});
    assert_eq!(
        ask("kms:CreateGrant", key, for_aws.clone()),
        Verdict::Allowed("statement 1".to_owned(), Whom::Unsaid)
    );
    let direct = json!({"kms:GrantIsForAWSResource": "false"});
    assert_eq!(
        ask("kms:CreateGrant", key, direct),
        Verdict::Silent(
            "the one statement of the policy does not allow it; statement 1 would, but Bool kms:GrantIsForAWSResource wants true, \
             the request has false"
                .to_owned()
        )
    );
    assert!(matches!(ask("kms:CreateGrant", key, json!({})), Verdict::Silent(_)));
    assert!(matches!(ask("kms:Decrypt", key, for_aws.clone()), Verdict::Silent(_)));
    assert!(matches!(ask("kms:CreateGrant", &key.replace("2:", "1:"), for_aws), Verdict::Silent(_)));
}

#[test]
fn a_document_tells_where_the_statements_stand_that_matched() {
    let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Sid\": \"é\", \"Effect\": \"Allow\", \"Action\": \"*\",\n   \
                \"Principal\": \"*\"}, {\"Effect\": \"Deny\",\n  \"Action\": \"kms:Put*\", \"Principal\": \"*\"},\n  {\"Effect\": \
                \"Allow\", \"Action\": \"kms:Get*\", \"Principal\": \"*\"}]}";
    let policy = Policy::parse(text, PolicyType::Key).unwrap();
    let matched = policy.matching(&ANN, "kms:PutKeyPolicy", "*", &Context::default());
    let seen: Vec<_> = matched.iter().map(|m| (m.statement.as_str(), m.effect, m.start, m.end)).collect();
    let at = |line, column| Position { line, column };
    assert_eq!(
        seen,
        [
            ("statement \"é\"", Effect::Allow, at(3, 3), at(4, 21)),
            ("statement 2", Effect::Deny, at(4, 23), at(5, 42)),
        ]
    );
}

#[test]
fn a_document_tells_whom_and_which_keys_it_names() {
    let account = "arn:aws:iam::111122223333:root";
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": [account, "arn:aws:iam::111122223333:user/ann"], "Service": "ec2.amazonaws.com"},
         "Action": "kms:*", "Resource": "arn:aws:kms:*:${aws:PrincipalAccount}:key/${kms:X, 'y'}",
         "Condition": {"StringLike": {"kms:ViaService": "ec2.${aws:RequestedRegion}.*"}}},
        {"Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333", "AROAEXAMPLE:s"]}, "Action": "kms:*",
         "Condition": {"Null": {"KMS:viaservice": "true"}}}]});
    let policy = Policy::parse(&document.to_string(), PolicyType::Key).unwrap();
    assert_eq!(
        policy.principals(),
        [
            PrincipalName::Account("111122223333".to_owned()),
            PrincipalName::Arn("arn:aws:iam::111122223333:user/ann".to_owned()),
            PrincipalName::Service("ec2.amazonaws.com".to_owned()),
            PrincipalName::Id("AROAEXAMPLE:s".to_owned()),
        ]
    );
    let keys = ["aws:PrincipalAccount", "aws:RequestedRegion", "kms:ViaService", "kms:X"];
    assert_eq!(policy.condition_keys(), keys);
    let mut context = Context::default();
    context.set("KMS:VIASERVICE", "x");
    context.set_all("aws:RequestedRegion", []);
    assert_eq!(policy.missing_keys(&context), ["aws:PrincipalAccount", "aws:RequestedRegion", "kms:X"]);
}
