//! Laws that hold for all policies, on random ones; and documents made to be slow.

use crate::ANN;
use proptest::prelude::*;
use rules::iam::{Context, Policy, PolicyType, Verdict};
use serde_json::{Value, json};

const ACTIONS: [&str; 4] = ["ec2:CreateVolume", "ec2:DeleteVolume", "kms:Decrypt", "kms:CreateGrant"];
const RESOURCES: [&str; 3] =
    ["*", "arn:aws:ec2:us-east-1:111122223333:volume/vol-1", "arn:aws:kms:us-east-1:444455556666:key/k"];

fn pick(from: &[Value]) -> impl Strategy<Value = Value> + use<> {
    proptest::sample::select(from.to_vec())
}

fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let actions = pick(&[
        json!("*"),
        json!("ec2:*"),
        json!("KMS:*crypt"),
        json!(["ec2:?reateVolume", "kms:CreateGrant"]),
    ]);
    let resources = pick(&[
        json!("*"),
        json!("arn:aws:ec2:*:*:volume/*"),
        json!(["arn:aws:kms:*:444455556666:key/*", "arn:aws:ec2:*:*:volume/vol-2"]),
        json!("arn:aws:ec2:*:*:volume/${aws:username}"),
    ]);
    let conditions = pick(&[
        json!({}),
        json!({"Bool": {"ec2:Encrypted": "true"}}),
        json!({"BoolIfExists": {"ec2:Encrypted": "false"}}),
        json!({"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}),
        json!({"StringLike": {"aws:username": "a*"}, "NumericLessThan": {"ec2:VolumeSize": 100}}),
        json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["env"]}}),
        json!({"Null": {"aws:username": "false"}}),
    ]);
    (actions, any::<bool>(), resources, any::<bool>(), conditions).prop_map(
        move |(action, not_action, resource, not_resource, condition)| {
            let mut one = json!({"Effect": effect, "Condition": condition});
            one[if not_action { "NotAction" } else { "Action" }] = action;
            one[if not_resource { "NotResource" } else { "Resource" }] = resource;
            one
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(prop_oneof![3 => statement("Allow"), 1 => statement("Deny")], 1..6)
}

/// Requests of a small world with and without keys: `A`llowed, `D`enied, `S`ilent.
fn verdicts(statements: &[Value]) -> Vec<char> {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let policy = Policy::parse(&document, PolicyType::Identity).unwrap();
    let mut full = Context::default();
    full.set("ec2:Encrypted", "true");
    full.set("aws:RequestedRegion", "us-east-1");
    full.set("aws:username", "ann");
    full.set("ec2:VolumeSize", "8");
    full.set_all("aws:TagKeys", ["env".to_owned(), "team".to_owned()]);
    let mut other = full.clone();
    other.set("ec2:Encrypted", "false");
    other.set("aws:RequestedRegion", "eu-west-1");
    let mut all = Vec::new();
    for context in [&Context::default(), &full, &other] {
        for (action, resource) in ACTIONS.iter().flat_map(|a| RESOURCES.map(|r| (a, r))) {
            all.push(match policy.ask(&ANN, action, resource, context) {
                Verdict::Allowed(..) => 'A',
                Verdict::Denied(_) => 'D',
                Verdict::Silent(_) => 'S',
            });
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_explicit_deny_always_wins(mut all in statements(), at in any::<prop::sample::Index>()) {
        all.insert(at.index(all.len() + 1), json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
        prop_assert!(verdicts(&all).iter().all(|verdict| *verdict == 'D'));
    }

    #[test]
    fn adding_a_deny_never_turns_a_denial_into_an_allow(all in statements(), more in statement("Deny")) {
        let before = verdicts(&all);
        let after = verdicts(&[all, vec![more]].concat());
        for (before, after) in before.iter().zip(after) {
            prop_assert!(after == *before || after == 'D', "{before} became {after}");
        }
    }

    #[test]
    fn removing_an_allow_never_grants(mut all in statements(), at in any::<prop::sample::Index>()) {
        all.push(json!({"Effect": "Deny", "Action": "x:y", "Resource": "*"}));
        let before = verdicts(&all);
        let gone = at.index(all.len());
        if all[gone]["Effect"] == "Allow" {
            all.remove(gone);
            for (before, after) in before.iter().zip(verdicts(&all)) {
                prop_assert!(after == *before || (*before == 'A' && after == 'S'), "{before} became {after}");
            }
        }
    }

    #[test]
    fn the_order_of_statements_never_matters(all in statements(), seed in any::<prop::sample::Index>()) {
        let mut turned = all.clone();
        turned.rotate_left(seed.index(all.len()));
        prop_assert_eq!(verdicts(&all), verdicts(&turned));
        turned.reverse();
        prop_assert_eq!(verdicts(&all), verdicts(&turned));
    }

    #[test]
    fn a_missing_key_never_satisfies_a_positive_operator(
        operator in prop::sample::select(vec![
            "StringEquals", "StringEqualsIgnoreCase", "StringLike", "NumericEquals", "NumericLessThan", "NumericLessThanEquals",
            "NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateLessThan", "DateLessThanEquals",
            "DateGreaterThan", "DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "ArnEquals", "ArnLike",
        ]),
        any_value in any::<bool>(),
        value in prop::sample::select(vec!["*", "0", "", "${aws:username}", "${aws:username, '0'}"]),
    ) {
        let name = if any_value { format!("ForAnyValue:{operator}") } else { operator.to_owned() };
        let value = if operator.starts_with("Date") { "0" } else { value };
        for effect in ["Allow", "Deny"] {
            let one = json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": {&name: {"x:Key": value}}});
            prop_assert!(verdicts(&[one]).iter().all(|verdict| *verdict == 'S'));
        }
    }

    #[test]
    fn a_value_is_never_a_pattern(name in "[a*?$/{}:]{0,6}", asked in "[a*?$/{}:]{0,6}") {
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:x:::${aws:username}"},
            {"Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"StringLike": {"x:Asked": "${aws:username}"}, "StringNotEquals": {"x:Asked": "${aws:username}"}}}]});
        let policy = Policy::parse(&document.to_string(), PolicyType::Identity).unwrap();
        let mut context = Context::default();
        context.set("aws:username", name.as_str());
        context.set("x:Asked", asked.as_str());
        let verdict = policy.ask(&ANN, "x:y", &format!("arn:aws:x:::{asked}"), &context);
        prop_assert!(!matches!(verdict, Verdict::Denied(_)));
        prop_assert_eq!(matches!(verdict, Verdict::Allowed(..)), name == asked);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}", cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()) {
        let good = include_str!("../data/iam-grants-for-aws-resources.json");
        let place = at.index(good.len() + 1);
        let spliced = format!("{}{text}{}", &good[..place], &good[place..]);
        let cut = &good[..cut.index(good.len())];
        for kind in [PolicyType::Identity, PolicyType::Trust, PolicyType::Key, PolicyType::Control] {
            for text in [text.as_str(), &spliced, cut] {
                if let Ok(policy) = Policy::parse(text, kind) {
                    policy.ask(&ANN, &text.chars().take(50).collect::<String>(), text, &Context::default());
                }
            }
        }
    }
}

/// Documents of a size that KMS takes, made to be slow.
fn hostile() -> Vec<String> {
    let document = |resource: &Value, condition: &Value, times: usize| {
        let one = json!({"Effect": "Allow", "Action": "*", "Resource": resource, "Condition": condition});
        json!({"Version": "2012-10-17", "Statement": vec![one; times]}).to_string()
    };
    let stars = format!("arn:aws:{}b", "*a".repeat(16_000));
    let many: Vec<String> = (0..300).map(|n| format!("arn:aws:{}{n}", "*a".repeat(50))).collect();
    let variables = format!("arn:aws:{}", "${x:long}".repeat(3_000));
    vec![
        document(&json!(stars), &json!({}), 1),
        document(&json!(many), &json!({"StringNotLike": {"x:long": many, "x:set": many}}), 1),
        document(&json!(variables), &json!({"StringNotLike": {"x:long": variables}}), 1),
        document(&json!("*"), &json!({"StringNotEquals": {"x:set": (0..3_000).collect::<Vec<_>>()}}), 1),
        document(&json!("arn:aws:*a*a*a*a*b"), &json!({}), 2_000),
        format!("{}{}", "[".repeat(16_000), "]".repeat(16_000)),
        format!("{{\"Statement\":{}1{}}}", "{\"a\":".repeat(5_000), "}".repeat(5_000)),
        document(&json!(format!("arn:aws:x:::{}", "\u{1d11e}*\u{301}?".repeat(2_000))), &json!({}), 1),
    ]
}

fn ask_all(documents: &[String]) {
    let mut context = Context::default();
    context.set("x:long", "a".repeat(2_000));
    context.set_all("x:set", (0..200).map(|n| format!("{}{n}", "a".repeat(100))));
    let resource = format!("arn:aws:{}", "a".repeat(2_000));
    for text in documents {
        for kind in [PolicyType::Identity, PolicyType::Key, PolicyType::Control] {
            if let Ok(policy) = Policy::parse(text, kind) {
                policy.ask(&ANN, "kms:Decrypt", &resource, &context);
                policy.matching(&ANN, "kms:Decrypt", &resource, &context);
            }
        }
    }
}

#[test]
fn hostile_documents_come_to_an_end() {
    ask_all(&hostile());
}

/// A machine under load may take its time, so this is asked for by name.
#[test]
#[ignore = "measures time"]
#[allow(clippy::disallowed_methods)] // a clock that is meant
fn hostile_documents_take_seconds_at_most() {
    for document in hostile() {
        let start = std::time::Instant::now();
        ask_all(std::slice::from_ref(&document));
        let took = start.elapsed();
        assert!(took.as_secs() < 5, "{took:?}: {}", document.chars().take(80).collect::<String>());
    }
}
