//! One request and its answer, top to bottom. Up to the body everything is async; from the signature on it is computing and
//! runs on the deciders' threads, and where more than a commit must be waited for on one kept for that.

use crate::answering::{Answering, Outcome};
use crate::body::{self, Budget, Share};
use crate::deciders::Deciders;
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
    pub deciders: Deciders,
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
    let reply = decided(&shared, call, origin, problem, share).await;
    reply::respond(reply, &request_id, close)
}

/// Has the call decided and waits for its answer.
async fn decided(
    shared: &Arc<Shared>,
    call: Call,
    origin: Origin,
    problem: Option<Problem>,
    share: Share,
) -> Reply {
    let request_id = origin.request_id.clone();
    // To word the answer by if none comes back.
    let envelope = service::envelope(&call, None);
    let (answering, outcome) = Answering::new(share);
    let with = shared.clone();
    shared.deciders.run(move || match problem {
        Some(problem) => answering.reply(refuse(&with, problem, &call, &origin)),
        None => decide(&with, call, origin, answering),
    });
    let reply = match outcome.await {
        Ok(Outcome::Reply(reply)) => Some(reply),
        Ok(Outcome::Waits(work)) => tokio::task::spawn_blocking(work).await.ok(),
        Err(_) => None,
    };
    reply.unwrap_or_else(|| {
        tracing::error!(request_id, "answering a call panicked");
        reply::fault(envelope, &request_id)
    })
}

/// Verifies, then hands over to the door.
fn decide(shared: &Shared, mut call: Call, origin: Origin, answering: Answering) {
    match shared.verifier.verify(&*shared.door, &mut call, origin.received) {
        Ok(verified) => {
            shared.door.dispatch(&verified.credential, &verified.scope, call, origin, answering);
        }
        Err(Stopped::Problem(problem)) => answering.reply(refuse(shared, problem, &call, &origin)),
        Err(Stopped::Fault(fault)) => {
            tracing::error!(request_id = origin.request_id, %fault, "a caller could not be identified");
            let signed_for = claimed_scope(&call).map(|scope| scope.service);
            answering.reply(reply::fault(service::envelope(&call, signed_for), &origin.request_id));
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
