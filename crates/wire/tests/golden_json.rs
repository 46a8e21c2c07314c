//! Golden texts of the two JSON protocols, and routing by header and by path.

use base::{Refusal, Timestamp};
use serde_json::json;
use wire::generated::{cloudtrail, ebs, kms, sealvol};
use wire::{Call, Input, Output, Payload, Protocol, SERVICES, Service, encode_refusal, operation_name};

fn targeted(target: &str, body: &str) -> Call {
    let headers = vec![("x-amz-target".to_owned(), target.to_owned())];
    Call { method: "POST".into(), path: "/".into(), headers, body: body.to_owned().into(), ..Call::default() }
}

#[test]
fn the_target_header_names_the_operation() {
    let named = |service: &Service, target: &str| operation_name(service, &targeted(target, "{}"));
    assert_eq!(named(&kms::SERVICE, "TrentService.Decrypt").unwrap(), "Decrypt");
    let lookup = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";
    assert_eq!(named(&cloudtrail::SERVICE, lookup).unwrap(), "LookupEvents");
    assert_eq!(named(&sealvol::SERVICE, "Sealvol.Explain").unwrap(), "Explain");
    for wrong in [
        "",
        "Decrypt",
        ".Decrypt",
        "TrentService.",
        "TrentService.decrypt",
        "Sealvol.Decrypt",
        "TrentService.x.Decrypt",
    ] {
        let refusal = named(&kms::SERVICE, wrong).unwrap_err();
        assert_eq!((refusal.code.as_ref(), refusal.status), ("UnknownOperationException", 400), "{wrong}");
    }
    let none = Call { headers: vec![], ..targeted("", "{}") };
    assert!(operation_name(&kms::SERVICE, &none).is_err());
}

#[test]
fn json_refusals_name_their_type_and_an_empty_message_is_left_out() {
    let refusal = Refusal::new("DisabledException", "arn:\"x\" is disabled.").because("why");
    let reply = encode_refusal(&kms::SERVICE, &refusal, "r-1");
    assert_eq!(reply.status, 400);
    assert_eq!(reply.headers[0], ("x-amzn-requestid", "r-1".to_owned()));
    assert_eq!(reply.headers[1], ("content-type", "application/x-amz-json-1.1".to_owned()));
    assert_eq!(reply.body, "{\"__type\":\"DisabledException\",\"message\":\"arn:\\\"x\\\" is disabled.\"}");
    let silent = encode_refusal(&kms::SERVICE, &Refusal::new("InvalidCiphertextException", ""), "r");
    assert_eq!(silent.body, "{\"__type\":\"InvalidCiphertextException\"}");
}

#[test]
fn lookup_events_is_read_and_answered() {
    let body = "{\"LookupAttributes\":[{\"AttributeKey\":\"EventName\",\"AttributeValue\":\"Decrypt\"}],\
                \"StartTime\":1767323045.5,\"MaxResults\":50}";
    let input = cloudtrail::LookupEventsInput::decode(&targeted("", body)).unwrap();
    assert_eq!(input.start_time, Some(Timestamp::from_millis(1_767_323_045_500)));
    assert_eq!(
        input.trail(),
        json!({
            "lookupAttributes": [{ "attributeKey": "EventName", "attributeValue": "Decrypt" }],
            "startTime": "2026-01-02T03:04:05.500Z", "maxResults": 50,
        })
    );
    let event = cloudtrail::Event {
        event_id: Some("e".into()),
        event_time: Some(Timestamp::from_secs(1_767_323_045)),
        ..cloudtrail::Event::default()
    };
    let output = cloudtrail::LookupEventsOutput { events: Some(vec![event]), next_token: None };
    assert_eq!(output.encode("r").body, "{\"Events\":[{\"EventId\":\"e\",\"EventTime\":1767323045.0}]}");
}

fn rest(method: &str, path: &str) -> Call {
    Call { method: method.into(), path: path.into(), ..Call::default() }
}

