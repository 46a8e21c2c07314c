//! Every tampered piece is refused, and for the right reason, in AWS's order.

use super::*;
use crate::sigv4::canonical::{Request, sha256_hex, string_to_sign};
use crate::sigv4::signing_key;
use std::time::Duration;

const FORM: &str = "Action=DescribeVolumes&Version=2016-11-15";

fn good() -> Call {
    let mut call = form(FORM);
    call.headers.push(("x-amz-content-sha256".into(), sha256_hex(FORM.as_bytes())));
    signed(call, "ec2")
}

/// A URL that lists volumes, presigned for an hour.
fn presigned(expires: &str, signed_headers: &str, key_id: &str, token: Option<&str>) -> Call {
    let mut query = format!(
        "Action=DescribeVolumes&Version=2016-11-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential={key_id}%2F20150830%2Fus-east-1%2Fec2%2Faws4_request&X-Amz-Date=20150830T123600Z\
         &X-Amz-Expires={expires}&X-Amz-SignedHeaders={signed_headers}"
    );
    if let Some(token) = token {
        query.push_str(&format!("&X-Amz-Security-Token={}", token.replace('/', "%2F").replace('=', "%3D")));
    }
    let mut call = Call { method: "GET".into(), path: "/".into(), query, ..Call::default() };
    call.headers.push(("host".into(), "localhost:4566".into()));
    let canonical = Request {
        method: &call.method,
        path: &call.path,
        query: &call.query,
        headers: &call.headers,
        signed_headers: &[signed_headers.to_owned()],
        payload: &sha256_hex(b""),
    };
    let canonical = canonical.canonical().unwrap();
    let key = signing_key::derive(SECRET.as_bytes(), "20150830", "us-east-1", "ec2").unwrap();
    let to_sign = string_to_sign("20150830T123600Z", "20150830/us-east-1/ec2/aws4_request", &canonical);
    call.query.push_str(&format!("&X-Amz-Signature={}", hex::encode(signing_key::sign(&key, &to_sign))));
    call
}

#[test]
fn what_we_sign_verifies() {
    let (_, scope) = verify(&good()).unwrap();
    assert_eq!((scope.service.name, scope.region.as_str()), ("ec2", "us-east-1"));
    let mut kms = form("{}");
    kms.headers.push(("x-amz-target".into(), "TrentService.ListKeys".into()));
    assert_eq!(verify(&signed(kms, "kms")).unwrap().1.service.name, "kms");
}

#[test]
fn every_tampered_piece_is_refused() {
    let good = good();
    let tampered = [
        ("method", Call { method: "PUT".into(), ..good.clone() }),
        ("path", Call { path: "/x".into(), ..good.clone() }),
        ("query", Call { query: "DryRun=false".into(), ..good.clone() }),
        ("host", with_header(&good, "host", Some("localhost:4567"))),
        ("content type", with_header(&good, "content-type", Some("application/x-www-form-urlencoded"))),
        ("date", with_header(&good, "x-amz-date", Some("20150830T123601Z"))),
        ("body hash", with_header(&good, "x-amz-content-sha256", Some(&sha256_hex(b"")))),
        ("key's region", with_authorization(&good, "us-east-1", "us-east-2")),
        ("key's service", with_authorization(&good, "/ec2/", "/ebs/")),
        ("fewer headers", with_authorization(&good, "content-type;host", "host")),
        ("signature", with_authorization(&good, "Signature=", "Signature=0")),
        ("no signature", with_header(&good, "authorization", None)),
    ];
    assert!(verify(&good).is_ok());
    for (what, call) in tampered {
        assert!(verify(&call).is_err(), "{what}");
    }
    let mut longer_header = good.clone();
    longer_header.headers.push(("content-type".into(), "text/plain".into()));
    assert!(matches!(verify(&longer_header), Err(Problem::Mismatch { .. })));
}

#[test]
fn a_changed_body_is_told_from_a_changed_signature() {
    let changed = Call { body: Bytes::from_static(b"Action=DeleteVolume&Version=2016-11-15"), ..good() };
    let Err(Problem::Body { reason }) = verify(&changed) else { panic!() };
    assert!(reason.contains(&sha256_hex(FORM.as_bytes())), "{reason}");
    // Without a declared hash the body is part of the signature.
    let changed = Call { body: Bytes::from_static(b"Action=DeleteVolume"), ..signed(form(FORM), "ec2") };
    assert!(matches!(verify(&changed), Err(Problem::Mismatch { .. })));
}

#[test]
fn reasons_say_what_differed_and_no_secret() {
    let Err(problem) = verify(&with_authorization(&good(), "Signature=", "Signature=0")) else { panic!() };
    let reason = problem.refusal(wire::Protocol::Ec2Query).reason;
    assert!(reason.contains("content-type;host;x-amz-content-sha256;x-amz-date"), "{reason}");
    let genuine = good().header("authorization").unwrap().rsplit_once('=').unwrap().1.to_owned();
    assert!(!reason.contains(&genuine) && !reason.contains(SECRET), "{reason}");
    let Err(problem) = verify(&with_authorization(&good(), ";x-amz-date", ";x-amz-date;x-missing")) else {
        panic!()
    };
    assert!(problem.refusal(wire::Protocol::Ec2Query).reason.contains("\"x-missing\" is not in the request"));
}

