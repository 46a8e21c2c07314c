//! From our reply to hyper's, and the answers that the gateway gives by itself.

use base::Refusal;
use bytes::Bytes;
use http::header::{CONNECTION, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::Full;
use wire::{Reply, Service};

const REQUEST_ID: &str = "x-amzn-requestid";

/// Puts a reply on its way. `close` ends the connection after it.
pub(crate) fn respond(reply: Reply, request_id: &str, close: bool) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    let own = [(REQUEST_ID, request_id.to_owned())];
    for (name, value) in own.into_iter().chain(reply.headers) {
        // A value that HTTP cannot carry (a line end in it) is left out rather than spoiling the answer.
        match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => _ = headers.insert(name, value),
            _ => tracing::error!(request_id, header = name, "a reply's header cannot be sent"),
        }
    }
    if close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// `GET /health`: whether this server answers calls. It does, or this would not run.
pub(crate) fn health() -> Reply {
    Reply {
        status: 200,
        headers: vec![("content-type", "application/json".into()), ("cache-control", "no-store".into())],
        body: Bytes::from_static(b"{\"status\":\"ok\"}\n"),
    }
}

/// A fault, in the words of the service that the call speaks to (`service::envelope`).
pub(crate) fn fault(envelope: &'static Service, request_id: &str) -> Reply {
    wire::encode_refusal(envelope, &Refusal::internal(), request_id)
}
