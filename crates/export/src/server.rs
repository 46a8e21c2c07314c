//! One listening socket and its sessions: admission, limits, and an orderly end of one export or of all.

use crate::exports::{Exports, Found};
use crate::port::Outlet;
use crate::session;
use crate::socket::{Closer, Listener, Stream};
use crate::tls::{Secured, Tls};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Pause after a failed accept (out of descriptors, mostly), so that the thread does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What is told to [`Server::start`].
pub(crate) struct Terms {
    /// For the log.
    pub label: String,
    /// A client that asks for the default export gets the only one there is. Where there may be several there is no default.
    pub alone: bool,
    /// Clients must start TLS before anything else.
    pub tls: Option<Tls>,
    pub connections_max: usize,
}

pub(crate) struct Server {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    stop_accepting: Closer,
}

struct Shared {
    terms: Terms,
    sessions: Mutex<Sessions>,
    /// A session ended.
    ended: Condvar,
}

#[derive(Default)]
struct Sessions {
    stopping: bool,
    exports: BTreeMap<String, Outlet>,
    next: u64,
    open: HashMap<u64, Session>,
    threads: Vec<JoinHandle<()>>,
}

struct Session {
    closer: Closer,
    /// What it uses, once it has chosen.
    export: Option<String>,
}

impl Server {
    pub fn start(terms: Terms, listener: Listener) -> io::Result<Server> {
        let shared = Arc::new(Shared { terms, sessions: Mutex::default(), ended: Condvar::new() });
        let stop_accepting = listener.closer()?;
        let accepting = {
            let shared = shared.clone();
            env::spawn("nbd-accept", move || accept(&shared, &listener))?
        };
        Ok(Server { shared, accepting: Some(accepting), stop_accepting })
    }

    /// Offers an export; one of the same name is replaced for those who come from now on.
    pub fn add(&self, name: &str, outlet: Outlet) {
        self.shared.sessions.lock().exports.insert(name.to_owned(), outlet);
    }

    /// Offers an export no more, lets its requests in flight finish within `grace`, and ends its sessions.
    pub fn remove(&self, name: &str, grace: Duration) {
        let mut sessions = self.shared.sessions.lock();
        if let Some(outlet) = sessions.exports.remove(name) {
            outlet.end_waiting();
            self.shared.end_sessions(&mut sessions, grace, |session| session.export.as_deref() == Some(name));
        }
    }

    /// Takes no new connections, lets requests in flight finish within `grace`, and ends the sessions.
    pub fn stop(&mut self, grace: Duration) {
        let Some(accepting) = self.accepting.take() else { return };
        {
            let mut sessions = self.shared.sessions.lock();
            sessions.stopping = true;
            sessions.exports.values().for_each(Outlet::end_waiting);
        }
        self.stop_accepting.close();
        let _ = accepting.join();
        let threads = {
            let mut sessions = self.shared.sessions.lock();
            self.shared.end_sessions(&mut sessions, grace, |_| true);
            std::mem::take(&mut sessions.threads)
        };
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn end_sessions(
        &self,
        sessions: &mut MutexGuard<Sessions>,
        grace: Duration,
        which: impl Fn(&Session) -> bool,
    ) {
        // Sessions see the end of input after the requests they have, answer those, and end.
        sessions.open.values().filter(|s| which(s)).for_each(|s| s.closer.close_input());
        while sessions.open.values().any(&which) {
            // A client that does not read its replies would hold us up for ever.
            if self.ended.wait_for(sessions, grace).timed_out() {
                sessions.open.values().filter(|s| which(s)).for_each(|s| s.closer.close());
                break;
            }
        }
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
                    tracing::warn!(export = shared.terms.label, %why, "accept failed; trying on");
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
        let Terms { label, connections_max, .. } = &shared.terms;
        self.threads.retain(|thread| !thread.is_finished());
        if self.open.len() >= *connections_max {
            tracing::warn!(export = label, "refused a connection: {connections_max} are open");
            return;
        }
        let Ok(closer) = stream.closer() else { return };
        let id = self.next;
        self.next += 1;
        let (worker, name) = (shared.clone(), format!("nbd-{id}"));
        // The thread's first step needs the lock that we hold, so it cannot end before it is listed.
        let started = env::spawn(&name, move || {
            run(&worker, id, stream);
            worker.sessions.lock().open.remove(&id);
            worker.ended.notify_all();
        });
        match started {
            Ok(thread) => {
                self.open.insert(id, Session { closer, export: None });
                self.threads.push(thread);
            }
            Err(why) => tracing::warn!(export = label, %why, "no thread for a connection"),
        }
    }
}

fn run(shared: &Shared, id: u64, stream: Stream) {
    let stream = Secured::new(stream, shared.terms.tls.clone());
    match session::run(&Visit { shared, id }, stream) {
        Ok(()) => {}
        Err(why) => tracing::debug!(export = shared.terms.label, %why, "an NBD session ended"),
    }
}

/// The exports, as one session sees them.
struct Visit<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Exports for Visit<'_> {
    fn find(&self, name: &[u8]) -> Option<Found> {
        let sessions = self.shared.sessions.lock();
        let (name, outlet) = match std::str::from_utf8(name).ok()? {
            "" if self.shared.terms.alone => sessions.exports.first_key_value()?,
            name => sessions.exports.get_key_value(name)?,
        };
        Some(Found { name: name.clone(), size: outlet.device().size_bytes() })
    }

    fn names(&self) -> Vec<String> {
        self.shared.sessions.lock().exports.keys().cloned().collect()
    }

    fn enter(&self, name: &str) -> Option<Outlet> {
        let mut sessions = self.shared.sessions.lock();
        let outlet = sessions.exports.get(name)?.clone();
        sessions.open.get_mut(&self.id)?.export = Some(name.to_owned());
        Some(outlet)
    }
}
