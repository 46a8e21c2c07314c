//! Every answer a store can give, and none, become what callers expect; asked over a socket, so that the library's own retries,
//! timeouts and texts are in it.

use crate::s3_store::{Credentials, S3Store};
use crate::s3_url::S3Url;
use crate::{ChunkStore, ObjectName, StoreError};
use std::io::{Read, Write};
use std::net::TcpListener;

/// A server that gives one answer to everything, and a store that asks it. The second request of a connection is a new one.
fn store_answered(answer: String) -> S3Store {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    env::spawn("answers", move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            // The head; the bodies of these tests are empty.
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                request.push(byte[0]);
            }
            let _ = stream.write_all(answer.as_bytes());
        }
    })
    .unwrap();
    store(&address.to_string())
}

fn store(address: &str) -> S3Store {
    let url = S3Url::parse(&format!("s3://bucket?endpoint=http://{address}")).unwrap();
    let keys = |name: &str| Some(format!("SECRET-{name}"));
    S3Store::open(&url, Credentials::find(&keys).unwrap()).unwrap()
}

fn answer(status: u16, code: &str) -> String {
    let body = format!("<Error><Code>{code}</Code><Message>because</Message></Error>");
    let head = "Content-Type: application/xml\r\nConnection: close";
    format!("HTTP/1.1 {status} Said\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn kind(e: &StoreError) -> &'static str {
    match e {
        StoreError::NotFound(_) => "NotFound",
        StoreError::NoSpace => "NoSpace",
        StoreError::Unavailable(_) => "Unavailable",
        StoreError::Refused(_) => "Refused",
    }
}

fn name() -> ObjectName {
    ObjectName::parse("us-east-1/snap-01/manifest").unwrap()
}

#[test]
fn every_status_becomes_the_failure_that_callers_expect() {
    // Status, code, then what reading and storing fail with.
    for (status, code, get, put) in [
        (404, "NoSuchKey", "NotFound", "Refused"),
        (404, "NoSuchBucket", "Refused", "Refused"),
        (404, "", "Refused", "Refused"),
        (403, "AccessDenied", "Refused", "Refused"),
        (403, "SignatureDoesNotMatch", "Refused", "Refused"),
        (401, "Unauthorized", "Refused", "Refused"),
        (400, "ExpiredToken", "Refused", "Refused"),
        (405, "MethodNotAllowed", "Refused", "Refused"),
        (301, "PermanentRedirect", "Refused", "Refused"),
        (409, "OperationAborted", "Unavailable", "Unavailable"),
        (507, "InsufficientStorage", "NoSpace", "NoSpace"),
        (403, "QuotaExceeded", "NoSpace", "NoSpace"),
    ] {
        let store = store_answered(answer(status, code));
        let failures = [store.get(&name()).unwrap_err(), store.put(&name(), b"").unwrap_err()];
        assert_eq!(failures.each_ref().map(kind), [get, put], "{status} {code}: {failures:?}");
        let deleted = store.delete(&name()).map_err(|e| kind(&e));
        assert_eq!(deleted, if get == "NotFound" { Ok(()) } else { Err(get) }, "{status} {code}");
        assert_eq!(store.probe().map_err(|e| kind(&e)), Err(put), "{status} {code}");
    }
}

#[test]
fn what_may_pass_is_tried_again_and_then_unavailable() {
    for (status, code) in [(503, "SlowDown"), (500, "InternalError"), (429, "TooManyRequests")] {
        let e = store_answered(answer(status, code)).get(&name()).unwrap_err();
        assert!(matches!(&e, StoreError::Unavailable(why) if why.contains(code)), "{e:?}");
        assert!(e.to_string().contains("4 retries"), "{e}");
    }
}

#[test]
fn a_failure_names_the_object_and_shows_no_credentials_and_no_endless_text() {
    let long = answer(500, &"x".repeat(100_000));
    for answer in [answer(403, "InvalidAccessKeyId"), long] {
        let text = store_answered(answer).get(&name()).unwrap_err().to_string();
        assert!(text.contains("us-east-1/snap-01/manifest") && !text.contains("SECRET"), "{text}");
        assert!(text.chars().count() < 500, "{}", text.len());
    }
}

#[test]
fn a_server_that_is_not_there_or_talks_nonsense_is_unavailable_within_seconds() {
    let clock = env::RealClock::default();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let began = env::Clock::monotonic(&clock);
    let cut_short = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nLast-Modified: Sat, 21 Nov 2026 00:00:00 GMT\r\nContent-Length: 9\r\n\r\nshort";
    for dead in [
        store(&closed),
        store("no-such-host.invalid:9000"),
        store_answered("what?\r\n\r\n".to_owned()),
        store_answered(String::new()),
        store_answered(cut_short.to_owned()),
    ] {
        let e = dead.get(&name()).unwrap_err();
        assert!(matches!(e, StoreError::Unavailable(_)), "{e:?}");
    }
    let took = env::Clock::monotonic(&clock) - began;
    assert!(took.as_secs() < 60, "{took:?}");
}

#[test]
fn an_object_that_is_too_large_is_not_read() {
    let head = "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nLast-Modified: Sat, 21 Nov 2026 00:00:00 GMT";
    let e =
        store_answered(format!("{head}\r\nContent-Length: 99999999999\r\n\r\n")).get(&name()).unwrap_err();
    assert!(matches!(&e, StoreError::Refused(why) if why.contains("too large")), "{e:?}");
}

#[test]
fn it_can_be_used_and_dropped_on_a_thread_of_another_runtime() {
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    other.block_on(async {
        let store = store_answered(answer(404, "NoSuchKey"));
        assert!(matches!(store.get(&name()), Err(StoreError::NotFound(_))));
        drop(store);
    });
}
