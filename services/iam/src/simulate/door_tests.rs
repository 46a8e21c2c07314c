//! The simulator decides as the door does: the same users, policies, boundaries and control policies, asked both ways.

use crate::actions::SimulatePrincipalPolicy;
use crate::attachments::trial;
use crate::testing::{ACCOUNT, Bench, OTHER_ACCOUNT};
use api::identity::{Account, ControlPolicy, Node, Organization};
use api::{Action, Caller, Touched};
use base::AccountId;
use rules::iam::{Context, Question, decide};
use serde_json::{Value, json};
use wire::generated::iam::{ContextEntry, EvaluationResult, SimulatePrincipalPolicyInput};

const BOB: &str = "arn:aws:iam::111122223333:user/x/bob";
const VOLUME: &str = "arn:aws:ec2:us-east-1:111122223333:volume/vol-1";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
const NAMED: &str = "arn:aws:ec2:us-east-1:111122223333:volume/bob-1";

/// Actions and resources that every setting is asked about.
const ASKED: [(&str, &str); 8] = [
    ("ec2:CreateVolume", VOLUME),
    ("ec2:DeleteVolume", VOLUME),
    ("ec2:DeleteVolume", NAMED),
    ("ec2:DescribeVolumes", "*"),
    ("EC2:createvolume", VOLUME),
    ("kms:CreateGrant", KEY),
    ("kms:Decrypt", KEY),
    ("iam:CreateUser", "arn:aws:iam::111122223333:user/x"),
];

fn statement(effect: &str, action: Value, resource: Value) -> Value {
    json!({"Effect": effect, "Action": action, "Resource": resource})
}

fn when(mut statement: Value, condition: Value) -> Value {
    statement["Condition"] = condition;
    statement
}

