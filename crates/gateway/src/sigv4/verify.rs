//! Verification, in AWS's order of errors: missing, incomplete, unknown key, foreign scope, what is covered, time, signature,
//! body. Nothing of the body is believed before the signature is good.

use super::canonical::{self, sha256_hex, string_to_sign};
use super::chunked::{self, ChunkSigner};
use super::claim::{Claim, Form};
use super::payload::Payload;
use super::signing_key::{self, SigningKeys};
use super::time::{SKEW_MAX_SECS, format_basic};
use super::{Problem, TERMINATOR, trailer};
use crate::{Credential, Door, Scope, service};
use base::{Fault, Region, Timestamp};
use keys::Secret;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use wire::Call;

/// Verifies calls; remembers derived keys.
#[derive(Default)]
pub(crate) struct Verifier {
    keys: SigningKeys,
}

/// Who sent a call, and to what.
pub(crate) struct Verified {
    pub credential: Credential,
    pub scope: Scope,
}

/// Why a call did not get through.
pub(crate) enum Stopped {
    Problem(Problem),
    Fault(Fault),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Stopped::Problem(problem)
    }
}

impl From<Fault> for Stopped {
    fn from(fault: Fault) -> Self {
        Stopped::Fault(fault)
    }
}

impl Verifier {
    /// Verifies a call. A chunked body is replaced by the data it carries. Blocks (the door looks up the key).
    pub(crate) fn verify(
        &self,
        door: &dyn Door,
        call: &mut Call,
        now: Timestamp,
    ) -> Result<Verified, Stopped> {
        let claim = Claim::read(call)?;
        let credential = known(door, &claim, now)?;
        let scope = scope(call, &claim)?;
        covered(call, &claim)?;
        in_time(&claim, now)?;
        let payload = Payload::of(call, scope.service.protocol)?;
        let key = self.keys.get(&claim.parts.scope, &credential.secret)?;
        let body_hash = signature(call, &claim, &payload, &key)?;
        self.keys.remember(&claim.parts.scope, &key);
        body(call, &claim, payload, body_hash, key)?;
        Ok(Verified { credential, scope })
    }
}

/// The scope that a call claims, if it can be read: for the log of refused calls.
pub(crate) fn claimed_scope(call: &Call) -> Option<Scope> {
    let claim = Claim::read(call).ok()?;
    let service = service::named(&claim.parts.scope.service)?;
    let region = Region::parse(&claim.parts.scope.region).ok()?;
    Some(Scope { service, region })
}

/// The access key, with the right session token.
fn known(door: &dyn Door, claim: &Claim, now: Timestamp) -> Result<Credential, Stopped> {
    let id = &claim.parts.scope.access_key_id;
    let Some(credential) = door.credential(id)? else {
        return Err(Problem::UnknownKey { access_key_id: id.clone() }.into());
    };
    match (&credential.token_digest, &claim.token) {
        (None, None) => {}
        (Some(expected), Some(token)) if is_digest_of(expected, token) => {}
        (Some(_), Some(_)) => {
            return Err(Problem::Token("the session token is not the one of this access key").into());
        }
        (Some(_), None) => {
            return Err(Problem::Token("this access key is temporary and needs its session token").into());
        }
        (None, Some(_)) => {
            return Err(
                Problem::Token("this access key is long-term, but a session token came with it").into()
            );
        }
    }
    if let Some(ended) = credential.expires.filter(|ended| *ended <= now) {
        return Err(Problem::TokenExpired { ended, now }.into());
    }
    Ok(credential)
}

/// The digests are compared in constant time, so an answer's time tells nothing of how near a guess was.
fn is_digest_of(expected: &str, token: &str) -> bool {
    bool::from(expected.as_bytes().ct_eq(sha256_hex(token.as_bytes()).as_bytes()))
}

/// Whether the signature was made for us and for this request.
fn scope(call: &Call, claim: &Claim) -> Result<Scope, Problem> {
    let scope = &claim.parts.scope;
    let foreign = |message: String, reason: String| Err(Problem::Foreign { message, reason });
    if scope.terminator != TERMINATOR {
        return foreign(
            format!(
                "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'. ",
                scope.terminator
            ),
            format!("the credential scope ends with {:?}", scope.terminator),
        );
    }
    let signed = format_basic(claim.signed);
    let date = signed.get(..8).unwrap_or_default();
    if scope.date != date {
        return foreign(
            format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{date}', \
                 from '{signed}'.",
                scope.date
            ),
            format!("the credential scope is for {:?}, the request was signed on {date}", scope.date),
        );
    }
    let Some(service) = service::named(&scope.service) else {
        return foreign(
            format!(
                "Credential should be scoped to correct service: {}, not '{}'. ",
                service::names(),
                scope.service
            ),
            format!("this endpoint has no service {:?}", scope.service),
        );
    };
    if let Some((other, evidence)) = service::addressed(call).filter(|(other, _)| other.name != service.name)
    {
        return foreign(
            format!("Credential should be scoped to correct service: '{}'. ", other.name),
            format!("signed for {:?}, but {evidence} speaks to {:?}", service.name, other.name),
        );
    }
    match Region::parse(&scope.region) {
        Ok(region) => Ok(Scope { service, region }),
        Err(_) => foreign(
            format!("Credential should be scoped to a valid region, not '{}'. ", scope.region),
            format!("{:?} does not have the form of a Region name", scope.region),
        ),
    }
}

