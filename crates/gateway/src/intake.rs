//! From hyper's request to ours: everything raw, because the signature covers it raw.

use crate::Origin;
use env::Env;
use http::request;
use std::net::SocketAddr;
use wire::Call;

/// The call without its body, and where it came from. A header value that is not UTF-8 makes the call unreadable: the
/// second part then names the header.
pub(crate) fn read(head: request::Parts, peer: SocketAddr, env: &Env) -> (Call, Origin, Option<String>) {
    let mut unreadable = None;
    let mut headers = Vec::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        match std::str::from_utf8(value.as_bytes()) {
            Ok(text) => headers.push((name.as_str().to_owned(), text.to_owned())),
            Err(_) => unreadable = Some(name.as_str().to_owned()),
        }
    }
    let call = Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers,
        body: bytes::Bytes::new(),
    };
    let received = env.clock.now();
    let origin = Origin {
        request_id: env.ids.uuid_of(received),
        source_ip: peer.ip().to_canonical().to_string(),
        user_agent: call.header("user-agent").unwrap_or_default().to_owned(),
        host: call.header("host").unwrap_or_default().to_owned(),
        received,
    };
    (call, origin, unreadable)
}
