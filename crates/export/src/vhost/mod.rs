//! A volume as a vhost-user-blk device: a virtual machine's disk, with requests and data in memory that both sides share.
//!
//! ```text
//!  mod         listens, one front-end at a time, orderly stop
//!    session     what a front-end's messages mean
//!      vring       what was said about one queue
//!      worker      its thread: takes requests until told to end
//!        ring        the virtqueue: available and used
//!        chain       a request's descriptors, gathered and checked
//!        request     header judged, data moved, volume called
//!    past        where queues were left; who must hear of a crash
//!    memory      the guest's memory, mapped
//!    config      features and configuration space
//! ```
//! Of the rust-vmm crates, `vhost` (messages and their file descriptors) and `vm-memory` (mapping and copying) are used.
//! `vhost-user-backend` would take over threads and locks: a lock per request, a system call more per wake-up, threads that
//! go on after a front-end has left, and a listener whose socket anybody may enter. `virtio-queue` takes the end of a broken
//! chain for the end of a good one, and allocates per request.

mod chain;
mod config;
mod image;
mod memory;
mod past;
mod request;
mod ring;
mod session;
mod vring;
mod worker;

use crate::port::Outlet;
use crate::socket::{Closer, bind_unix};
use env::Files;
pub use image::run_ring;
use parking_lot::{Condvar, Mutex};
use past::Past;
use session::Session;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;
use vhost::vhost_user::{BackendReqHandler, Error};
use vring::Common;
use worker::{Durability, Phase, Progress};

/// How long a stop waits for requests in flight before it cuts them off.
const STOP_GRACE: Duration = Duration::from_secs(10);
/// From connecting to the first message. After that a front-end may be silent for as long as its guest is.
const HELLO_TIME: Duration = Duration::from_secs(10);
/// Pause after a failed accept (out of descriptors, mostly), so that the thread does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A volume that a virtual machine can have as its disk, until [`VhostExport::stop`] (or until it is dropped, which cuts it
/// off). The front-end may leave, or crash, and connect again; it finds every request either answered or still waiting.
pub struct VhostExport {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    stop_accepting: Closer,
}

struct Shared {
    name: String,
    outlet: Outlet,
    options: VhostOptions,
    write_back: Arc<AtomicBool>,
    phase: Arc<Progress>,
    past: Arc<Past>,
    socket: PathBuf,
    /// The socket of the front-end that is here.
    open: Mutex<Option<Closer>>,
    /// It left.
    ended: Condvar,
}

/// What may differ from export to export.
#[derive(Clone, Copy, Debug)]
pub struct VhostOptions {
    /// Queues that a front-end may use, up to 64.
    pub queues: u16,
    /// Writes are refused.
    pub read_only: bool,
}

impl Default for VhostOptions {
    fn default() -> Self {
        VhostOptions { queues: config::QUEUES_MAX, read_only: false }
    }
}

impl VhostExport {
    /// Listens and returns. `name` is for messages to the operator.
    ///
    /// Errors: the socket is in use or cannot be bound, or what the export before left beside it cannot be taken away.
    pub fn start(name: &str, outlet: impl Into<Outlet>, socket: PathBuf) -> io::Result<VhostExport> {
        VhostExport::start_with(name, outlet, socket, VhostOptions::default())
    }

    pub fn start_with(
        name: &str,
        outlet: impl Into<Outlet>,
        socket: PathBuf,
        options: VhostOptions,
    ) -> io::Result<VhostExport> {
        let listener = bind_unix(&socket)?;
        let past = Arc::new(Past::take_over(&socket)?);
        let options = VhostOptions { queues: options.queues.clamp(1, config::QUEUES_MAX), ..options };
        let shared = Arc::new(Shared {
            name: name.to_owned(),
            outlet: outlet.into().beside(),
            options,
            write_back: Arc::new(AtomicBool::new(past::write_back(&socket))),
            phase: Arc::default(),
            past,
            socket,
            open: Mutex::new(None),
            ended: Condvar::new(),
        });
        let stop_accepting = Closer::unix(listener.try_clone()?);
        let accepting = {
            let shared = shared.clone();
            env::spawn("vhost-accept", move || accept(&shared, &listener))?
        };
        Ok(VhostExport { shared, accepting: Some(accepting), stop_accepting })
    }