/// Whether the signature covers what it must: `host`, every `x-amz-` header, and no header that is not there.
fn covered(call: &Call, claim: &Claim) -> Result<(), Problem> {
    let signed = &claim.parts.signed_headers;
    let is_signed = |name: &str| signed.binary_search_by(|header| header.as_str().cmp(name)).is_ok();
    if !is_signed("host") {
        return Err(Problem::NotSigned { header: "host".into() });
    }
    // SDKs add x-amz-user-agent to presigned requests after signing; it changes nothing of what a request does.
    let must = call.headers.iter().filter(|(n, _)| n.starts_with("x-amz-") && n != "x-amz-user-agent");
    if let Some((name, _)) = must.into_iter().find(|(name, _)| !is_signed(name)) {
        return Err(Problem::NotSigned { header: name.clone() });
    }
    match signed.iter().find(|name| call.header(name).is_none()) {
        Some(name) => Err(Problem::mismatch(format!("the signed header {name:?} is not in the request"))),
        None => Ok(()),
    }
}

fn in_time(claim: &Claim, now: Timestamp) -> Result<(), Problem> {
    let (signed, now_secs) = (claim.signed, now.secs());
    let window_secs = match claim.form {
        Form::Header => SKEW_MAX_SECS,
        Form::Presigned { expires_secs } => expires_secs,
    };
    if signed.secs().saturating_add(window_secs) < now_secs {
        return Err(Problem::Expired { signed, now, window_secs });
    }
    if signed.secs() > now_secs.saturating_add(SKEW_MAX_SECS) {
        return Err(Problem::NotYet { signed, now });
    }
    Ok(())
}

/// Compares signatures. Returns the body's hash if it had to be calculated for that.
fn signature(call: &Call, claim: &Claim, payload: &Payload, key: &Secret) -> Result<Option<String>, Problem> {
    let (stands_for_body, body_hash) = match payload {
        Payload::Calculated => {
            let hash = sha256_hex(&call.body);
            (hash.clone(), Some(hash))
        }
        Payload::Declared(hash) => (hash.clone(), None),
        Payload::Unsigned | Payload::Chunked { .. } => {
            (call.header(super::payload::CONTENT_SHA256).unwrap_or_default().to_owned(), None)
        }
    };
    let canonical = canonical::Request {
        method: &call.method,
        path: &call.path,
        query: &call.query,
        headers: &call.headers,
        signed_headers: &claim.parts.signed_headers,
        payload: &stands_for_body,
    }
    .canonical()?;
    let to_sign = string_to_sign(&format_basic(claim.signed), &claim.parts.scope.text(), &canonical);
    let expected = hex::encode(signing_key::sign(key, &to_sign));
    if bool::from(expected.as_bytes().ct_eq(claim.parts.signature.as_bytes())) {
        return Ok(body_hash);
    }
    Err(Problem::mismatch(format!(
        "the signature differs; by our reading the canonical request has the SHA-256 {} and covers the headers {} and a body \
         of {} bytes. Either the secret is another one or something was changed on the way",
        sha256_hex(canonical.as_bytes()),
        claim.parts.signed_headers.join(";"),
        call.body.len()
    )))
}

/// Checks the body against what was signed, and decodes it if it is chunked.
fn body(
    call: &mut Call,
    claim: &Claim,
    payload: Payload,
    body_hash: Option<String>,
    key: Arc<Secret>,
) -> Result<(), Problem> {
    match payload {
        Payload::Unsigned => Ok(()),
        // Without a declared hash the calculated one was in the canonical form, so the signature has checked it.
        Payload::Calculated => Ok(()),
        Payload::Declared(declared) => {
            let actual = body_hash.unwrap_or_else(|| sha256_hex(&call.body));
            if actual.eq_ignore_ascii_case(&declared) {
                return Ok(());
            }
            Err(Problem::body(format!(
                "the body has the SHA-256 {actual}, the signed x-amz-content-sha256 is {declared}"
            )))
        }
        Payload::Chunked { signed, trailer: has_trailer } => {
            let signer = signed.then(|| ChunkSigner {
                key,
                date: format_basic(claim.signed),
                scope: claim.parts.scope.text(),
                previous: claim.parts.signature.clone(),
            });
            unchunk(call, chunked::decode(&call.body, signer, has_trailer)?, has_trailer)
        }
    }
}

/// Puts the decoded data in place of the chunked body, as if the client had sent it so.
fn unchunk(call: &mut Call, decoded: chunked::Decoded, has_trailer: bool) -> Result<(), Problem> {
    let announced = call.header("x-amz-decoded-content-length").map(str::to_owned);
    if announced.as_deref().is_some_and(|text| text.parse() != Ok(decoded.data.len())) {
        let reason = format!(
            "x-amz-decoded-content-length is {announced:?}, the data has {} bytes",
            decoded.data.len()
        );
        return Err(Problem::body(reason));
    }
    if has_trailer {
        trailer::check(call, &decoded.trailers, &decoded.data)?;
    }
    call.headers.retain(|(name, _)| name != "content-length");
    call.headers.push(("content-length".into(), decoded.data.len().to_string()));
    call.headers.extend(decoded.trailers);
    call.body = decoded.data;
    Ok(())
}
