//! Whole decisions: `who` asks, the policies of each layer, the resource's policy (`key`, of the account `owner`), what is decided, in
//! which layer, and `why` (a part of the reason).

use crate::{context, policy, table};
use rules::iam::{
    Asker, AskerKind, Attached, Context, Decision, Layers, PolicyType, Question, decide, decide_with_resource,
};
use serde_json::Value;
use std::sync::Arc;

const ACCOUNT: &str = "111122223333";

fn asker(who: &str) -> Asker<'static> {
    let (kind, arn, issuer_arn) = match who {
        "user" => (AskerKind::User, "arn:aws:iam::111122223333:user/ann", None),
        "root" => (AskerKind::Root, "arn:aws:iam::111122223333:root", None),
        "role" => (
            AskerKind::RoleSession,
            "arn:aws:sts::111122223333:assumed-role/worker/s1",
            Some("arn:aws:iam::111122223333:role/ops/worker"),
        ),
        "service-linked" => (
            AskerKind::ServiceLinkedRoleSession,
            "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForX/s1",
            Some("arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"),
        ),
        "federated" => (
            AskerKind::FederatedUser,
            "arn:aws:sts::111122223333:federated-user/fed",
            Some("arn:aws:iam::111122223333:user/ann"),
        ),
        "federated-root" => (
            AskerKind::FederatedUser,
            "arn:aws:sts::111122223333:federated-user/fed",
            Some("arn:aws:iam::111122223333:root"),
        ),
        "service" => (AskerKind::Service, "ec2.amazonaws.com", None),
        other => panic!("nobody is {other}"),
    };
    Asker { kind, arn, issuer_arn, account: ACCOUNT }
}

fn attached(statements: &Value, case: &Value, kind: PolicyType, source: String) -> Attached {
    let version = case["version"].as_str().unwrap_or("2012-10-17");
    Attached { policy: Arc::new(policy(statements, version, kind)), source }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn layers(case: &Value) -> Layers {
    let named = |policies: &Value, kind, name: &str| -> Vec<Attached> {
        let numbered = list(policies).iter().enumerate();
        numbered.map(|(at, one)| attached(one, case, kind, format!("{name}{}", at + 1))).collect()
    };
    let boundary = case.get("boundary");
    let levels = list(&case["control"]).iter().enumerate();
    Layers {
        identity: named(&case["identity"], PolicyType::Identity, "policy "),
        boundary: boundary.map(|one| attached(one, case, PolicyType::Identity, "boundary".to_owned())),
        session: case.get("session").map(|all| named(all, PolicyType::Identity, "session policy ")),
        control: levels
            .map(|(at, level)| named(level, PolicyType::Control, &format!("control {}.", at + 1)))
            .collect(),
    }
}

fn decided(case: &Value, layers: &Layers, context: &Context) -> Decision {
    let question = Question {
        asker: asker(case["who"].as_str().unwrap()),
        action: case["a"].as_str().unwrap(),
        resource: case["r"].as_str().unwrap(),
        context,
        layers,
    };
    let Some(key) = case.get("key") else { return decide(&question) };
    let said = policy(key, "2012-10-17", PolicyType::Key).ask(
        &question.asker,
        question.action,
        question.resource,
        context,
    );
    decide_with_resource(&question, said, case["owner"].as_str().unwrap())
}

fn keys(case: &Value) -> Context {
    let mut context = context(&case["c"]);
    for pair in list(&case["spellings"]) {
        context.add_spelling(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
    }
    context
}

#[test]
fn the_table_of_decisions_is_all_right() {
    let cases = table(include_str!("../data/iam-decisions.json"));
    assert!(cases.len() > 130, "{} cases", cases.len());
    for case in &cases {
        let decision = decided(case, &layers(case), &keys(case));
        let said = match (decision.allowed, decision.explicit) {
            (true, _) => "Allow",
            (false, true) => "Deny",
            (false, false) => "Implicit",
        };
        let layer = format!("{:?}", decision.layer);
        let expected = (case["x"].as_str().unwrap(), case["layer"].as_str().unwrap());
        assert_eq!((said, layer.as_str()), expected, "{}: {decision:?}", case["n"]);
        assert!(!decision.reason.is_empty(), "{}", case["n"]);
        if let Some(why) = case["why"].as_str() {
            assert!(decision.reason.contains(why), "{}: {}", case["n"], decision.reason);
        }
        let because = decision.because(case["a"].as_str().unwrap());
        assert_eq!(because.is_empty(), decision.allowed, "{}: {because}", case["n"]);
    }
}

#[test]
fn a_deny_added_to_any_layer_that_counts_denies_every_case() {
    let cases = table(include_str!("../data/iam-decisions.json"));
    let deny = serde_json::json!([{"Effect": "Deny", "Action": "*", "Resource": "*"}]);
    for case in &cases {
        let who = case["who"].as_str().unwrap();
        for layer in ["identity", "boundary", "session", "control"] {
            let mut layers = layers(case);
            let one = |kind| attached(&deny, case, kind, "more".to_owned());
            match layer {
                "identity" => layers.identity.push(one(PolicyType::Identity)),
                "boundary" => layers.boundary = Some(one(PolicyType::Identity)),
                "session" => layers.session.get_or_insert_default().push(one(PolicyType::Identity)),
                _ => layers.control.push(vec![one(PolicyType::Control)]),
            }
            let counts = match layer {
                "control" => !matches!(who, "service" | "service-linked"),
                "identity" => !matches!(who, "service" | "root" | "federated-root"),
                _ => !matches!(who, "service" | "root"),
            };
            let decision = decided(case, &layers, &keys(case));
            if counts {
                assert!(!decision.allowed && decision.explicit, "{layer}: {}: {decision:?}", case["n"]);
            } else {
                assert_eq!(
                    decision,
                    decided(case, &self::layers(case), &keys(case)),
                    "{layer}: {}",
                    case["n"]
                );
            }
        }
    }
}

#[test]
fn without_its_allows_no_layer_lets_anybody_but_the_root_in() {
    for case in &table(include_str!("../data/iam-decisions.json")) {
        let mut emptied = case.clone();
        for name in ["identity", "control"] {
            if emptied[name].as_array().is_some_and(|all| !all.is_empty()) {
                emptied[name] = serde_json::json!([]);
            }
        }
        emptied.as_object_mut().unwrap().remove("key");
        let decision = decided(&emptied, &layers(&emptied), &keys(case));
        let own = matches!(case["who"].as_str(), Some("root" | "federated-root"));
        assert!(!decision.allowed || own, "{}: {decision:?}", case["n"]);
    }
}
