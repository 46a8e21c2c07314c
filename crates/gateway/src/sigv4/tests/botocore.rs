//! Requests signed by botocore, the library under the aws CLI and boto3: accepted as they are, refused when touched. Runs the
//! Python named by `SEALVOL_PYTHON` (or `python3`); skipped with a note where that has no boto3.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // a test harness starts a process

use super::*;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use std::process::Command;
use std::time::Duration;

struct Signed {
    name: String,
    call: Call,
}

/// `None` if there is no Python with boto3.
fn requests() -> Option<Vec<Signed>> {
    let python = std::env::var("SEALVOL_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_boto3 =
        Command::new(&python).args(["-c", "import boto3"]).output().is_ok_and(|out| out.status.success());
    if !has_boto3 {
        eprintln!("skipped: {python} has no boto3; name one that has it in SEALVOL_PYTHON");
        return None;
    }
    let output = Command::new(&python)
        .args(["-c", include_str!("botocore.py"), SECRET, TOKEN])
        .output()
        .expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap().lines().map(read).collect())
}

fn read(line: &str) -> Signed {
    let value: Value = serde_json::from_str(line).unwrap();
    let text = |name: &str| value[name].as_str().unwrap().to_owned();
    let headers = value["headers"].as_array().unwrap().iter();
    let headers =
        headers.map(|pair| (pair[0].as_str().unwrap().into(), pair[1].as_str().unwrap().into())).collect();
    let body = BASE64_STANDARD.decode(text("body")).unwrap().into();
    let call = Call { method: text("method"), path: text("path"), query: text("query"), headers, body };
    Signed { name: text("name"), call }
}

/// botocore signs with the real time, so verification happens then.
fn signing_time(call: &Call) -> Timestamp {
    Claim::read(call).unwrap().signed
}

use crate::sigv4::claim::{Claim, Form};

#[test]
fn everything_that_botocore_signs_is_accepted() {
    let Some(requests) = requests() else { return };
    assert_eq!(requests.len(), 10);
    let expected = ["ec2", "kms", "cloudtrail", "sts", "ebs", "ebs", "ebs", "ebs", "ec2", "ec2"];
    for (Signed { name, call }, service) in requests.iter().zip(expected) {
        match verify_temporary(call, signing_time(call)) {
            Ok((_, scope)) => assert_eq!(scope.service.name, service, "{name}"),
            Err(problem) => panic!("{name}: {problem:?}\n{:?}", call.headers),
        }
    }
    let unsigned =
        requests.iter().filter(|r| r.call.header("x-amz-content-sha256") == Some("UNSIGNED-PAYLOAD"));
    assert!(unsigned.count() >= 1, "no unsigned body among them");
}

#[test]
fn everything_that_botocore_signed_is_refused_when_touched() {
    let Some(requests) = requests() else { return };
    for Signed { name, call } in &requests {
        let at = signing_time(call);
        let mut touched = vec![
            ("method", Call { method: "DELETE".into(), ..call.clone() }),
            ("path", Call { path: format!("{}x", call.path), ..call.clone() }),
            ("query", Call { query: format!("{}&a=b", call.query), ..call.clone() }),
            ("host", with_header(call, "host", Some("localhost:1"))),
        ];
        if call.header("x-amz-content-sha256") != Some("UNSIGNED-PAYLOAD") {
            let mut body = call.body.to_vec();
            body.push(b'0');
            touched.push(("body", Call { body: body.into(), ..call.clone() }));
        }
        for header in ["x-amz-target", "x-amz-security-token", "x-amz-date", "x-amz-checksum"] {
            if call.header(header).is_some() {
                touched.push((header, with_header(call, header, Some("20150830T123600Z"))));
                touched.push((header, with_header(call, header, None)));
            }
        }
        for (what, touched) in touched {
            assert!(verify_temporary(&touched, at).is_err(), "{name}: {what}");
        }
        let window = match Claim::read(call).unwrap().form {
            Form::Header => 900,
            Form::Presigned { expires_secs } => expires_secs.unsigned_abs(),
        };
        assert!(
            verify_temporary(call, at.plus(Duration::from_secs(window))).is_ok(),
            "{name}: at the end of its time"
        );
        let late = verify_temporary(call, at.plus(Duration::from_secs(window + 1)));
        assert!(matches!(late, Err(Problem::Expired { .. })), "{name}: {late:?}");
        let early = verify_temporary(call, at.minus(Duration::from_secs(901)));
        assert!(matches!(early, Err(Problem::NotYet { .. })), "{name}: {early:?}");
    }
}

/// The test's temporary credentials end in 2015; here they do not.
struct Endless;

impl Door for Endless {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let found = TestDoor.credential(access_key_id)?;
        Ok(found.map(|credential| Credential { expires: None, ..credential }))
    }

    fn dispatch(&self, who: &Credential, scope: &Scope, call: Call, origin: Origin, answering: Answering) {
        TestDoor.dispatch(who, scope, call, origin, answering);
    }

    fn refused(&self, _: &Refusal, _: Option<&Scope>, _: &Call, _: &Origin) {}
}

fn verify_temporary(call: &Call, now: Timestamp) -> Result<(Call, Scope), Problem> {
    let mut call = call.clone();
    match Verifier::default().verify(&Endless, &mut call, now) {
        Ok(verified) => Ok((call, verified.scope)),
        Err(Stopped::Problem(problem)) => Err(problem),
        Err(Stopped::Fault(fault)) => panic!("{fault}"),
    }
}
