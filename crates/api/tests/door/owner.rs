//! The record of a call that used another account's resource goes to both accounts.

use crate::bench::{Bench, root};
use api::Caller;
use api::trail::Record;
use base::{AccountId, Region};
use serde_json::{Value, json};

const OWNER: &str = "444455556666";
const KEY: &str = "of-444455556666";

/// The caller's record and the owner's.
fn both(bench: &Bench) -> (Record, Record) {
    let mut all = bench.records();
    assert_eq!(all.len(), 2, "{all:?}");
    all.sort_by_key(|record| record.account.as_str() == OWNER);
    let owners = all.remove(1);
    (all.remove(0), owners)
}

#[test]
fn both_records_tell_of_one_event_and_the_owner_s_hides_who_it_was() {
    let bench = Bench::new();
    let caller = root().forwarded_by_ec2(&Region::parse("us-east-1").unwrap());
    assert_eq!(bench.grant_as(&caller, KEY, json!({})).0, 200);
    let (callers, owners) = both(&bench);
    assert_eq!((callers.account.as_str(), owners.account.as_str()), ("111122223333", OWNER));
    let shared = callers.body["sharedEventID"].as_str().unwrap();
    assert_eq!(owners.body["sharedEventID"], shared);
    assert_eq!(owners.body["eventID"], json!(owners.event_id));
    assert_ne!(owners.event_id, callers.event_id);
    assert_ne!(owners.sequence, callers.sequence);
    assert_eq!(
        (&owners.body["recipientAccountId"], &callers.body["recipientAccountId"]),
        (&json!(OWNER), &json!("111122223333"))
    );
    assert_eq!(
        owners.body["userIdentity"],
        json!({
            "type": "AWSAccount", "principalId": "111122223333", "accountId": "111122223333",
            "invokedBy": "ec2-frontend-api.amazonaws.com",
        })
    );
    assert!(owners.access_key_id.is_none() && !owners.body.to_string().contains("AKIATEST"));
    assert_eq!(owners.user_name, "111122223333");
    // All the rest is the same.
    let mut same = owners.body.clone();
    for member in ["eventID", "recipientAccountId", "userIdentity"] {
        same[member] = callers.body[member].clone();
    }
    assert_eq!(same, callers.body);
}

#[test]
fn a_direct_call_was_invoked_by_nobody() {
    let bench = Bench::new();
    bench.grant_as(&root(), KEY, json!({}));
    let expected = json!({"type": "AWSAccount", "principalId": "111122223333", "accountId": "111122223333"});
    assert_eq!(both(&bench).1.body["userIdentity"], expected);
}

#[test]
fn a_refused_use_is_told_to_the_owner_and_a_denied_one_is_not() {
    let bench = Bench::new();
    // Dry runs are refusals of an allowed use.
    assert_eq!(bench.grant_as(&root(), KEY, json!({"DryRun": true})).0, 400);
    let (callers, owners) = both(&bench);
    assert_eq!(owners.body["errorCode"], "DryRunOperationException");
    assert_eq!(owners.body["sharedEventID"], callers.body["sharedEventID"]);
    let denied = Bench::new();
    let service = Caller::service(AccountId::parse("111122223333").unwrap(), "ec2.us-east-1.amazonaws.com");
    assert_eq!(denied.grant_as(&service, KEY, json!({})).0, 400);
    let only = denied.record();
    assert_eq!((only.account.as_str(), &only.body["sharedEventID"]), ("111122223333", &Value::Null));
}

#[test]
fn a_use_of_one_s_own_and_a_use_outside_kms_have_one_record() {
    for key in ["k", "of-111122223333", "of-4444"] {
        let bench = Bench::new();
        bench.grant_as(&root(), key, json!({}));
        assert_eq!(bench.record().body["sharedEventID"], Value::Null, "{key}");
    }
    let bench = Bench::new();
    bench.tags(&["a"]);
    assert_eq!(bench.record().body["sharedEventID"], Value::Null);
}

#[test]
fn a_call_inside_a_call_tells_the_owner_of_the_inner_one_only() {
    let bench = Bench::new();
    assert_eq!(bench.tags(&[&format!("key-{KEY}")]).0, 200);
    let owners: Vec<Record> = bench.records().into_iter().filter(|r| r.account.as_str() == OWNER).collect();
    let names: Vec<&str> = owners.iter().map(|r| r.event_name.as_str()).collect();
    assert_eq!(names, ["CreateGrant"]);
    assert!(owners[0].inner);
}