#[test]
fn ebs_routes_by_method_and_path() {
    for (method, path, name) in [
        ("POST", "/snapshots", "StartSnapshot"),
        ("PUT", "/snapshots/snap-1/blocks/0", "PutSnapshotBlock"),
        ("GET", "/snapshots/snap-1/blocks/0", "GetSnapshotBlock"),
        ("GET", "/snapshots/snap-1/blocks", "ListSnapshotBlocks"),
        ("GET", "/snapshots/snap-1/changedblocks", "ListChangedBlocks"),
        ("POST", "/snapshots/completion/snap-1", "CompleteSnapshot"),
    ] {
        assert_eq!(operation_name(&ebs::SERVICE, &rest(method, path)).unwrap(), name);
    }
    for (method, path) in [
        ("GET", "/snapshots"),
        ("POST", "/snapshots/"),
        ("PUT", "/snapshots//blocks/0"),
        ("PUT", "/snapshots/snap-1/blocks/0/1"),
        ("GET", "snapshots/snap-1/blocks"),
        ("put", "/snapshots/snap-1/blocks/0"),
        ("GET", ""),
    ] {
        let refusal = operation_name(&ebs::SERVICE, &rest(method, path)).unwrap_err();
        assert_eq!(
            (refusal.code.as_ref(), refusal.status),
            ("UnknownOperationException", 404),
            "{method} {path}"
        );
    }
}

fn put_block(path: &str, headers: &[(&str, &str)]) -> Call {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Call { headers, body: vec![9; 4096].into(), ..rest("PUT", path) }
}

const BLOCK_HEADERS: [(&str, &str); 3] =
    [("x-amz-data-length", "4096"), ("x-amz-checksum", "abc="), ("x-amz-checksum-algorithm", "SHA256")];

#[test]
fn a_block_is_read_from_path_headers_and_body_without_a_copy() {
    let call = put_block("/snapshots/snap%2D1/blocks/7", &BLOCK_HEADERS);
    let input = ebs::PutSnapshotBlockInput::decode(&call).unwrap();
    assert_eq!((input.snapshot_id.as_str(), input.block_index, input.data_length), ("snap-1", 7, 4096));
    assert_eq!(input.block_data.0.as_ptr(), call.body.as_ptr(), "the body is shared, not copied");
    assert_eq!(format!("{:?}", input.block_data), "Payload(4096 bytes)");
    assert_eq!(
        input.trail(),
        json!({ "snapshotId": "snap-1", "blockIndex": 7, "dataLength": 4096, "checksum": "abc=", "checksumAlgorithm": "SHA256" })
    );
}

#[test]
fn a_bad_block_request_is_refused() {
    let refused = |call: Call| ebs::PutSnapshotBlockInput::decode(&call).unwrap_err();
    let path = "/snapshots/snap-1/blocks/7";
    let missing = refused(put_block(path, &BLOCK_HEADERS[1..]));
    assert_eq!(missing.code, "ValidationException");
    assert!(missing.message.contains("Value null at 'dataLength'"), "{}", missing.message);
    let negative = refused(put_block("/snapshots/snap-1/blocks/-1", &BLOCK_HEADERS));
    assert!(negative.message.contains("Value '-1' at 'blockIndex'"), "{}", negative.message);
    for (path, headers) in [
        ("/snapshots/snap-1/blocks/x", BLOCK_HEADERS),
        ("/snapshots/snap-1/blocks/99999999999", BLOCK_HEADERS),
        ("/snapshots/%ff/blocks/1", BLOCK_HEADERS),
        (path, [("x-amz-data-length", "many"), BLOCK_HEADERS[1], BLOCK_HEADERS[2]]),
    ] {
        assert_eq!(refused(put_block(path, &headers)).code, "SerializationException", "{path}");
    }
    // A call that never matched the route must not panic either.
    assert_eq!(refused(put_block("/", &BLOCK_HEADERS)).code, "ValidationException");
    let bad_query = Call { query: "%zz".into(), ..put_block(path, &BLOCK_HEADERS) };
    assert_eq!(refused(bad_query).code, "MalformedQueryString");
}

