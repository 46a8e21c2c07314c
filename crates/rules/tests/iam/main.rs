//! The policy language against tables: `data/iam-*.json`. Each case names, as `n`, a statement about the language.

#![allow(clippy::unwrap_used, clippy::panic)] // helpers of tests fail like tests

mod cases;
mod conditions;
mod decisions;
mod documents;
mod laws;

use rules::iam::{Asker, AskerKind, Context, Policy, PolicyType};
use serde_json::{Value, json};

const ANN: Asker = Asker {
    kind: AskerKind::User,
    arn: "arn:aws:iam::111122223333:user/ann",
    issuer_arn: None,
    account: "111122223333",
};

/// The cases of a table.
fn table(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

/// A document of these statements.
fn policy(statements: &Value, version: &str, kind: PolicyType) -> Policy {
    let text = json!({"Version": version, "Statement": statements}).to_string();
    Policy::parse(&text, kind).unwrap_or_else(|why| panic!("{why:?}: {text}"))
}

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
