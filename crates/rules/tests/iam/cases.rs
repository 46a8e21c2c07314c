//! Forty-two cases that other implementations get wrong. `p` statements, `v` version, `a` action, `r` resource, `c` condition keys,
//! `x` `Allow`, `Deny` (explicit), `Implicit` or `ParseError`; `rp` with `pr`: a resource's policy, and who asks.

use crate::{ANN, context, table};
use rules::iam::{Asker, AskerKind, Policy, PolicyType, Verdict};
use serde_json::json;

#[test]
fn the_table_of_tricky_cases_is_all_right() {
    let cases = table(include_str!("../data/iam-cases.json"));
    assert_eq!(cases.len(), 42);
    for case in cases {
        let document = json!({"Version": case["v"].as_str().unwrap_or("2012-10-17"), "Statement": case["p"]});
        let kind = if case["rp"] == true { PolicyType::Key } else { PolicyType::Identity };
        let arn = case["pr"].as_str().unwrap_or(ANN.arn);
        let account = arn.split(':').nth(4).unwrap();
        let asker = Asker { kind: AskerKind::User, arn, issuer_arn: None, account };
        let (action, resource) = (case["a"].as_str().unwrap(), case["r"].as_str().unwrap());
        let said = match Policy::parse(&document.to_string(), kind) {
            Err(_) => "ParseError",
            Ok(policy) => match policy.ask(&asker, action, resource, &context(&case["c"])) {
                Verdict::Denied(_) => "Deny",
                Verdict::Allowed(..) => "Allow",
                Verdict::Silent(_) => "Implicit",
            },
        };
        assert_eq!(said, case["x"].as_str().unwrap(), "{}", case["n"]);
    }
}
