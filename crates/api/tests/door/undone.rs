//! What a refusal undoes, what stays, and what records say.

use crate::bench::{Bench, root};
use api::Failure;
use api::events::Event;
use base::Refusal;
use serde_json::{Value, json};

fn done(name: &str) -> (String, Option<String>) {
    (name.to_owned(), None)
}

fn refused(name: &str, code: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(code.to_owned()))
}

#[test]
fn a_record_is_complete_for_a_call_that_was_done() {
    let bench = Bench::new();
    bench.tags(&["a"]);
    let record = bench.record();
    let expected = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "Root", "principalId": "111122223333", "arn": "arn:aws:iam::111122223333:root",
            "accountId": "111122223333", "accessKeyId": "AKIATEST",
        },
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": "ec2.amazonaws.com",
        "eventName": "CreateTags",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "aws-cli/2",
        "requestParameters": {
            "resourcesSet": {"items": [{"resourceId": "a"}]},
            "tagSet": {"items": [{"key": "k", "value": "v"}]},
        },
        "responseElements": {"requestId": "4a2b8a1c-0000-4000-8000-000000000001", "_return": true},
        "requestID": "4a2b8a1c-0000-4000-8000-000000000001",
        "eventID": record.event_id,
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
        "tlsDetails": {"clientProvidedHostHeader": "localhost:4566"},
    });
    assert_eq!(record.body, expected);
    assert_eq!((record.user_name.as_str(), record.access_key_id.as_deref()), ("root", Some("AKIATEST")));
    assert_eq!(
        (record.resources[0].kind.as_str(), record.resources[0].arn.as_str()),
        ("AWS::EC2::Volume", "a")
    );
}

#[test]
fn a_refused_call_leaves_its_record_with_the_reason_and_nothing_else() {
    let bench = Bench::new();
    bench.tags(&["a", "event", "handle"]);
    assert_eq!(bench.notes(), [""; 0]);
    let record = bench.record();
    assert_eq!(record.body["errorCode"], "Client.Stopped");
    assert_eq!(record.body["errorMessage"], "stopped at handle");
    assert_eq!(record.body["responseElements"], Value::Null);
    assert_eq!(record.body["additionalEventData"], json!({"reason": "the test asked for it"}));
    assert_eq!(record.reason.as_deref(), Some("the test asked for it"));
    assert_eq!(record.resources.len(), 3, "what it touched is known all the same");
    let events = bench.door.catalog.begin().unwrap().scan::<Event>("", None, 10).unwrap();
    assert_eq!(events.len(), 0, "an event of an undone change did not happen");
}

#[test]
fn an_event_that_is_kept_survives_the_refusal() {
    let bench = Bench::new();
    bench.tags(&["event", "kept", "handle"]);
    let events = bench.door.catalog.begin().unwrap().scan::<Event>("", None, 10).unwrap();
    assert_eq!(events.len(), 1);
    let expected = json!({
        "version": "0", "id": "kept", "detail-type": "EBS Volume Notification", "source": "aws.ec2",
        "account": "111122223333", "time": "2026-01-02T03:04:05Z", "region": "us-east-1",
        "resources": ["arn:v", "arn:k"], "detail": {"event": "attachVolume"},
    });
    assert_eq!(events[0].envelope(), expected);
}