#[test]
fn errors_come_in_order() {
    let late = NOW.plus(Duration::from_secs(16 * 60));
    let everything_wrong = with_header(&with_authorization(&good(), KEY, "AKIDOTHER"), "x-amz-date", None);
    assert!(matches!(verify_at(&everything_wrong, late), Err(Problem::Incomplete(_))));
    let unknown = with_authorization(&good(), KEY, "AKIDOTHER");
    assert_eq!(
        verify_at(&unknown, late).unwrap_err(),
        Problem::UnknownKey { access_key_id: "AKIDOTHER".into() }
    );
    let foreign = with_authorization(&good(), "/ec2/", "/s3/");
    assert!(matches!(verify_at(&foreign, late), Err(Problem::Foreign { .. })));
    let bad_signature = with_authorization(&good(), "Signature=", "Signature=0");
    assert!(matches!(verify_at(&bad_signature, late), Err(Problem::Expired { .. })));
    let bad_body = Call { body: Bytes::from_static(b"x"), ..bad_signature };
    assert!(matches!(verify(&bad_body), Err(Problem::Mismatch { .. })));
    assert_eq!(verify(&form(FORM)).unwrap_err(), Problem::Missing);
}

#[test]
fn skew_is_fifteen_minutes_either_way() {
    for (seconds, good_either_way) in [(0, true), (899, true), (900, true), (901, false), (960, false)] {
        let skew = Duration::from_secs(seconds);
        assert_eq!(verify_at(&good(), NOW.plus(skew)).is_ok(), good_either_way, "{seconds} s late");
        assert_eq!(verify_at(&good(), NOW.minus(skew)).is_ok(), good_either_way, "{seconds} s early");
    }
    let late = verify_at(&good(), NOW.plus(Duration::from_secs(960)));
    assert!(matches!(late, Err(Problem::Expired { window_secs: 900, .. })));
    let early = verify_at(&good(), NOW.minus(Duration::from_secs(960)));
    assert!(matches!(early, Err(Problem::NotYet { .. })));
}

#[test]
fn a_presigned_url_works_until_it_expires_and_not_before_its_time() {
    let url = presigned("3600", "host", KEY, None);
    assert_eq!(verify(&url).unwrap().1.service.name, "ec2");
    assert!(verify_at(&url, NOW.plus(Duration::from_secs(3600))).is_ok());
    let expired = verify_at(&url, NOW.plus(Duration::from_secs(3601)));
    assert!(matches!(expired, Err(Problem::Expired { window_secs: 3600, .. })));
    assert!(matches!(verify_at(&url, NOW.minus(Duration::from_secs(901))), Err(Problem::NotYet { .. })));
    assert!(
        verify_at(&presigned("604800", "host", KEY, None), NOW.plus(Duration::from_secs(604_799))).is_ok()
    );
    for (from, to) in [("DescribeVolumes", "DeleteVolume"), ("=3600", "=3601"), ("Signature=", "Signature=0")]
    {
        let tampered = Call { query: url.query.replace(from, to), ..url.clone() };
        assert!(matches!(verify(&tampered), Err(Problem::Mismatch { .. })), "{to}");
    }
    let more = Call { query: format!("{}&DryRun=true", url.query), ..url.clone() };
    assert!(matches!(verify(&more), Err(Problem::Mismatch { .. })));
    let both = with_header(&url, "authorization", good().header("authorization"));
    assert!(matches!(verify(&both), Err(Problem::Incomplete(_))));
}

#[test]
fn host_and_amz_headers_must_be_covered() {
    let mut extra = good();
    extra.headers.push(("x-amz-target".into(), "TrentService.ListKeys".into()));
    extra.headers.retain(|(name, _)| name != "content-type");
    let uncovered = with_authorization(&good(), "host;", "");
    assert_eq!(verify(&uncovered).unwrap_err(), Problem::NotSigned { header: "host".into() });
    let mut later = good();
    later.headers.push(("x-amz-security-token-2".into(), "x".into()));
    assert_eq!(verify(&later).unwrap_err(), Problem::NotSigned { header: "x-amz-security-token-2".into() });
    let mut agent = good();
    agent.headers.push(("x-amz-user-agent".into(), "aws-sdk-js".into()));
    assert!(verify(&agent).is_ok());
    assert_eq!(
        verify(&presigned("60", "x-custom", KEY, None)).unwrap_err(),
        Problem::NotSigned { header: "host".into() }
    );
}

#[test]
fn headers_that_could_be_read_two_ways_are_refused() {
    for name in ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
        let mut twice = with_header(&good(), name, Some("x"));
        twice.headers.push((name.to_owned(), good().header(name).unwrap_or("x").to_owned()));
        assert!(verify(&twice).is_err(), "{name}");
    }
}