    pub fn path(&self) -> &Path {
        &self.shared.socket
    }

    /// Takes no new front-end, answers the requests that wait (for at most 10 s), lets the front-end go, flushes the volume
    /// and removes the socket file; guests may go on at an export after this one. A flush that fails is logged, and they are told
    /// then; whoever must know calls [`volume::Device::close`] as well.
    pub fn stop(mut self) {
        self.end(STOP_GRACE);
        let Shared { name: volume, outlet, past, socket, .. } = &*self.shared;
        if let Err(why) = outlet.device().flush() {
            tracing::error!(volume, %why, "flush at the end of an export failed");
        } else if let Err(why) = past.hand_on(socket) {
            tracing::warn!(volume, %why, "a guest that connects again will have a flush fail");
        }
    }

    fn end(&mut self, grace: Duration) {
        let Some(accepting) = self.accepting.take() else { return };
        let shared = &self.shared;
        shared.phase.reach(if grace.is_zero() { Phase::Cut } else { Phase::Draining });
        shared.outlet.end_waiting();
        self.stop_accepting.close();
        let _ = env::RealFiles.remove_file(&shared.socket);
        let mut open = shared.open.lock();
        if let Some(closer) = &*open {
            closer.close_input();
        }
        while open.is_some() {
            if shared.ended.wait_for(&mut open, grace).timed_out() {
                shared.phase.reach(Phase::Cut);
                open.take().iter().for_each(Closer::close);
            }
        }
        drop(open);
        let _ = accepting.join();
    }
}

impl Drop for VhostExport {
    fn drop(&mut self) {
        self.end(Duration::ZERO);
    }
}

fn accept(shared: &Shared, listener: &UnixListener) {
    loop {
        let stream = listener.accept();
        let mut open = shared.open.lock();
        if shared.phase.has_reached(Phase::Draining) {
            return;
        }
        let started = stream.and_then(|(stream, _)| Ok((Closer::unix(stream.try_clone()?), stream)));
        match started {
            Ok((closer, stream)) => {
                *open = Some(closer);
                drop(open);
                match serve(shared, stream) {
                    Error::Disconnected => {}
                    why => tracing::debug!(volume = shared.name, %why, "a vhost-user session ended"),
                }
                *shared.open.lock() = None;
                shared.ended.notify_all();
            }
            Err(why) => {
                tracing::debug!(volume = shared.name, %why, "accept failed; trying on");
                shared.ended.wait_for(&mut open, ACCEPT_PAUSE);
            }
        }
    }
}

/// Serves one front-end until it leaves or breaks the protocol, and says why.
fn serve(shared: &Shared, stream: UnixStream) -> Error {
    let VhostOptions { queues, read_only } = shared.options;
    let session = Session::new(
        Common {
            outlet: shared.outlet.clone(),
            memory: None,
            event_idx: false,
            read_only,
            durability: Durability::OnFlush,
            export: shared.phase.clone(),
            past: shared.past.clone(),
        },
        queues,
        shared.write_back.clone(),
        shared.socket.clone(),
    );
    // The library asks for this kind of lock; nobody else takes it while a message is handled.
    let session = Arc::new(std::sync::Mutex::new(session));
    let why = match talk(stream, &session) {
        Ok(never) => match never {},
        Err(why) => why,
    };
    // A front-end that left has no use for answers; one that we send away shall have them.
    let stopping = shared.phase.has_reached(Phase::Draining);
    if let Ok(mut session) = session.lock() {
        session.stop(if stopping { Phase::Draining } else { Phase::Cut });
    }
    why
}

fn talk(
    stream: UnixStream,
    session: &Arc<std::sync::Mutex<Session>>,
) -> Result<std::convert::Infallible, Error> {
    let socket = stream.try_clone().map_err(Error::SocketError)?;
    socket.set_read_timeout(Some(HELLO_TIME)).map_err(Error::SocketError)?;
    let mut handler = BackendReqHandler::from_stream(stream, session.clone());
    handler.handle_request()?;
    socket.set_read_timeout(None).map_err(Error::SocketError)?;
    loop {
        handler.handle_request()?;
    }
}

#[cfg(test)]
mod tests;
