//! A policy that is put is obeyed at once, by its own account and by others.

use crate::testing::{ACCOUNT, Bench};
use serde_json::{Value, json};

const OTHER: &str = "444455556666";
const LOCKED: &str = "The new key policy will not allow you to update the key policy in the future.";

fn document(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(account: &str, actions: Value) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": account}, "Action": actions, "Resource": "*"})
}

#[test]
fn the_policy_is_replaced_shown_and_recorded() {
    let bench = Bench::new();
    let key = bench.create_key();
    let text = document(json!([allow(ACCOUNT, json!("kms:*"))]));
    let answer = bench.ok("PutKeyPolicy", json!({"KeyId": key.arn, "Policy": text, "PolicyName": "default"}));
    assert_eq!(answer, json!({}));
    assert_eq!(bench.ok("GetKeyPolicy", json!({"KeyId": key.id}))["Policy"], json!(text));
    let record = bench.last_record("PutKeyPolicy").body;
    assert_eq!(
        record["requestParameters"],
        json!({"keyId": key.arn, "policyName": "default", "policy": text})
    );
    assert_eq!((&record["readOnly"], &record["resources"][0]["ARN"]), (&json!(false), &json!(key.arn)));
}

#[test]
fn a_root_has_only_what_the_policy_gives_it() {
    let bench = Bench::new();
    let key = bench.create_key();
    let text = document(json!([
        allow(ACCOUNT, json!(["kms:Describe*", "kms:Encrypt", "kms:PutKeyPolicy"])),
        {"Sid": "No", "Effect": "Deny", "Principal": "*", "Action": "kms:DescribeKey"},
    ]));
    bench.ok("PutKeyPolicy", json!({"KeyId": key.id, "Policy": text}));
    let blob = bench.ok("Encrypt", json!({"KeyId": key.id, "Plaintext": "eA=="}))["CiphertextBlob"].clone();
    let root = bench.root();
    let denied = "AccessDeniedException";
    let blob = json!({"CiphertextBlob": blob});
    bench.refused_because(
        &root,
        "Decrypt",
        blob,
        denied,
        "none of the 2 statements of the key policy allows it",
    );
    for operation in ["DisableKey", "GetKeyPolicy", "ListGrants", "ScheduleKeyDeletion"] {
        let (_, body) = bench.call_as(&root, operation, json!({"KeyId": key.id}));
        assert_eq!(body["__type"], denied, "{operation}");
    }
    let message = format!(
        "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: kms:DescribeKey on resource: {} with an explicit deny \
         in a resource-based policy",
        key.arn
    );
    bench.refused("DescribeKey", json!({"KeyId": key.id}), denied, &message);
    bench.refused_because(&root, "DescribeKey", json!({"KeyId": key.id}), denied, "statement \"No\"");
    bench.ok("PutKeyPolicy", json!({"KeyId": key.id, "Policy": document(allow(ACCOUNT, json!("kms:*")))}));
    bench.ok("DescribeKey", json!({"KeyId": key.id}));
}

#[test]
fn lock_out_is_refused_unless_the_check_is_forgone_and_then_final() {
    let bench = Bench::new();
    let key = bench.create_key();
    let text = document(json!([allow(ACCOUNT, json!("kms:Describe*"))]));
    let malformed = "MalformedPolicyDocumentException";
    bench.refused("PutKeyPolicy", json!({"KeyId": key.id, "Policy": text}), malformed, LOCKED);
    let not = json!({"KeyId": key.id, "Policy": text, "BypassPolicyLockoutSafetyCheck": false});
    bench.refused("PutKeyPolicy", not, malformed, LOCKED);
    bench.refused("CreateKey", json!({"Policy": text}), malformed, LOCKED);
    assert_eq!(bench.rows().0, 1);
    let bypass = json!({"KeyId": key.id, "Policy": text, "BypassPolicyLockoutSafetyCheck": true});
    bench.ok("PutKeyPolicy", bypass.clone());
    let (_, body) = bench.call_as(&bench.root(), "PutKeyPolicy", bypass);
    assert_eq!(body["__type"], "AccessDeniedException");
    let made = json!({"Policy": text, "BypassPolicyLockoutSafetyCheck": true});
    let made = bench.create_key_with(made);
    bench.ok("DescribeKey", json!({"KeyId": made.id}));
    assert_eq!(bench.call_as(&bench.root(), "DisableKey", json!({"KeyId": made.id})).0, 400);
}

#[test]
fn bad_documents_names_and_keys_are_refused_and_change_nothing() {
    let bench = Bench::new();
    let key = bench.create_key();
    let before = bench.ok("GetKeyPolicy", json!({"KeyId": key.id}))["Policy"].clone();
    let good = document(json!([allow(ACCOUNT, json!("kms:*")), allow(OTHER, json!("kms:*"))]));
    let managed = bench.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"}))["KeyMetadata"]["KeyId"].clone();
    let nobody = document(json!([allow(ACCOUNT, json!("kms:*")), allow("999999999999", json!("kms:*"))]));
    for (input, code) in [
        (json!({"KeyId": key.id, "Policy": "{}"}), "MalformedPolicyDocumentException"),
        (json!({"KeyId": key.id, "Policy": "x"}), "MalformedPolicyDocumentException"),
        (json!({"KeyId": key.id, "Policy": ""}), "ValidationException"),
        (json!({"KeyId": key.id}), "ValidationException"),
        (json!({"Policy": good}), "ValidationException"),
        (json!({"KeyId": key.id, "Policy": " ".repeat(32_769)}), "LimitExceededException"),
        (json!({"KeyId": key.id, "Policy": nobody}), "MalformedPolicyDocumentException"),
        (json!({"KeyId": key.id, "Policy": good, "PolicyName": "other"}), "NotFoundException"),
        (json!({"KeyId": "alias/aws/ebs", "Policy": good}), "NotFoundException"),
        (json!({"KeyId": managed, "Policy": good}), "AccessDeniedException"),
    ] {
        let (_, body) = bench.call_as(&bench.root(), "PutKeyPolicy", input.clone());
        assert_eq!(body["__type"], code, "{input}");
    }
    assert_eq!(bench.ok("GetKeyPolicy", json!({"KeyId": key.id}))["Policy"], before);
    // Management is for the key's own account, even if the policy says otherwise.
    bench.ok("PutKeyPolicy", json!({"KeyId": key.id, "Policy": good}));
    let other = bench.root_of(OTHER);
    for (operation, more) in [
        ("PutKeyPolicy", json!({"Policy": good})),
        ("GetKeyPolicy", json!({})),
        ("DisableKey", json!({})),
        ("ScheduleKeyDeletion", json!({})),
    ] {
        let mut input = json!({"KeyId": key.arn});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        bench.refused_because(&other, operation, input, "AccessDeniedException", "for a key's own account");
    }
    bench.ok_as(&other, "DescribeKey", json!({"KeyId": key.arn}));
}

#[test]
fn any_key_state_takes_a_policy() {
    let bench = Bench::new();
    let key = bench.create_key();
    let text = document(json!([allow(ACCOUNT, json!("kms:*"))]));
    bench.ok("DisableKey", json!({"KeyId": key.id}));
    bench.ok("PutKeyPolicy", json!({"KeyId": key.id, "Policy": text}));
    bench.ok("ScheduleKeyDeletion", json!({"KeyId": key.id}));
    bench.ok("PutKeyPolicy", json!({"KeyId": key.id, "Policy": text}));
}
