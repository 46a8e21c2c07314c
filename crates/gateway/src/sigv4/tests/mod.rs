//! A door with a few access keys, and calls signed for it. The tests themselves are in the files beside this one.

mod botocore;
mod chunks;
mod fuzz;
mod refusals;
mod vectors;

use super::verify::Verified;
use super::{Problem, Stopped, Verifier};
use crate::sign::{Signer, sign};
use crate::{Answering, Credential, Door, Origin, Scope};
use base::{AccountId, Fault, Refusal, Timestamp};
use bytes::Bytes;
use keys::Secret;
use std::sync::Arc;
use wire::Call;

pub(super) const KEY: &str = "AKIDEXAMPLE";
pub(super) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// Temporary: needs [`TOKEN`], ends at [`ENDS`].
pub(super) const TEMPORARY: &str = "ASIAEXAMPLE";
pub(super) const TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLE=";
pub(super) const NOW: Timestamp = Timestamp::from_secs(1_440_938_160);
pub(super) const ENDS: Timestamp = Timestamp::from_secs(1_440_938_160 + 8 * 24 * 3600);

pub(super) fn secret() -> Secret {
    Secret::from_slice_wiping(&mut SECRET.as_bytes().to_vec()).unwrap()
}

/// Knows the two keys; a lookup of `BROKEN` fails.
pub(super) struct TestDoor;

impl Door for TestDoor {
    fn credential(&self, access_key_id: &str) -> Result<Option<Credential>, Fault> {
        let temporary = access_key_id == TEMPORARY;
        match access_key_id {
            "BROKEN" => Err(Fault::new("reading access keys")),
            KEY | TEMPORARY => Ok(Some(Credential {
                access_key_id: access_key_id.to_owned(),
                secret: Arc::new(secret()),
                account: AccountId::parse("111122223333").unwrap(),
                token_digest: temporary.then(|| crate::sigv4::canonical::sha256_hex(TOKEN.as_bytes())),
                expires: temporary.then_some(ENDS),
                holder: Arc::new(()),
            })),
            _ => Ok(None),
        }
    }

    fn dispatch(&self, _: &Credential, _: &Scope, _: Call, _: Origin, _: Answering) {
        unreachable!("the verifier does not dispatch")
    }

    fn refused(&self, _: &Refusal, _: Option<&Scope>, _: &Call, _: &Origin) {}
}

/// Verifies at a moment of its own, without remembered keys.
pub(super) fn verify_at(call: &Call, now: Timestamp) -> Result<(Call, Scope), Problem> {
    let mut call = call.clone();
    match Verifier::default().verify(&TestDoor, &mut call, now) {
        Ok(Verified { scope, .. }) => Ok((call, scope)),
        Err(Stopped::Problem(problem)) => Err(problem),
        Err(Stopped::Fault(fault)) => panic!("{fault}"),
    }
}

pub(super) fn verify(call: &Call) -> Result<(Call, Scope), Problem> {
    verify_at(call, NOW)
}

/// An EC2 form, unsigned.
pub(super) fn form(body: &'static str) -> Call {
    Call {
        method: "POST".into(),
        path: "/".into(),
        query: String::new(),
        headers: vec![
            ("host".into(), "localhost:4566".into()),
            ("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into()),
        ],
        body: Bytes::from_static(body.as_bytes()),
    }
}

/// Signs as [`KEY`] at [`NOW`].
pub(super) fn signed(mut call: Call, service: &str) -> Call {
    let secret = secret();
    let signer =
        Signer { access_key_id: KEY, secret: &secret, session_token: None, region: "us-east-1", service };
    sign(&mut call, &signer, NOW).unwrap();
    call
}

/// The call with one header replaced, or removed if there is no value.
pub(super) fn with_header(call: &Call, name: &str, value: Option<&str>) -> Call {
    let mut call = call.clone();
    call.headers.retain(|(n, _)| n != name);
    call.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    call
}

/// The call with one text replaced in its `authorization` header.
pub(super) fn with_authorization(call: &Call, from: &str, to: &str) -> Call {
    let value = call.header("authorization").unwrap();
    assert!(value.contains(from), "{from:?} is not in {value:?}");
    with_header(call, "authorization", Some(&value.replace(from, to)))
}
