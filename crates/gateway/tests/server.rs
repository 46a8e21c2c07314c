//! The gateway on a real socket: what gets through, what is refused, and who is cut off.

mod harness;

use env::Env;
use harness::{echo, signed, start};
use std::io::Write;
use std::time::Duration;

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn sleep(count: u64) {
    Env::real().clock.sleep(millis(count));
}

#[test]
fn health_needs_no_signature() {
    let gateway = start(|_| {});
    let answer = gateway.ask(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"status\":\"ok\"}\n"));
    assert!(answer.head.contains("x-amzn-requestid: "), "{}", answer.head);
    assert_eq!(gateway.ask(b"POST /health HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n").status, 403);
}

#[test]
fn a_signed_call_reaches_the_door_as_it_was_sent() {
    let gateway = start(|_| {});
    let answer = gateway.ask(&signed("ebs", "GET", "/snapshots/a%2Fb/blocks?pageToken=x%2By", &[], b""));
    assert_eq!(
        answer.body,
        "{\"who\":\"111122223333\",\"scope\":\"ebs us-east-1\",\"call\":\"GET /snapshots/a%2Fb/blocks?pageToken=x%2By\",\
         \"bytes\":0,\"from\":\"127.0.0.1 localhost:4566\"}"
    );
    assert!(answer.head.contains("x-amzn-requestid: ") && !answer.closes(), "{}", answer.head);
    assert!(gateway.door.refused.lock().is_empty());
}

#[test]
fn connections_are_kept_and_pipelined_calls_are_answered_in_order() {
    let gateway = start(|_| {});
    let mut client = gateway.connect();
    for _ in 0..3 {
        client.write(&echo(&[]));
        assert_eq!(client.answer().status, 200);
    }
    let mut many = Vec::new();
    for count in 1..=5 {
        many.extend(signed(
            "ec2",
            "POST",
            "/",
            &[("x-test-bytes", &count.to_string())],
            b"Version=2016-11-15",
        ));
    }
    client.write(&many);
    for count in 1..=5 {
        assert_eq!(client.answer().body.len(), count);
    }
}

#[test]
fn refusals_speak_the_protocol_of_the_call() {
    let gateway = start(|_| {});
    let post = |headers: &str, body: &str| {
        format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
            .into_bytes()
    };
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let ec2 = gateway.ask(&post(form, "Action=DescribeVolumes&Version=2016-11-15"));
    assert!(ec2.body.contains("<Response><Errors><Error><Code>MissingParameter</Code>"), "{}", ec2.body);
    let sts = gateway.ask(&post(form, "Action=GetCallerIdentity&Version=2011-06-15"));
    assert!(
        sts.status == 403 && sts.body.contains("<Code>MissingAuthenticationToken</Code>"),
        "{}",
        sts.body
    );
    let kms = gateway.ask(&post("x-amz-target: TrentService.ListKeys\r\n", "{}"));
    assert!(
        kms.status == 400 && kms.body.contains("\"MissingAuthenticationTokenException\""),
        "{}",
        kms.body
    );
    let ebs = gateway.ask(b"GET /snapshots/snap-1/blocks HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(ebs.head.contains("x-amzn-errortype: missingauthenticationtokenexception"), "{}", ebs.head);
    let refused = gateway.door.refused.lock();
    assert_eq!(refused.len(), 4);
    assert!(refused[0].starts_with("none MissingParameter the request has neither"), "{refused:?}");
}

#[test]
fn the_door_hears_of_a_refused_call_with_what_it_claimed() {
    let gateway = start(|_| {});
    let mut bytes = echo(&[]);
    let at = bytes.windows(10).position(|w| w == b"Signature=").unwrap() + 10;
    bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
    let answer = gateway.ask(&bytes);
    assert!(answer.status == 403 && answer.body.contains("<Code>AuthFailure</Code>"), "{}", answer.body);
    assert!(gateway.door.refused.lock()[0].starts_with("ec2 AuthFailure the signature differs"));
}

#[test]
fn a_body_that_is_too_long_is_refused_however_it_is_sent() {
    let gateway = start(|config| config.body_bytes_max = 100_000);
    assert_eq!(gateway.ask(&signed("ebs", "PUT", "/snapshots/a", &[], &[b'x'; 100_000])).status, 200);
    let long = gateway.ask(&signed("ebs", "PUT", "/snapshots/a", &[], &[b'x'; 100_001]));
    assert!(
        long.status == 413 && long.closes() && long.body.contains("larger than the 100000 bytes"),
        "{long:?}"
    );
    let mut chunked = b"PUT /snapshots/a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..11 {
        chunked.extend(b"2710\r\n");
        chunked.extend([b'x'; 10_000]);
        chunked.extend(b"\r\n");
    }
    chunked.extend(b"0\r\n\r\n");
    assert_eq!(gateway.ask(&chunked).status, 413);
    let huge =
        gateway.ask(b"PUT /snapshots/a HTTP/1.1\r\nhost: x\r\ncontent-length: 9000000000000000\r\n\r\n");
    assert_eq!((huge.status, huge.closes()), (413, true));
}

