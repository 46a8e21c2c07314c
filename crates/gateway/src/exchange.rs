//! One request and its answer, top to bottom. Up to the body everything is async; from the signature on it may block and
//! runs on a thread kept for that.

use crate::body::{self, Budget, Share};
use crate::sigv4::{Problem, Stopped, Verifier, claimed_scope};
use crate::{Config, Door, Origin, intake, reply, service};
use bytes::Bytes;
use env::Env;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use wire::{Call, Reply};

/// What all connections share.
pub(crate) struct Shared {
    pub config: Config,
    pub env: Env,
    pub door: Arc<dyn Door>,
    pub verifier: Verifier,
    pub budget: Arc<Budget>,
}

/// Answers one request.
pub(crate) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    peer: SocketAddr,
) -> Response<Full<Bytes>> {
    let (head, incoming) = request.into_parts();
    let (mut call, origin, unreadable) = intake::read(head, peer, &shared.env);
    let request_id = origin.request_id.clone();
    if call.path == "/health" && matches!(call.method.as_str(), "GET" | "HEAD") {
        return reply::respond(reply::health(), &request_id, false);
    }
    let mut share = Share::none(shared.budget.clone());
    let body = body::read(incoming, &shared.config, &mut share).await;
    let close = body.is_err();
    let problem = match body {
        Ok(bytes) => {
            call.body = bytes;
            unreadable.map(|name| Problem::Malformed(format!("the header {name} is not UTF-8")))
        }
        Err(problem) => Some(problem),
    };
    let reply = on_a_blocking_thread(shared, call, origin, problem, share).await;
    reply::respond(reply, &request_id, close)
}

async fn on_a_blocking_thread(
    shared: Arc<Shared>,
    call: Call,
    origin: Origin,
    problem: Option<Problem>,
    share: Share,
) -> Reply {
    let request_id = origin.request_id.clone();
    // A head without its body, to word the answer by if the thread does not come back.
    let outline = Call { body: Bytes::new(), ..call.clone() };
    let work = move || {
        // Held until the answer is there: the bytes of the body are.
        let _share = share;
        match problem {
            Some(problem) => refuse(&shared, problem, &call, &origin),
            None => decide(&shared, call, origin),
        }
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(reply) => reply,
        Err(error) => {
            tracing::error!(request_id, %error, "answering a call panicked");
            reply::fault(&outline, None, &request_id)
        }
    }
}

/// Verifies, then hands over to the door.
fn decide(shared: &Shared, mut call: Call, origin: Origin) -> Reply {
    match shared.verifier.verify(&*shared.door, &mut call, origin.received) {
        Ok(verified) => shared.door.dispatch(&verified.credential, &verified.scope, call, origin),
        Err(Stopped::Problem(problem)) => refuse(shared, problem, &call, &origin),
        Err(Stopped::Fault(fault)) => {
            tracing::error!(request_id = origin.request_id, %fault, "a caller could not be identified");
            let signed_for = claimed_scope(&call).map(|scope| scope.service);
            reply::fault(&call, signed_for, &origin.request_id)
        }
    }
}

/// Answers no, in the protocol that the client speaks, and tells the door.
fn refuse(shared: &Shared, problem: Problem, call: &Call, origin: &Origin) -> Reply {
    let scope = claimed_scope(call);
    let envelope = service::envelope(call, scope.as_ref().map(|scope| scope.service));
    let refusal = problem.refusal(envelope.protocol);
    shared.door.refused(&refusal, scope.as_ref(), call, origin);
    wire::encode_refusal(envelope, &refusal, &origin.request_id)
}