#[test]
fn a_call_inside_a_call_has_its_own_record_under_the_same_request() {
    let bench = Bench::new();
    assert_eq!(bench.tags(&["key-good"]).0, 200);
    assert_eq!(bench.endings(), [done("CreateGrant"), done("CreateTags")]);
    let records = bench.records();
    let inner = &records[0].body;
    assert_eq!(inner["requestID"], records[1].body["requestID"]);
    assert_ne!(records[0].event_id, records[1].event_id);
    for (member, value) in [
        ("sourceIPAddress", json!("ec2-frontend-api.amazonaws.com")),
        ("userAgent", json!("ec2-frontend-api.amazonaws.com")),
        ("vpcEndpointId", json!("AWS Internal")),
        ("vpcEndpointAccountId", json!("AWS Internal")),
        ("additionalEventData", json!({"keyMaterialId": "m"})),
        ("resources", json!([{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": "good"}])),
        ("tlsDetails", Value::Null),
    ] {
        assert_eq!(inner[member], value, "{member}");
    }
    assert_eq!(inner["userIdentity"]["invokedBy"], "ec2-frontend-api.amazonaws.com");
    assert_eq!(inner["userIdentity"]["accessKeyId"], "AKIATEST");
    assert_eq!(records[1].body["resources"], Value::Null, "EC2's records have no resources");
}

#[test]
fn a_refused_inner_call_refuses_the_outer_one_and_both_records_stay() {
    let bench = Bench::new();
    let (status, body) = bench.tags(&["a", "key-refused"]);
    assert_eq!((status, body.contains("<Code>DisabledException</Code>")), (400, true), "{body}");
    assert_eq!(
        bench.endings(),
        [refused("CreateGrant", "DisabledException"), refused("CreateTags", "Client.DisabledException")]
    );
    assert_eq!(bench.notes(), [""; 0]);
}

#[test]
fn an_inner_refusal_that_the_outer_call_bears_undoes_the_inner_one_only() {
    let bench = Bench::new();
    assert_eq!(bench.tags(&["swallow"]).0, 200);
    assert_eq!(bench.endings(), [refused("CreateGrant", "DisabledException"), done("CreateTags")]);
    assert_eq!(bench.notes(), ["swallow"], "and not grant-refused");
}

#[test]
fn a_done_inner_call_is_undone_with_the_outer_one_and_then_never_happened() {
    let bench = Bench::new();
    bench.tags(&["key-good", "handle"]);
    assert_eq!(bench.endings(), [refused("CreateTags", "Client.Stopped")]);
    assert_eq!(bench.notes(), [""; 0]);
}

#[test]
fn a_denied_record_shows_neither_parameters_nor_resources() {
    let bench = Bench::new();
    bench.tags(&["key-denied"]);
    let inner = bench.records().remove(0);
    assert_eq!(inner.body["errorCode"], "AccessDenied", "without the Exception");
    assert_eq!(inner.body["errorMessage"], "no");
    assert_eq!((&inner.body["requestParameters"], &inner.body["resources"]), (&Value::Null, &Value::Null));
    assert_eq!(inner.resources, []);
    assert_eq!(inner.reason.as_deref(), Some("no grant names the caller"), "but we know why");
}

#[test]
fn a_fault_shows_nothing_of_the_inside_and_leaves_nothing() {
    let bench = Bench::new();
    let (status, body) = bench.tags(&["a", "fault"]);
    let shown = crate::bench::ec2_error("InternalError", "An internal error has occurred");
    assert_eq!((status, body), (500, shown));
    let (status, body) = bench.grant_as(&root(), "fault", json!({}));
    let shown = json!({"__type": "KMSInternalException", "message": "An internal error has occurred"});
    assert_eq!((status, body), (500, shown));
    let reply = bench.blocks_as(&root());
    let kind = reply.headers.iter().find(|h| h.0 == "x-amzn-errortype").map(|h| h.1.as_str());
    assert_eq!((reply.status, kind), (500, Some("InternalServerException")));
    assert!(!String::from_utf8_lossy(&reply.body).contains("secret"));
    assert_eq!((bench.notes(), bench.records().len()), (vec![], 0));
}

#[test]
fn a_fault_inside_an_inner_call_is_a_fault_of_the_outer_one() {
    let bench = Bench::new();
    let (status, body) = bench.tags(&["key-fault"]);
    assert_eq!((status, body.contains("secret")), (500, false), "{body}");
    assert_eq!(bench.records().len(), 0);
}

#[test]
fn work_of_a_job_that_is_refused_half_way_leaves_only_what_is_kept() {
    let bench = Bench::new();
    let result = bench.door.transact(&root(), &bench.request(), &wire::generated::ec2::SERVICE, |cx| {
        cx.tx.put(&crate::bench::Note { id: "half".into(), count: 1 })?;
        cx.tx.append_kept(&crate::bench::Note { id: "kept".into(), count: 1 })?;
        Err::<(), Failure>(Refusal::new("No", "no").into())
    });
    assert!(matches!(result, Err(Failure::Refused(r)) if r.code == "No"));
    assert_eq!(bench.notes(), ["kept"]);
}
