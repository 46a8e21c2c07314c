//! The client's half of SigV4, header form: used by `sealvol device`, `sealvol explain` and tests, on the same canonical form
//! as the verifier.

use crate::sigv4::canonical::{Request, sha256_hex, string_to_sign};
use crate::sigv4::scope::CredentialScope;
use crate::sigv4::time::format_basic;
use crate::sigv4::{ALGORITHM, Problem, TERMINATOR, signing_key};
use base::{Fault, Timestamp};
use keys::Secret;
use wire::Call;

/// Whose signature, for what.
pub struct Signer<'a> {
    pub access_key_id: &'a str,
    pub secret: &'a Secret,
    pub session_token: Option<&'a str>,
    pub region: &'a str,
    /// SigV4 signing name, for instance `kms`.
    pub service: &'a str,
}

/// Headers that proxies and HTTP libraries change on the way.
const NOT_SIGNED: [&str; 6] =
    ["authorization", "connection", "content-length", "expect", "transfer-encoding", "user-agent"];

/// Signs a call in place: adds `x-amz-date`, `x-amz-security-token` and `authorization`. The call must have its `host`
/// header and its whole body already, and every header that shall be covered. A header `x-amz-content-sha256` is taken at
/// its word, otherwise the body's hash is calculated.
///
/// Errors: locked memory is exhausted, or the query is not percent-encoded.
pub fn sign(call: &mut Call, signer: &Signer<'_>, at: Timestamp) -> Result<(), Fault> {
    let date = format_basic(at);
    call.headers.retain(|(name, _)| {
        !matches!(name.as_str(), "x-amz-date" | "x-amz-security-token" | "authorization")
    });
    call.headers.push(("x-amz-date".into(), date.clone()));
    if let Some(token) = signer.session_token {
        call.headers.push(("x-amz-security-token".into(), token.to_owned()));
    }
    let mut signed_headers: Vec<String> = call.headers.iter().map(|(name, _)| name.clone()).collect();
    signed_headers.retain(|name| !NOT_SIGNED.contains(&name.as_str()));
    signed_headers.sort_unstable();
    signed_headers.dedup();
    let payload = match call.header(crate::sigv4::CONTENT_SHA256) {
        Some(declared) => declared.to_owned(),
        None => sha256_hex(&call.body),
    };
    let request = Request {
        method: &call.method,
        path: &call.path,
        query: &call.query,
        headers: &call.headers,
        signed_headers: &signed_headers,
        payload: &payload,
    };
    let canonical =
        request.canonical().map_err(|problem| Fault::new(format!("signing a call: {}", words(problem))))?;
    let scope = CredentialScope {
        access_key_id: signer.access_key_id.to_owned(),
        date: date.get(..8).unwrap_or_default().to_owned(),
        region: signer.region.to_owned(),
        service: signer.service.to_owned(),
        terminator: TERMINATOR.to_owned(),
    };
    let key = signing_key::derive(signer.secret.expose(), &scope.date, signer.region, signer.service)?;
    let signature = hex::encode(signing_key::sign(&key, &string_to_sign(&date, &scope.text(), &canonical)));
    let value = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        signer.access_key_id,
        scope.text(),
        signed_headers.join(";")
    );
    call.headers.push(("authorization".into(), value));
    Ok(())
}

fn words(problem: Problem) -> String {
    match problem {
        Problem::Malformed(text) => text,
        other => format!("{other:?}"),
    }
}