#[test]
fn all_bodies_together_have_a_limit_too_and_give_it_back() {
    let gateway = start(|config| config.body_bytes_total_max = 50_000);
    for _ in 0..5 {
        assert_eq!(gateway.ask(&signed("ebs", "PUT", "/snapshots/a", &[], &[b'x'; 40_000])).status, 200);
        let busy = gateway.ask(&signed("ebs", "PUT", "/snapshots/a", &[], &[b'x'; 60_000]));
        assert!(busy.status == 503 && busy.head.contains("serviceunavailable"), "{busy:?}");
    }
}

#[test]
fn heads_that_are_too_long_or_garbage_are_answered_and_closed() {
    let gateway = start(|_| {});
    let long = format!("GET / HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(33 * 1024));
    assert_eq!(gateway.ask(long.as_bytes()).status, 431);
    let endless = vec![b'a'; 200 * 1024];
    assert!((400..500).contains(&gateway.ask(&[b"GET / HTTP/1.1\r\nx: ", &endless[..]].concat()).status));
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    assert_eq!(gateway.ask(format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes()).status, 431);
    let garbage: [&[u8]; 6] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    ];
    for bytes in garbage {
        let mut client = gateway.connect();
        client.write(bytes);
        assert_eq!(client.answer().status, 400, "{bytes:?}");
        assert!(client.is_closed(), "{bytes:?}");
    }
    let not_text = gateway.ask(b"GET / HTTP/1.1\r\nhost: x\r\nx-name: \xff\xfe\r\n\r\n");
    assert!(not_text.status == 400 && not_text.body.contains("MalformedQueryString"), "{not_text:?}");
    assert_eq!(gateway.ask(&echo(&[])).status, 200);
}

#[test]
fn both_lengths_at_once_cannot_smuggle_a_second_request() {
    let gateway = start(|_| {});
    let mut client = gateway.connect();
    client.write(
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\n\r\n",
    );
    assert!((400..500).contains(&client.answer().status));
    assert!(client.is_closed(), "the connection went on after an ambiguous request");
}

#[test]
fn a_head_that_trickles_in_is_cut_off() {
    let gateway = start(|config| config.header_timeout = millis(300));
    let mut client = gateway.connect();
    let clock = Env::real().clock;
    let mut written = 0;
    for byte in b"GET /health HTTP/1.1\r\nhost: ".iter().chain([b'x'; 200].iter()) {
        if client.stream.write_all(&[*byte]).is_err() {
            break;
        }
        written += 1;
        sleep(20);
    }
    assert!(client.is_closed());
    assert!(written < 100 && clock.monotonic() < millis(3000), "{written} bytes were taken");
}

