//! One volume on a socket of its own.

use crate::port::Outlet;
use crate::server::{Server, Terms};
use crate::socket::Listener;
use crate::uri;
use env::Files;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Connections to one export at a time. qemu uses 1, nbdcopy 4 by default, the kernel client as many as asked.
const CONNECTIONS_MAX: usize = 64;
/// How long a stop waits for requests in flight before it cuts the connections.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Where an export listens.
#[derive(Clone, Debug)]
pub enum Listen {
    /// A socket file, readable and writable by its owner only. A dead one in its place is replaced.
    Unix(PathBuf),
    /// Loopback addresses only: what goes over the socket is plaintext. With TLS: [`crate::Portal`].
    Tcp(SocketAddr),
}

/// A volume that clients can connect to, until [`Export::stop`] (or until it is dropped, which cuts them off).
pub struct Export {
    name: String,
    outlet: Outlet,
    server: Server,
    uri: String,
    /// The socket file to remove.
    path: Option<PathBuf>,
}

impl Export {
    /// Listens and returns. Clients find the volume under the export name `name` and as the default export.
    ///
    /// Errors: the address is in use or cannot be bound, or is not a loopback address.
    pub fn start(name: &str, outlet: impl Into<Outlet>, listen: Listen) -> io::Result<Export> {
        let listener = Listener::bind(&listen)?;
        let (path, uri) = match &listen {
            Listen::Unix(path) => (Some(path.clone()), uri::unix(name, path)),
            Listen::Tcp(_) => (None, uri::tcp("nbd", listener.local_addr()?, name)),
        };
        let outlet = outlet.into().beside();
        let terms =
            Terms { label: name.to_owned(), alone: true, tls: None, connections_max: CONNECTIONS_MAX };
        let server = Server::start(terms, listener)?;
        server.add(name, outlet.clone());
        Ok(Export { name: name.to_owned(), outlet, server, uri, path })
    }

    /// The device's address as NBD clients take it: `nbd+unix:///<name>?socket=<path>` or `nbd://<address>/<name>`
    /// (the NBD URI specification).
    pub fn uri(&self) -> String {
        self.uri.clone()
    }

    /// Takes no new connections, lets requests in flight finish (at most 10 s), ends the sessions, flushes the volume and
    /// removes the socket file. A flush that fails is logged; whoever must know calls [`volume::Device::close`] as well.
    pub fn stop(mut self) {
        self.end(STOP_GRACE);
        if let Err(why) = self.outlet.device().flush() {
            tracing::error!(volume = self.name, %why, "flush at the end of an export failed");
        }
    }

    fn end(&mut self, grace: Duration) {
        // First, while the socket is still ours: whoever binds the path next must keep it.
        if let Some(path) = self.path.take() {
            let _ = env::RealFiles.remove_file(&path);
        }
        self.server.stop(grace);
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}
