//! Listening, limits, and an orderly stop.

use crate::port::Outlet;
use crate::session;
use crate::socket::{Closer, Listener, Stream};
use env::Files;
use parking_lot::{Condvar, Mutex};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Connections to one export at a time. qemu uses 1, nbdcopy 4 by default, the kernel client as many as asked.
const CONNECTIONS_MAX: usize = 64;
/// How long a stop waits for requests in flight before it cuts the connections.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of descriptors, mostly), so that the thread does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Where an export listens.
#[derive(Clone, Debug)]
pub enum Listen {
    /// A socket file, readable and writable by its owner only. A dead one in its place is replaced.
    Unix(PathBuf),
    /// Loopback addresses only: what goes over the socket is plaintext, and there is no TLS yet.
    Tcp(SocketAddr),
}

/// A volume that clients can connect to, until [`Export::stop`] (or until it is dropped, which cuts them off).
pub struct Export {
    shared: Arc<Shared>,
    uri: String,
    /// The socket file to remove.
    path: Option<PathBuf>,
    accepting: Option<JoinHandle<()>>,
    stop_accepting: Closer,
}

struct Shared {
    name: String,
    outlet: Outlet,
    sessions: Mutex<Sessions>,
    /// A session ended.
    ended: Condvar,
}

#[derive(Default)]
struct Sessions {
    stopping: bool,
    next: u64,
    open: HashMap<u64, Closer>,
    threads: Vec<JoinHandle<()>>,
}

impl Export {
    /// Listens and returns. Clients find the volume under the export name `name` and as the default export.
    ///
    /// Errors: the address is in use or cannot be bound, or is not a loopback address.
    pub fn start(name: &str, outlet: impl Into<Outlet>, listen: Listen) -> io::Result<Export> {
        let listener = Listener::bind(&listen)?;
        let (path, uri) = match &listen {
            Listen::Unix(path) => (Some(path.clone()), unix_uri(name, path)),
            Listen::Tcp(_) => {
                (None, format!("nbd://{}/{}", listener.local_addr()?, percent(name.as_bytes(), b"")))
            }
        };
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            outlet: outlet.into(),
            sessions: Mutex::default(),
            ended: Condvar::new(),
        });
        let stop_accepting = listener.closer()?;
        let accepting = {
            let shared = shared.clone();
            env::spawn("nbd-accept", move || accept(&shared, &listener))?
        };
        Ok(Export { shared, uri, path, accepting: Some(accepting), stop_accepting })
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
        if let Err(why) = self.shared.outlet.device().flush() {
            tracing::error!(volume = self.shared.name, %why, "flush at the end of an export failed");
        }
    }

    fn end(&mut self, grace: Duration) {
        let Some(accepting) = self.accepting.take() else { return };
        self.shared.sessions.lock().stopping = true;
        self.stop_accepting.close();
        let _ = accepting.join();
        if let Some(path) = &self.path {
            let _ = env::RealFiles.remove_file(path);
        }
        let threads = {
            let mut sessions = self.shared.sessions.lock();
            // Sessions see the end of input after the requests they have, answer those, and end.
            sessions.open.values().for_each(Closer::close_input);
            while !sessions.open.is_empty() {
                // A client that does not read its replies would hold us up for ever.
                if self.shared.ended.wait_for(&mut sessions, grace).timed_out() {
                    sessions.open.values().for_each(Closer::close);
                    break;
                }
            }
            std::mem::take(&mut sessions.threads)
        };
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

fn accept(shared: &Arc<Shared>, listener: &Listener) {
    // Told once until it works again: out of descriptors, it fails many times a second.
    let mut told = false;
    loop {
        let stream = listener.accept();
        let mut sessions = shared.sessions.lock();
        if sessions.stopping {
            return;
        }
        match stream {
            Ok(stream) => {
                told = false;
                sessions.admit(shared, stream);
            }
            Err(why) => {
                if !told {
                    tracing::warn!(volume = shared.name, %why, "accept failed; trying on");
                    told = true;
                }
                // Waits for a session to end, which is what frees a descriptor.
                shared.ended.wait_for(&mut sessions, ACCEPT_PAUSE);
            }
        }
    }
}

impl Sessions {
    fn admit(&mut self, shared: &Arc<Shared>, stream: Stream) {
        self.threads.retain(|thread| !thread.is_finished());
        if self.open.len() >= CONNECTIONS_MAX {
            tracing::warn!(volume = shared.name, "refused a connection: {CONNECTIONS_MAX} are open");
            return;
        }
        let Ok(closer) = stream.closer() else { return };
        let id = self.next;
        self.next += 1;
        let (worker, name) = (shared.clone(), format!("nbd-{id}"));
        // The thread's first step needs the lock that we hold, so it cannot end before it is listed.
        let started = env::spawn(&name, move || {
            run(&worker, stream);
            worker.sessions.lock().open.remove(&id);
            worker.ended.notify_all();
        });
        match started {
            Ok(thread) => {
                self.open.insert(id, closer);
                self.threads.push(thread);
            }
            Err(why) => tracing::warn!(volume = shared.name, %why, "no thread for a connection"),
        }
    }
}

fn run(shared: &Shared, stream: Stream) {
    match session::run(&shared.name, &shared.outlet, stream) {
        Ok(()) => {}
        Err(why) => tracing::debug!(volume = shared.name, %why, "an NBD session ended"),
    }
}

fn unix_uri(name: &str, path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    format!(
        "nbd+unix:///{}?socket={}",
        percent(name.as_bytes(), b""),
        percent(path.as_os_str().as_bytes(), b"/")
    )
}

/// Percent-encodes everything but letters, digits, `-._~` (RFC 3986, 2.3) and `also`.
fn percent(bytes: &[u8], also: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || also.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_percent_encoded() {
        assert_eq!(
            unix_uri("vol-0a", Path::new("/run/a b/?#é.sock")),
            "nbd+unix:///vol-0a?socket=/run/a%20b/%3F%23%C3%A9.sock"
        );
        assert_eq!(percent(b"a/b&c", b""), "a%2Fb%26c");
    }
}
