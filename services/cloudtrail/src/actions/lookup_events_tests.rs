//! LookupEvents as wire text, over records written by hand.

use api::trail::{Record, Touched};
use api::{Caller, Door, Registry, Request};
use base::{AccountId, Region, Timestamp};
use catalog::Catalog;
use env::{Env, SimClock};
use serde_json::{Value, json};
use std::sync::Arc;
use wire::generated::cloudtrail::SERVICE;
use wire::{Call, token::TokenKey};

/// 2026-01-02T03:04:05Z, where the simulated clock starts.
const START: i64 = 1_767_323_045;

struct Bench {
    door: Door,
    clock: Arc<SimClock>,
    _dir: tempfile::TempDir,
}

impl Bench {
    /// Records `CreateVolume0` (oldest) and on, one a second, ending just before the clock's start.
    fn with(count: i64) -> Bench {
        let (env, clock) = Env::simulated(1);
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", dir.path().join("catalog").display());
        let catalog = Catalog::open(&url, api::TABLES, env.clock.clone()).unwrap();
        let door = Door::new(env, catalog, Registry::default().with(crate::table()), TokenKey::new([7; 32]));
        let bench = Bench { door, clock, _dir: dir };
        let records: Vec<Record> =
            (0..count).map(|n| record("111122223333", "us-east-1", START - count + n, n)).collect();
        bench.write(&records);
        bench
    }

    fn write(&self, records: &[Record]) {
        let mut tx = self.door.catalog.begin().unwrap();
        records.iter().for_each(|r| tx.append(r).unwrap());
        tx.commit().unwrap();
    }

    fn call_as(&self, account: &str, region: &str, input: Value) -> (u16, Value) {
        let caller = Caller::root(AccountId::parse(account).unwrap(), "AKIATEST", "127.0.0.1", "test");
        let request = Request {
            id: self.door.env.ids.uuid(),
            region: Region::parse(region).unwrap(),
            received: self.door.env.clock.now(),
            host: "localhost".into(),
        };
        let target = format!("{}.LookupEvents", SERVICE.target_prefix);
        let call = Call {
            method: "POST".into(),
            path: "/".into(),
            headers: vec![("x-amz-target".into(), target)],
            body: input.to_string().into(),
            ..Default::default()
        };
        let reply = self.door.serve(&SERVICE, &caller, &request, &call);
        (reply.status, serde_json::from_slice(&reply.body).unwrap())
    }

    fn call(&self, input: Value) -> (u16, Value) {
        self.call_as("111122223333", "us-east-1", input)
    }

    /// The numbers of the records that come back, in order, and the token.
    fn numbers(&self, input: Value) -> (Vec<i64>, Value) {
        let (status, body) = self.call(input.clone());
        assert_eq!(status, 200, "{input}: {body}");
        let all = body["Events"].as_array().unwrap();
        let numbers =
            all.iter().filter_map(|e| e["EventName"].as_str()?.strip_prefix("CreateVolume")?.parse().ok());
        (numbers.collect(), body["NextToken"].clone())
    }

    fn by(&self, key: &str, value: &str) -> Vec<i64> {
        self.numbers(json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]})).0
    }

    fn refused(&self, input: Value, code: &str) {
        let (status, body) = self.call(input.clone());
        assert_eq!((status, &body["__type"]), (400, &json!(code)), "{input}: {body}");
    }
}

fn record(account: &str, region: &str, second: i64, n: i64) -> Record {
    let account = AccountId::parse(account).unwrap();
    Record {
        region: Region::parse(region).unwrap(),
        time: Timestamp::from_secs(second),
        sequence: 0,
        inner: false,
        event_id: format!("0000000{}-0000-4000-8000-{n:012}", n % 10),
        request_id: format!("request-{n}"),
        event_name: format!("CreateVolume{n}"),
        event_source: if n % 2 == 0 { "ec2.amazonaws.com" } else { "kms.amazonaws.com" }.into(),
        read_only: n % 3 == 0,
        user_name: format!("user-{}", n % 4),
        access_key_id: (n != 1).then(|| format!("AKIA{n}")),
        resources: vec![Touched {
            account: account.clone(),
            kind: format!("AWS::T{}", n % 2),
            arn: format!("arn:{n}"),
        }],
        reason: Some("not for CloudTrail".into()),
        body: json!({"eventName": format!("CreateVolume{n}"), "number": n}),
        account,
    }
}