#[test]
fn a_session_token_belongs_to_its_key() {
    let sign_with = |key_id: &str, token: Option<&str>| {
        let secret = secret();
        let mut call = form(FORM);
        let signer = Signer {
            access_key_id: key_id,
            secret: &secret,
            session_token: token,
            region: "us-east-1",
            service: "ec2",
        };
        sign(&mut call, &signer, NOW).unwrap();
        call
    };
    assert!(verify(&sign_with(TEMPORARY, Some(TOKEN))).is_ok());
    assert!(verify(&presigned("60", "host", TEMPORARY, Some(TOKEN))).is_ok());
    for (key_id, token) in
        [(TEMPORARY, None), (TEMPORARY, Some("AQoDYXdz")), (TEMPORARY, Some("")), (KEY, Some(TOKEN))]
    {
        let problem = verify(&sign_with(key_id, token)).unwrap_err();
        assert!(matches!(problem, Problem::Token(_)), "{key_id} {token:?}: {problem:?}");
        let problem = verify(&presigned("60", "host", key_id, token)).unwrap_err();
        assert!(matches!(problem, Problem::Token(_)), "{key_id} {token:?}: {problem:?}");
    }
    let at_end = verify_at(&presigned("604800", "host", TEMPORARY, Some(TOKEN)), ENDS);
    assert!(matches!(at_end, Err(Problem::TokenExpired { .. })));
}

#[test]
fn a_thousand_changes_of_a_session_token_are_all_refused() {
    let entropy = env::SimEntropy::new(7);
    let secret = secret();
    for round in 0..1000 {
        let mut random = [0; 4];
        env::Entropy::fill(&entropy, &mut random);
        let changed = mutated(TOKEN, random);
        if changed == TOKEN {
            continue;
        }
        let mut call = form(FORM);
        let signer = Signer {
            access_key_id: TEMPORARY,
            secret: &secret,
            session_token: Some(&changed),
            region: "us-east-1",
            service: "sts",
        };
        sign(&mut call, &signer, NOW).unwrap();
        let problem = verify(&call).unwrap_err();
        assert!(matches!(problem, Problem::Token(_)), "{round} {changed}: {problem:?}");
        let codes = [wire::Protocol::Ec2Query, wire::Protocol::AwsQuery, wire::Protocol::AwsJson11]
            .map(|protocol| problem.refusal(protocol).code);
        assert_eq!(codes, ["AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException"]);
    }
}

/// One character changed, left out, doubled, or the end cut off.
fn mutated(text: &str, random: [u8; 4]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";
    let at = usize::from(random[0]) % text.len();
    let letter = char::from(ALPHABET[usize::from(random[1]) % ALPHABET.len()]);
    let (before, after) = text.split_at(at);
    match random[2] % 4 {
        0 => format!("{before}{letter}{}", &after[1..]),
        1 => format!("{before}{}", &after[1..]),
        2 => format!("{before}{letter}{after}"),
        _ => before.to_owned(),
    }
}

#[test]
fn a_scope_for_something_else_is_refused_in_its_own_words() {
    let message = |call: &Call| match verify(call) {
        Err(Problem::Foreign { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    let service = message(&with_authorization(&good(), "/ec2/", "/s3/"));
    assert!(
        service.starts_with("Credential should be scoped to correct service: ")
            && service.contains("not 's3'")
    );
    let mut kms = form("{}");
    kms.headers.push(("x-amz-target".into(), "TrentService.ListKeys".into()));
    assert_eq!(message(&signed(kms, "sts")), "Credential should be scoped to correct service: 'kms'. ");
    let region = message(&with_authorization(&good(), "us-east-1", "aws-global"));
    assert_eq!(region, "Credential should be scoped to a valid region, not 'aws-global'. ");
    let date = message(&with_authorization(&good(), "20150830/", "20150829/"));
    assert!(date.ends_with("'20150829' != '20150830', from '20150830T123600Z'."), "{date}");
    let end = message(&with_authorization(&good(), "aws4_request", "aws5_request"));
    assert!(end.starts_with("Credential should be scoped with a valid terminator: 'aws4_request'"), "{end}");
}

#[test]
fn a_remembered_key_changes_no_outcome() {
    let verifier = Verifier::default();
    for _ in 0..3 {
        assert!(verifier.verify(&TestDoor, &mut good(), NOW).is_ok());
        let mut bad = with_authorization(&good(), "Signature=", "Signature=0");
        assert!(verifier.verify(&TestDoor, &mut bad, NOW).is_err());
        let mut other_region = with_authorization(&good(), "us-east-1", "eu-west-1");
        assert!(verifier.verify(&TestDoor, &mut other_region, NOW).is_err());
    }
}

#[test]
fn a_fault_of_the_door_is_not_a_refusal() {
    let mut call = with_authorization(&good(), KEY, "BROKEN");
    assert!(matches!(Verifier::default().verify(&TestDoor, &mut call, NOW), Err(Stopped::Fault(_))));
}