#[test]
fn an_idle_connection_outlives_the_header_timeout_but_not_the_idle_timeout() {
    let gateway = start(|config| {
        config.header_timeout = millis(150);
        config.idle_timeout = millis(900);
    });
    let mut client = gateway.connect();
    for _ in 0..3 {
        client.write(&echo(&[]));
        assert_eq!(client.answer().status, 200);
        sleep(300);
    }
    let clock = Env::real().clock;
    assert!(client.is_closed());
    assert!(clock.monotonic() < millis(3000));
    assert!(gateway.connect().is_closed(), "a connection that says nothing stays open");
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for() {
    let gateway = start(|config| config.body_timeout = millis(200));
    let answer = gateway.ask(b"PUT /snapshots/a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123");
    assert!(answer.status == 408 && answer.closes(), "{answer:?}");
    assert!(gateway.door.refused.lock()[0].contains("was not complete after"));
}

#[test]
fn a_client_that_does_not_take_its_answer_is_cut_off() {
    let gateway = start(|config| config.write_timeout = millis(300));
    let mut client = gateway.connect();
    client.write(&signed("ec2", "POST", "/", &[("x-test-bytes", "67108864")], b"Version=2016-11-15"));
    sleep(1500);
    let mut total = 0;
    let mut buffer = vec![0; 1 << 20];
    while let Ok(count @ 1..) = std::io::Read::read(&mut client.stream, &mut buffer) {
        total += count;
    }
    assert!(total < 67_108_864, "the whole answer was still delivered");
}

#[test]
fn the_body_is_asked_for_when_the_client_waits_for_that() {
    let gateway = start(|_| {});
    let bytes = signed("ebs", "PUT", "/snapshots/a", &[("expect", "100-continue")], &[b'x'; 70_000]);
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let mut client = gateway.connect();
    client.write(&bytes[..head]);
    assert_eq!(client.answer().status, 100);
    client.write(&bytes[head..]);
    let answer = client.answer();
    assert!(answer.status == 200 && answer.body.contains("\"bytes\":70000"), "{answer:?}");
    // One that would be too long is not asked for.
    let mut client = gateway.connect();
    client.write(
        b"PUT /snapshots/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 999999999\r\n\r\n",
    );
    assert_eq!(client.answer().status, 413);
}

#[test]
fn connections_above_the_cap_are_told_so_and_room_is_given_back() {
    let gateway = start(|config| config.connections_max = 2);
    let mut first = gateway.connect();
    let mut second = gateway.connect();
    for client in [&mut first, &mut second] {
        client.write(&echo(&[]));
        assert_eq!(client.answer().status, 200);
    }
    let mut third = gateway.connect();
    let answer = third.answer();
    assert_eq!((answer.status, answer.closes()), (503, true));
    drop(first);
    sleep(100);
    assert_eq!(gateway.ask(&echo(&[])).status, 200);
}

#[test]
fn a_panic_behind_the_door_is_one_failed_call() {
    let gateway = start(|_| {});
    let mut client = gateway.connect();
    client.write(&echo(&[("x-test-panic", "1")]));
    let answer = client.answer();
    assert!(answer.status == 500 && answer.body.contains("InternalError"), "{answer:?}");
    client.write(&echo(&[]));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn calls_that_wait_do_not_keep_others_from_being_decided() {
    let gateway = start(|_| {});
    // More than there are deciding threads.
    let mut waiting: Vec<_> = (0..8 * env::processors()).map(|_| gateway.connect()).collect();
    for client in &mut waiting {
        client.write(&echo(&[("x-test-wait", "1500")]));
    }
    let clock = Env::real().clock;
    let began = clock.monotonic();
    assert_eq!(gateway.ask(&echo(&[])).status, 200);
    let took = clock.monotonic().saturating_sub(began);
    for client in &mut waiting {
        assert_eq!(client.answer().status, 200);
    }
    assert!(took < Duration::from_millis(1000), "{took:?}");
    let mut client = gateway.connect();
    client.write(&echo(&[("x-test-wait", "9000")]));
    let answer = client.answer();
    assert!(answer.status == 500 && answer.body.contains("InternalError"), "{answer:?}");
}

#[test]
fn shutdown_lets_requests_in_flight_finish_and_takes_no_more() {
    let mut gateway = start(|_| {});
    let mut busy = gateway.connect();
    let mut idle = gateway.connect();
    idle.write(&echo(&[]));
    assert_eq!(idle.answer().status, 200);
    busy.write(&echo(&[("x-test-sleep", "700")]));
    sleep(200);
    gateway.begin_stop();
    sleep(100);
    assert!(std::net::TcpStream::connect(gateway.address).is_err(), "still accepting");
    assert!(idle.is_closed());
    let answer = busy.answer();
    assert!(answer.status == 200 && answer.closes(), "{answer:?}");
    assert!(gateway.ends_within(millis(2000)));
}

#[test]
fn shutdown_does_not_wait_longer_than_it_may() {
    let mut gateway = start(|config| config.drain_timeout = millis(300));
    let mut stuck = gateway.connect();
    stuck.write(b"PUT /snapshots/a HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n123");
    sleep(100);
    gateway.begin_stop();
    assert!(gateway.ends_within(millis(3000)));
    assert!(stuck.is_closed());
}