#[test]
fn an_event_has_every_field_and_the_whole_record_as_text() {
    let bench = Bench::with(1);
    let (status, mut body) = bench.call(json!({}));
    assert_eq!(status, 200);
    let text = body["Events"][0]["CloudTrailEvent"].take();
    let record: Value = serde_json::from_str(text.as_str().unwrap()).unwrap();
    assert_eq!(record, json!({"eventName": "CreateVolume0", "number": 0}));
    let expected = json!({"Events": [{
        "EventId": "00000000-0000-4000-8000-000000000000",
        "EventName": "CreateVolume0",
        "ReadOnly": "true",
        "AccessKeyId": "AKIA0",
        "EventTime": START - 1,
        "EventSource": "ec2.amazonaws.com",
        "Username": "user-0",
        "Resources": [{"ResourceType": "AWS::T0", "ResourceName": "arn:0"}],
        "CloudTrailEvent": null,
    }]});
    assert_eq!(serde_json::to_string(&body).unwrap().replace(".0,", ","), expected.to_string());
}

#[test]
fn the_newest_come_first_and_fifty_to_a_page() {
    let bench = Bench::with(120);
    let (first, token) = bench.numbers(json!({}));
    assert_eq!((first[0], first[49], first.len()), (119, 70, 50));
    // The first call's own record is newer than everything and does not move the pages.
    let (second, token) = bench.numbers(json!({"NextToken": token}));
    assert_eq!((second[0], second[49], second.len()), (69, 20, 50));
    let (third, token) = bench.numbers(json!({"NextToken": token}));
    assert_eq!((third[0], third[19], third.len()), (19, 0, 20));
    assert_eq!(token, Value::Null);
}

#[test]
fn a_page_that_ends_with_the_last_match_has_no_token() {
    let bench = Bench::with(10);
    let (numbers, token) = bench.numbers(json!({"MaxResults": 10}));
    assert_eq!((numbers.len(), token), (10, Value::Null));
}

#[test]
fn pages_of_one_with_an_attribute_miss_nothing_and_repeat_nothing() {
    let bench = Bench::with(9);
    let attributes = json!([{"AttributeKey": "EventSource", "AttributeValue": "kms.amazonaws.com"}]);
    let (mut seen, mut token) = (vec![], Value::Null);
    for _ in 0..10 {
        let mut input = json!({"LookupAttributes": attributes, "MaxResults": 1});
        if token != Value::Null {
            input["NextToken"] = token;
        }
        let (numbers, next) = bench.numbers(input);
        seen.extend(numbers);
        token = next;
        if token == Value::Null {
            break;
        }
    }
    assert_eq!(seen, [7, 5, 3, 1]);
}

#[test]
fn each_attribute_finds_its_own() {
    let bench = Bench::with(6);
    assert_eq!(bench.by("EventId", "00000003-0000-4000-8000-000000000003"), [3]);
    assert_eq!(bench.by("EventName", "CreateVolume2"), [2]);
    assert_eq!(bench.by("ReadOnly", "true"), [3, 0]);
    assert_eq!(bench.by("ReadOnly", "False"), [5, 4, 2, 1]);
    assert_eq!(bench.by("Username", "user-1"), [5, 1]);
    assert_eq!(bench.by("ResourceType", "AWS::T1"), [5, 3, 1]);
    assert_eq!(bench.by("ResourceName", "arn:4"), [4]);
    assert_eq!(bench.by("EventSource", "ec2.amazonaws.com"), [4, 2, 0]);
    assert_eq!(bench.by("AccessKeyId", "AKIA5"), [5]);
}

#[test]
fn an_attribute_matches_whole_values_only() {
    let bench = Bench::with(6);
    for (key, value) in [
        ("EventName", "CreateVolume"),
        ("EventName", "createvolume2"),
        ("EventId", "00000003"),
        ("ResourceName", "arn:"),
        ("AccessKeyId", "AKIA1"),
        ("Username", "user-"),
        ("ReadOnly", "yes"),
        ("EventSource", "ec2"),
    ] {
        assert_eq!(bench.by(key, value), [0; 0], "{key}={value}");
    }
}

#[test]
fn there_are_no_insight_events() {
    let bench = Bench::with(6);
    assert_eq!(bench.numbers(json!({"EventCategory": "insight"})), (vec![], Value::Null));
}

#[test]
fn a_time_range_includes_both_ends() {
    let bench = Bench::with(10);
    let at = |n: i64| START - 10 + n;
    let range = |from: i64, to: i64| bench.numbers(json!({"StartTime": from, "EndTime": to})).0;
    assert_eq!(range(at(3), at(5)), [5, 4, 3]);
    assert_eq!(range(at(4), at(4)), [4]);
    assert_eq!(bench.numbers(json!({"EndTime": at(1)})).0, [1, 0]);
    assert_eq!(bench.numbers(json!({"StartTime": at(8)})).0, [9, 8]);
    assert_eq!(range(at(20), at(30)), [0; 0]);
    assert_eq!(range(0, at(-1)), [0; 0]);
}

