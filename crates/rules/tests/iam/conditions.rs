//! Every condition operator: `if` a Condition, `c` the request's keys, `x` whether it holds. Each case is asked twice, in a statement
//! that allows and in one that denies: the effect must make no difference.

use crate::{ANN, context, policy, table};
use rules::iam::{PolicyType, Verdict};
use serde_json::json;

#[test]
fn the_table_of_conditions_is_all_right() {
    let cases = table(include_str!("../data/iam-conditions.json"));
    assert!(cases.len() > 220, "{} cases", cases.len());
    for case in &cases {
        let holds = case["x"].as_bool().unwrap();
        for effect in ["Allow", "Deny"] {
            let statement =
                json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": case["if"]});
            let one = policy(&statement, "2012-10-17", PolicyType::Identity);
            let verdict = one.ask(&ANN, "ec2:CreateVolume", "*", &context(&case["c"]));
            let spoke = match verdict {
                Verdict::Allowed(..) => effect == "Allow",
                Verdict::Denied(_) => effect == "Deny",
                Verdict::Silent(_) => false,
            };
            assert_eq!(spoke, holds, "{effect}: {}", case["n"]);
            // What the document asks for is told, and so is what the request does not have.
            let missing = one.missing_keys(&context(&case["c"]));
            assert!(missing.iter().all(|key| one.condition_keys().contains(key)), "{}", case["n"]);
        }
    }
}

#[test]
fn every_operator_stands_in_the_table() {
    let text = include_str!("../data/iam-conditions.json");
    for operator in [
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
        "DateEquals",
        "DateNotEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "ArnEquals",
        "ArnNotEquals",
        "ArnLike",
        "ArnNotLike",
        "Null",
    ] {
        assert!(text.contains(&format!("{{\"{operator}\": {{")), "{operator}");
    }
}