#[test]
fn a_block_is_answered_raw_with_its_headers() {
    let block = bytes::Bytes::from(vec![5; 16]);
    let output = ebs::GetSnapshotBlockOutput {
        data_length: Some(16),
        block_data: Some(Payload(block.clone())),
        checksum: Some("abc=".into()),
        // A header cannot carry this; leaving it out beats splitting the answer.
        checksum_algorithm: Some("SHA\r\nx: y".into()),
    };
    let reply = output.encode("r");
    assert_eq!(reply.body.as_ptr(), block.as_ptr());
    let names: Vec<&str> = reply.headers.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["x-amzn-requestid", "content-type", "x-amz-data-length", "x-amz-checksum"]);
    assert_eq!(reply.headers[1].1, "application/octet-stream");
    let started =
        ebs::StartSnapshotOutput { snapshot_id: Some("snap-1".into()), ..Default::default() }.encode("r");
    assert_eq!((started.status, started.body.as_ref()), (201, b"{\"SnapshotId\":\"snap-1\"}".as_slice()));
    let put = ebs::PutSnapshotBlockOutput::default().encode("r");
    assert_eq!((put.status, put.body.len()), (201, 0));
}

#[test]
fn ebs_reads_its_query_and_body() {
    let call =
        Call { query: "pageToken=a%2Bb&maxResults=100".into(), ..rest("GET", "/snapshots/snap-1/blocks") };
    let input = ebs::ListSnapshotBlocksInput::decode(&call).unwrap();
    assert_eq!((input.next_token.as_deref(), input.max_results), (Some("a+b"), Some(100)));
    let call = Call { body: "{\"VolumeSize\":1,\"Timeout\":5}".into(), ..rest("POST", "/snapshots") };
    let refusal = ebs::StartSnapshotInput::decode(&call).unwrap_err();
    assert_eq!(
        refusal.message,
        "1 validation error detected: Value '5' at 'timeout' failed to satisfy constraint: Member must have value \
         greater than or equal to 10"
    );
    let long = format!("{{\"VolumeSize\":1,\"KmsKeyArn\":\"{}\"}}", "k".repeat(2049));
    let call = Call { body: long.into(), ..rest("POST", "/snapshots") };
    let refusal = ebs::StartSnapshotInput::decode(&call).unwrap_err();
    assert!(refusal.message.contains("detected: Value at 'kmsKeyArn' failed"), "sensitive text is not shown");
    let no = Refusal::new("ResourceNotFoundException", "no").with_status(404).with_word("SNAPSHOT_NOT_FOUND");
    let reply = encode_refusal(&ebs::SERVICE, &no, "r");
    assert_eq!(
        (reply.status, reply.body.as_ref()),
        (404, b"{\"Message\":\"no\",\"Reason\":\"SNAPSHOT_NOT_FOUND\"}".as_slice())
    );
    assert!(reply.headers.contains(&("x-amzn-errortype", "ResourceNotFoundException".to_owned())));
}

#[test]
fn the_table_of_services_is_whole_and_sorted() {
    let names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
    assert_eq!(names, ["cloudtrail", "ebs", "ec2", "iam", "kms", "organizations", "sealvol", "sts"]);
    for service in SERVICES {
        assert!(service.operations.is_sorted_by_key(|route| route.name), "{}", service.name);
        assert!(service.operations.iter().all(|route| service.route(route.name) == Some(route)));
        assert_eq!(service.route("Nothing"), None);
        assert_eq!(service.target_prefix.is_empty(), service.protocol != Protocol::AwsJson11);
        assert_eq!(
            service.xml_namespace.is_empty(),
            matches!(service.protocol, Protocol::AwsJson11 | Protocol::RestJson)
        );
    }
    let mut visited = 0;
    macro_rules! visit {
        ($module:ident, $operation:ident) => {
            assert!(wire::generated::$module::SERVICE.route(stringify!($operation)).is_some());
            visited += 1;
        };
    }
    wire::each_operation!(visit);
    assert_eq!(visited, SERVICES.iter().map(|service| service.operations.len()).sum::<usize>());
}

#[test]
fn our_own_service_is_read_and_answered() {
    let input = sealvol::DescribeDeviceInput::decode(&targeted("", "{\"VolumeId\":\"vol-1\"}")).unwrap();
    assert_eq!((input.volume_id.as_str(), input.instance_id), ("vol-1", None));
    let refusal = sealvol::ExplainInput::decode(&targeted("", "{}")).unwrap_err();
    assert!(refusal.message.contains("'id'"));
    let output =
        sealvol::ExplainOutput { lines: Some(vec!["a".into()]), calls: Some(vec![]), ..Default::default() };
    assert_eq!(output.encode("r").body, "{\"Lines\":[\"a\"],\"Calls\":[]}");
}
