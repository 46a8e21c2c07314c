//! The listening socket: accepts, caps, and drains.

use crate::deciders::Deciders;
use crate::exchange::Shared;
use crate::sigv4::Verifier;
use crate::{Config, Door, connection};
use env::Env;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long to wait after the kernel could not accept (out of descriptors) before trying again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a connection above the cap hears.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n\r\n";

/// A gateway that is listening but not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    /// Takes the address. Errors: it is in use, or not ours; threads cannot be started.
    pub async fn bind(config: Config, env: Env, door: Arc<dyn Door>) -> io::Result<Server> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let (verifier, budget, deciders) = (Verifier::default(), Arc::default(), Deciders::start()?);
        let shared = Shared { config, env, door, verifier, budget, deciders };
        Ok(Server { listener, address, shared: Arc::new(shared) })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is ready, then stops accepting and lets requests in flight finish, for as long as the
    /// configuration says. Must run on a tokio runtime with time and I/O.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let Server { listener, shared, .. } = self;
        let (stop, stopped) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = shutdown.as_mut() => break,
                accepted = listener.accept() => accepted,
            };
            // Those that have ended leave the count.
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, _)) if connections.len() >= shared.config.connections_max => turn_away(stream),
                Ok((stream, peer)) => {
                    connections.spawn(connection::serve(shared.clone(), stream, peer, stopped.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let _ = stop.send(true);
        drain(connections, shared.config.drain_timeout).await;
        Ok(())
    }
}

/// Says no without spending a task or waiting on the client.
fn turn_away(stream: TcpStream) {
    let _ = stream.try_write(FULL);
}

async fn drain(mut connections: JoinSet<()>, limit: Duration) {
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limit, all).await.is_err() {
        tracing::warn!(left = connections.len(), "requests in flight did not finish in time and are cut off");
        connections.shutdown().await;
    }
}

/// Binds and runs.
pub async fn serve(
    config: Config,
    env: Env,
    door: Arc<dyn Door>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    Server::bind(config, env, door).await?.run(shutdown).await
}