#[test]
fn pages_stay_within_the_time_range() {
    let bench = Bench::with(10);
    let at = |n: i64| START - 10 + n;
    let (first, token) = bench.numbers(json!({"StartTime": at(2), "EndTime": at(6), "MaxResults": 3}));
    assert_eq!(first, [6, 5, 4]);
    let rest = json!({"StartTime": at(2), "EndTime": at(6), "MaxResults": 3, "NextToken": token});
    assert_eq!(bench.numbers(rest), (vec![3, 2], Value::Null));
}

#[test]
fn other_accounts_and_regions_have_trails_of_their_own() {
    let bench = Bench::with(2);
    bench.write(&[
        record("444455556666", "us-east-1", START - 1, 77),
        record("111122223333", "eu-west-1", START - 1, 88),
    ]);
    assert_eq!(bench.numbers(json!({})).0, [1, 0]);
    let (_, body) = bench.call_as("444455556666", "us-east-1", json!({}));
    assert_eq!(body["Events"].as_array().unwrap().len(), 1);
    assert_eq!(body["Events"][0]["EventName"], "CreateVolume77");
    assert_eq!(bench.by("ResourceName", "arn:88"), [0; 0]);
}

#[test]
fn a_token_is_good_for_its_own_account_and_region_only() {
    let bench = Bench::with(60);
    let token = bench.numbers(json!({})).1;
    for (account, region) in [("444455556666", "us-east-1"), ("111122223333", "eu-west-1")] {
        let (status, body) = bench.call_as(account, region, json!({"NextToken": token}));
        assert_eq!(
            (status, &body["__type"]),
            (400, &json!("InvalidNextTokenException")),
            "{account} {region}"
        );
    }
    for bad in ["x", "AAAA", &token.as_str().unwrap()[2..]] {
        bench.refused(json!({"NextToken": bad}), "InvalidNextTokenException");
    }
}

#[test]
fn bad_questions_are_refused() {
    let bench = Bench::with(1);
    let attribute = json!({"AttributeKey": "EventName", "AttributeValue": "x"});
    bench.refused(json!({"LookupAttributes": [attribute, attribute]}), "InvalidLookupAttributesException");
    bench.refused(json!({"StartTime": START, "EndTime": START - 1}), "InvalidTimeRangeException");
    for max in [0, 51, -1] {
        let (status, body) = bench.call(json!({"MaxResults": max}));
        assert_eq!(status, 400, "{max}: {body}");
    }
    for input in [
        json!({"LookupAttributes": [{"AttributeKey": "Nonsense", "AttributeValue": "x"}]}),
        json!({"LookupAttributes": [{"AttributeKey": "EventName"}]}),
        json!({"LookupAttributes": "EventName"}),
        json!({"StartTime": "yesterday"}),
        json!({"MaxResults": "ten"}),
    ] {
        let (status, body) = bench.call(input.clone());
        assert_eq!(status, 400, "{input}: {body}");
    }
}

#[test]
fn a_lookup_records_itself_as_read_only() {
    let bench = Bench::with(0);
    bench.call(json!({"MaxResults": 7}));
    bench.clock.advance(std::time::Duration::from_secs(1));
    let (_, body) = bench.call(json!({}));
    let event = &body["Events"][0];
    assert_eq!((&event["EventName"], &event["ReadOnly"]), (&json!("LookupEvents"), &json!("true")));
    let record: Value = serde_json::from_str(event["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(record["requestParameters"], json!({"maxResults": 7}));
    assert_eq!(
        (&record["responseElements"], &record["eventSource"]),
        (&Value::Null, &json!("cloudtrail.amazonaws.com"))
    );
}

#[test]
fn who_may_not_hears_access_denied() {
    let bench = Bench::with(1);
    let caller = Caller::service(AccountId::parse("111122223333").unwrap(), "ec2.us-east-1.amazonaws.com");
    let request = Request {
        id: "r".into(),
        region: Region::parse("us-east-1").unwrap(),
        received: bench.door.env.clock.now(),
        host: String::new(),
    };
    let target = format!("{}.LookupEvents", SERVICE.target_prefix);
    let call =
        Call { headers: vec![("x-amz-target".into(), target)], body: "{}".into(), ..Default::default() };
    let reply = bench.door.serve(&SERVICE, &caller, &request, &call);
    assert!(String::from_utf8_lossy(&reply.body).contains("AccessDeniedException"));
}
