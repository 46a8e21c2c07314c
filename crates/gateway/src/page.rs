//! One page of text at `GET /metrics` on an address of its own, for whoever collects numbers. It asks for no signature, because
//! collectors have none to give; so it is not on the port where calls come in, and listens on loopback addresses only.

use crate::Config;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Collectors at a time.
const CONNECTIONS_MAX: usize = 16;
/// A connection's whole life; collectors ask every few seconds or come again.
const CONNECTION_TIME: Duration = Duration::from_secs(120);
/// Pause after a failed accept (out of descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// OpenMetrics 1.0, section "Protocol Negotiation".
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Writes the page. It may block.
pub type Text = Arc<dyn Fn() -> String + Send + Sync>;

/// The page, listening and not yet answering.
pub struct Page {
    listener: TcpListener,
    text: Text,
}

impl Page {
    /// Takes the address. Errors: it is in use, or not ours, or not a loopback address.
    pub async fn bind(listen: SocketAddr, text: Text) -> io::Result<Page> {
        if !listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "metrics ask for no credentials and so are on loopback addresses only",
            ));
        }
        Ok(Page { listener: TcpListener::bind(listen).await?, text })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers until it is dropped.
    pub async fn run(self) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = self.listener.accept().await;
            while connections.try_join_next().is_some() {}
            match accepted {
                // Above the cap: closed without a word.
                Ok(_) if connections.len() >= CONNECTIONS_MAX => {}
                Ok((stream, _)) => _ = connections.spawn(serve(stream, self.text.clone())),
                Err(error) => {
                    tracing::warn!(%error, "accepting a collector's connection failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, text: Text) {
    let limits = Config::default();
    let service = service_fn(move |request| answer(request, text.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle_timeout)
        .serve_connection(TokioIo::new(stream), service);
    // How it ends is the collector's affair.
    let _ = timeout(CONNECTION_TIME, connection).await;
}

async fn answer(request: Request<Incoming>, text: Text) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    } else if request.method() != Method::GET {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    } else {
        match tokio::task::spawn_blocking(move || text()).await {
            Ok(text) => {
                *response.body_mut() = Full::from(text);
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
            }
            Err(error) => {
                tracing::error!(%error, "writing the metrics panicked");
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            }
        }
    }
    Ok(response)
}
