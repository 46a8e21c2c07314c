//! The table of cases: policies, one request, and what is decided. Each case names a statement about the language.
//!
//! A case of `iam-cases.json`: `n` the statement, `p` statements, `v` version (2012-10-17), `a` action, `r` resource, `c` condition
//! keys, `x` `Allow`, `Deny` (explicit), `Implicit` or `ParseError`; `rp` with `pr`: a resource's policy, and who asks.

use rules::iam::{Asker, AskerKind, Context, Policy, PolicyType, Verdict};
use serde_json::{Value, json};

/// Sets the keys of a case: a list is a set of values, `{"date": …}` a moment.
fn context(keys: &Value) -> Context {
    let mut context = Context::default();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    for (name, value) in keys.as_object().into_iter().flatten() {
        match value {
            Value::Array(values) => context.set_all(name, values.iter().map(text)),
            Value::Object(date) => context.set(name, text(&date["date"])),
            one => context.set(name, text(one)),
        }
    }
    context
}

#[test]
fn the_table_of_tricky_cases_is_all_right() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/iam-cases.json")).unwrap();
    assert_eq!(cases.len(), 42);
    for case in cases {
        let name = case["n"].as_str().unwrap();
        let document = json!({"Version": case["v"].as_str().unwrap_or("2012-10-17"), "Statement": case["p"]});
        let kind = if case["rp"] == true { PolicyType::Key } else { PolicyType::Identity };
        let context = context(&case["c"]);
        let arn = case["pr"].as_str().unwrap_or("arn:aws:iam::111122223333:user/ann");
        let account = arn.split(':').nth(4).unwrap();
        let asker = Asker { kind: AskerKind::User, arn, issuer_arn: None, account };
        let said = match Policy::parse(&document.to_string(), kind) {
            Err(_) => "ParseError",
            Ok(policy) => {
                match policy.ask(&asker, case["a"].as_str().unwrap(), case["r"].as_str().unwrap(), &context) {
                    Verdict::Denied(_) => "Deny",
                    Verdict::Allowed(..) => "Allow",
                    Verdict::Silent(_) => "Implicit",
                }
            }
        };
        assert_eq!(said, case["x"].as_str().unwrap(), "{name}");
    }
}
