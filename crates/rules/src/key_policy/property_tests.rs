//! Laws of key policies, on random ones.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const EC2: &str = "ec2.us-east-1.amazonaws.com";

fn pick(from: &[Value]) -> impl Strategy<Value = Value> + use<> {
    proptest::sample::select(from.to_vec())
}

fn statement(effect: &'static str) -> impl Strategy<Value = Value> {
    let principals = pick(&[
        json!("*"),
        json!({"AWS": ACCOUNTS[0]}),
        json!({"AWS": [ACCOUNTS[1], ACCOUNTS[2]]}),
        json!({"AWS": format!("arn:aws:iam::{}:user/a", ACCOUNTS[1])}),
    ]);
    let actions = pick(&[json!("kms:*"), json!("kms:Decrypt"), json!(["kms:ReEncrypt*", "kms:CreateGrant"])]);
    let resources = pick(&[json!("*"), json!(KEY), json!("arn:aws:kms:*:*:key/0*")]);
    let conditions = pick(&[
        json!({}),
        json!({"StringEquals": {"kms:ViaService": EC2}}),
        json!({"StringEqualsIfExists": {"kms:ViaService": EC2}, "StringLike": {"kms:CallerAccount": "4*"}}),
        json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}),
        json!({"StringEquals": {"aws:SourceIp": "x"}}),
    ]);
    (principals, actions, any::<bool>(), resources, conditions).prop_map(
        move |(principal, action, not, resource, condition)| {
            let mut one =
                json!({"Effect": effect, "Principal": principal, "Resource": resource, "Condition": condition});
            one[if not { "NotAction" } else { "Action" }] = action;
            one
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<Value>> {
    proptest::collection::vec(prop_oneof![3 => statement("Allow"), 1 => statement("Deny")], 1..6)
}

/// Every use in a small world: who, what, through what.
fn verdicts(statements: &[Value]) -> Vec<char> {
    let policy = KeyPolicy::parse(&json!({"Statement": statements}).to_string()).unwrap();
    let key = Arn::parse(KEY).unwrap();
    let mut all = Vec::new();
    for account in ACCOUNTS.map(|account| AccountId::parse(account).unwrap()) {
        for operation in ["Decrypt", "ReEncryptFrom", "CreateGrant", "PutKeyPolicy"] {
            for via_service in [None, Some(EC2)] {
                for whose in [Some(&account), None] {
                    let asked = KeyUse {
                        account: whose,
                        caller_account: &account,
                        key: &key,
                        operation,
                        via_service,
                        context: None,
                    };
                    all.push(match policy.decide(&asked) {
                        Verdict::Allowed(_) => 'a',
                        Verdict::Denied(_) => 'd',
                        Verdict::Silent(_) => 's',
                    });
                }
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn a_deny_added_never_allows_more(mut policy in statements(), deny in statement("Deny"), at in 0usize..7) {
        let before = verdicts(&policy);
        policy.insert(at % (policy.len() + 1), deny);
        for (before, after) in before.into_iter().zip(verdicts(&policy)) {
            prop_assert!(after == before || after == 'd', "{before} became {after}");
        }
    }

    #[test]
    fn an_allow_added_never_lifts_a_deny(mut policy in statements(), allow in statement("Allow")) {
        let before = verdicts(&policy);
        policy.push(allow);
        for (before, after) in before.into_iter().zip(verdicts(&policy)) {
            prop_assert!(after == before || (before, after) == ('s', 'a'), "{before} became {after}");
        }
    }

    #[test]
    fn the_order_of_statements_does_not_matter(policy in statements().prop_flat_map(|p| (Just(p.clone()), Just(p).prop_shuffle()))) {
        prop_assert_eq!(verdicts(&policy.0), verdicts(&policy.1));
    }

    #[test]
    fn no_text_makes_reading_panic(text in ".{0,200}", statement in ".{0,60}") {
        let _ = KeyPolicy::parse(&text);
        let _ = KeyPolicy::parse(&format!("{{\"Statement\":{{\"Effect\":\"Allow\",\"Principal\":{statement}}}}}"));
    }

    #[test]
    fn a_pattern_matches_what_it_was_made_from(text in "[a-c*]{0,12}", cuts in proptest::collection::vec(any::<bool>(), 12)) {
        // Any characters of a text may be put under a question mark, or go under a star.
        let loose: String = text.chars().zip(&cuts).map(|(c, cut)| if *cut { '?' } else { c }).collect();
        let starred: String = text.chars().zip(&cuts).map(|(c, cut)| if *cut { '*' } else { c }).collect();
        prop_assert!(pattern::matches(&loose, &text));
        prop_assert!(pattern::matches(&starred, &text));
    }
}
