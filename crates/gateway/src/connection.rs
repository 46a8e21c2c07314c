//! One connection: hyper's HTTP/1.1 with our limits around it.

use crate::exchange::{self, Shared};
use crate::guard::{Busy, Guard};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;

/// The least that hyper takes as a limit of its buffer.
const BUFFER_BYTES_MIN: usize = 64 * 1024;

/// Serves a connection until it ends, or until `stop` says so and the request in flight is answered.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    stream: TcpStream,
    peer: SocketAddr,
    mut stop: watch::Receiver<bool>,
) {
    // Answers are written whole; waiting for more to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let config = shared.config.clone();
    let busy = Busy::default();
    let io = TokioIo::new(Guard::new(stream, busy.clone(), &config));
    let service = service_fn(move |request| {
        let (shared, busy) = (shared.clone(), busy.clone());
        async move {
            busy.begin();
            let response = exchange::answer(shared, request, peer).await;
            busy.end();
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(config.idle_timeout)
        .max_header_size(config.header_bytes_max)
        .max_buf_size(config.header_bytes_max.max(BUFFER_BYTES_MIN))
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let stopped = async { _ = stop.wait_for(|stop| *stop).await };
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopped => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients go away, send garbage or are too slow: their affair, not ours.
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