/// Policies of `bob`.
fn policies() -> Vec<Value> {
    let all = || statement("Allow", json!("*"), json!("*"));
    vec![
        json!([statement("Allow", json!("ec2:*"), json!("*"))]),
        json!([all(), statement("Deny", json!("ec2:Delete*"), json!("*"))]),
        json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]),
        json!([{"Effect": "Allow", "Action": "ec2:*", "NotResource": VOLUME}]),
        json!([statement("Allow", json!("ec2:*Volume"), json!("arn:aws:ec2:*:*:volume/${aws:username}-?"))]),
        json!([when(all(), json!({"Bool": {"ec2:Encrypted": "true"}}))]),
        json!([when(all(), json!({"BoolIfExists": {"ec2:Encrypted": "true"}}))]),
        json!([
            all(),
            when(
                statement("Deny", json!("*"), json!("*")),
                json!({"Null": {"kms:GrantIsForAWSResource": "true"}})
            )
        ]),
        json!([when(all(), json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]}}))]),
        json!([when(all(), json!({"ForAnyValue:StringLike": {"aws:TagKeys": "t*"}}))]),
        json!([when(all(), json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}))]),
        json!([when(all(), json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/y/*"}}))]),
        json!([when(
            all(),
            json!({"DateGreaterThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"}, "NumericLessThan": {"ec2:VolumeSize": "100"}})
        )]),
    ]
}

/// What the resource says of itself.
fn keys() -> Vec<Context> {
    let mut encrypted = Context::default();
    encrypted.set("ec2:Encrypted", "true");
    encrypted.set("ec2:VolumeSize", "8");
    encrypted.set_all("aws:TagKeys", ["team".to_owned()]);
    let mut plain = Context::default();
    plain.set("ec2:Encrypted", "false");
    plain.set("ec2:VolumeSize", "100");
    plain.set("kms:GrantIsForAWSResource", "true");
    plain.set_all("aws:TagKeys", ["team".to_owned(), "other".to_owned()]);
    vec![Context::default(), encrypted, plain]
}

/// The door's decision in the simulator's words, and all the condition keys that it had.
fn door(bench: &Bench, caller: &Caller, action: &str, resource: &str, keys: &Context) -> (String, Context) {
    bench.with_cx(|cx| {
        let authority = cx.authority(caller).unwrap();
        let touched = Touched { arn: resource.to_owned(), keys: keys.clone() };
        let context = cx.context(&authority, &touched).unwrap();
        let (asker, layers) = (authority.asker(caller), &authority.layers);
        let decision = decide(&Question { asker, action, resource, context: &context, layers });
        let word = match (decision.allowed, decision.explicit) {
            (true, _) => "allowed",
            (false, true) => "explicitDeny",
            (false, false) => "implicitDeny",
        };
        (word.to_owned(), context)
    })
}

/// The simulator's, behind its own authorisation: control policies of a test may deny the simulation itself.
fn simulate(bench: &Bench, action: &str, resource: &str, context: &Context) -> EvaluationResult {
    let entry = |(name, values): (&str, &[String])| ContextEntry {
        context_key_name: Some(name.to_owned()),
        context_key_type: Some(if context.is_set(name) { "stringList" } else { "string" }.to_owned()),
        context_key_values: Some(values.to_vec()),
    };
    let input = SimulatePrincipalPolicyInput {
        policy_source_arn: BOB.to_owned(),
        action_names: vec![action.to_owned()],
        resource_arns: Some(vec![resource.to_owned()]),
        context_entries: Some(context.all().map(entry).collect()),
        ..Default::default()
    };
    SimulatePrincipalPolicy::check(&input).unwrap();
    let output = bench.with_cx(|cx| SimulatePrincipalPolicy::handle(cx, input.clone()).unwrap());
    output.evaluation_results.unwrap().remove(0)
}

/// Asks both about everything; how often each word was said.
fn agree(bench: &Bench, about: &Value) -> [usize; 3] {
    let bob = bench.user("bob");
    let mut said = [0; 3];
    for (action, resource) in ASKED {
        for keys in keys() {
            let (decided, context) = door(bench, &bob, action, resource, &keys);
            let told = simulate(bench, action, resource, &context).eval_decision.unwrap();
            assert_eq!(told, decided, "{about} {action} {resource} {keys:?}");
            let word = ["allowed", "implicitDeny", "explicitDeny"].iter().position(|word| *word == told);
            said[word.unwrap()] += 1;
        }
    }
    said
}

fn document(statements: &Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[test]
fn identity_policies() {
    let bench = trial::bench();
    let mut said = [0; 3];
    for statements in policies() {
        let text = document(&statements);
        bench.ok("PutUserPolicy", &[("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", &text)]);
        let more = agree(&bench, &statements);
        (0..3).for_each(|i| said[i] += more[i]);
    }
    // Every word is said often enough for their agreement to mean something.
    assert!(said.iter().all(|count| *count > 15), "{said:?}");
}

#[test]
fn groups_managed_policies_and_boundaries() {
    let bench = trial::bench();
    bench.ok("AddUserToGroup", &[("GroupName", "bob"), ("UserName", "bob")]);
    let deny = document(&json!(statement("Deny", json!("kms:Decrypt"), json!("*"))));
    bench.ok("PutGroupPolicy", &[("GroupName", "bob"), ("PolicyName", "g"), ("PolicyDocument", &deny)]);
    bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", trial::ADMIN)]);
    let mut said = [0; 3];
    for (i, statements) in policies().iter().enumerate() {
        let name = format!("p{i}");
        bench.ok("CreatePolicy", &[("PolicyName", &name), ("PolicyDocument", &document(statements))]);
        let arn = trial::policy_arn(&name);
        bench.ok("PutUserPermissionsBoundary", &[("UserName", "bob"), ("PermissionsBoundary", &arn)]);
        let more = agree(&bench, statements);
        (0..3).for_each(|i| said[i] += more[i]);
    }
    assert!(said.iter().all(|count| *count > 15), "{said:?}");
}

/// Puts the account into an organization whose root has this control policy.
fn organize(bench: &Bench, document: &str) {
    bench.with_cx(|cx| {
        let (now, id) = (cx.now(), "o-test".to_owned());
        let management = AccountId::parse(OTHER_ACCOUNT).unwrap();
        let root = "r-test".to_owned();
        cx.tx.put(&Organization { id: id.clone(), management, root: root.clone(), created: now }).unwrap();
        let control = ControlPolicy {
            id: "p-test".into(),
            organization: id.clone(),
            name: "test".into(),
            description: String::new(),
            document: document.to_owned(),
            created: now,
            tags: vec![],
        };
        cx.tx.put(&control).unwrap();
        let node = Node {
            id: root.clone(),
            organization: id.clone(),
            name: "Root".into(),
            parent: None,
            control_enabled: true,
            control_policies: vec!["p-test".into()],
            created: now,
            tags: vec![],
        };
        cx.tx.put(&node).unwrap();
        let mut account = cx.tx.get::<Account>(ACCOUNT).unwrap().unwrap();
        (account.organization, account.parent) = (Some(id), Some(root));
        account.control_policies = vec!["p-FullAWSAccess".into()];
        cx.tx.put(&account).unwrap();
    });
}

#[test]
fn control_policies_of_the_organization() {
    let bench = trial::bench();
    bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", trial::ADMIN)]);
    let mut said = [0; 3];
    for statements in policies() {
        organize(&bench, &document(&statements));
        let more = agree(&bench, &statements);
        (0..3).for_each(|i| said[i] += more[i]);
    }
    assert!(said.iter().all(|count| *count > 15), "{said:?}");
    organize(&bench, &document(&json!(statement("Allow", json!("ec2:*"), json!("*")))));
    let result = simulate(&bench, "iam:CreateUser", "*", &Context::default());
    let organizations = result.organizations_decision_detail.unwrap().allowed_by_organizations;
    assert_eq!((result.eval_decision.as_deref(), organizations), (Some("implicitDeny"), Some(false)));
}
