//! All of a host's attachments on one TCP port: the export's name picks one. Over TLS with certificates on both sides, or, on loopback
//! addresses only, without.
//!
//! There is no default export: a client says what it wants. Names are listed to those who may be there at all, after TLS.

use crate::port::Outlet;
use crate::server::{Server, Terms};
use crate::socket::Listener;
use crate::tls::Tls;
use crate::{Listen, uri};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Connections at a time, all exports together. Clients that have not shown a certificate yet count, for ten seconds at most.
const CONNECTIONS_MAX: usize = 512;
/// How long an end waits for requests in flight before it cuts the connections.
const STOP_GRACE: Duration = Duration::from_secs(10);

pub struct Portal {
    server: Server,
    scheme: &'static str,
    address: SocketAddr,
}

impl Portal {
    /// Listens and returns; nothing is offered yet.
    ///
    /// Errors: the address is in use or cannot be bound, or is not a loopback address and there is no TLS.
    pub fn start(address: SocketAddr, tls: Option<Tls>) -> io::Result<Portal> {
        let (listener, scheme) = match &tls {
            Some(_) => (Listener::bind_for_tls(address)?, "nbds"),
            None => (Listener::bind(&Listen::Tcp(address))?, "nbd"),
        };
        let address = listener.local_addr()?;
        let terms = Terms { label: address.to_string(), alone: false, tls, connections_max: CONNECTIONS_MAX };
        Ok(Portal { server: Server::start(terms, listener)?, scheme, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Offers a volume under this name; returns its URI, with the address that we listen on. Clients elsewhere know this host under
    /// another name, the one in our certificate.
    pub fn add(&self, name: &str, outlet: &Outlet) -> String {
        self.server.add(name, outlet.beside());
        uri::tcp(self.scheme, self.address, name)
    }

    /// Offers it no more: requests in flight finish (at most 10 s), its sessions end. What was written is not flushed here.
    pub fn remove(&self, name: &str) {
        self.server.remove(name, STOP_GRACE);
    }

    /// Ends all of them.
    pub fn stop(mut self) {
        self.server.stop(STOP_GRACE);
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        self.server.stop(Duration::ZERO);
    }
}
