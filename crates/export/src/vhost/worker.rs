//! The thread of one queue: takes requests, does them one after the other, answers, and sleeps when there are none.
//!
//! One thread does a request from its first descriptor to its answer: no hand-over and no lock but the volume's. What the
//! front-end says about a ring (its addresses, its eventfds) never changes under a running thread: the thread is stopped and
//! another one started.

use super::chain::Chain;
use super::memory::GuestMemory;
use super::past::Past;
use super::request::{Asked, Manner, Service, reads_waiting};
use super::ring::{Addresses, Ring};
use crate::port::{Ahead, Outlet, Port};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EventFd;

/// Answers that are held back at most before the driver sees them, so that it can send more while we work on the rest.
const BATCH: u16 = 16;
/// So many bytes, too, are worth an answer of their own.
const BATCH_BYTES: u32 = 256 << 10;

/// How a worker, or all of an export, is told to end.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub(crate) enum Phase {
    /// Answer what is waiting, then end.
    Draining = 1,
    /// End after the request at hand.
    Cut = 2,
}

/// 0, or the last [`Phase`] that was reached; it only goes forward.
#[derive(Default)]
pub(crate) struct Progress(AtomicU8);

impl Progress {
    pub fn reach(&self, phase: Phase) {
        self.0.fetch_max(phase as u8, Ordering::SeqCst);
    }

    pub fn has_reached(&self, phase: Phase) -> bool {
        self.0.load(Ordering::SeqCst) >= phase as u8
    }
}

/// What a worker needs.
pub(crate) struct Setup {
    pub name: String,
    /// Fewer than 256: see `config::QUEUES_MAX`.
    pub queue: u8,
    /// Where the front-end says that the ring was left.
    pub base: u16,
    pub outlet: Outlet,
    pub memory: Arc<GuestMemory>,
    pub ring: Addresses,
    pub size: u16,
    pub event_idx: bool,
    pub read_only: bool,
    pub durability: Durability,
    pub kick: Arc<File>,
    pub call: Option<Arc<File>>,
    pub error: Option<Arc<File>>,
    pub export: Arc<Progress>,
    pub past: Arc<Past>,
}

/// When a write must be durable before its answer.
#[derive(Clone)]
pub(crate) enum Durability {
    /// The driver cannot flush.
    Always,
    /// Never: the driver flushes.
    OnFlush,
    /// The driver says, by the field "write back", and may change its mind.
    Unless(Arc<AtomicBool>),
}

impl Durability {
    fn write_through(&self) -> bool {
        match self {
            Durability::Always => true,
            Durability::OnFlush => false,
            Durability::Unless(write_back) => !write_back.load(Ordering::Relaxed),
        }
    }
}

pub(crate) struct Worker {
    thread: JoinHandle<Option<u16>>,
    own: Arc<Progress>,
    wake: EventFd,
}

impl Worker {
    pub fn start(setup: Setup) -> io::Result<Worker> {
        let (own, wake, epoll) = (Arc::new(Progress::default()), EventFd::new(0)?, Epoll::new()?);
        // Edges, not levels: whoever writes the eventfd wakes us, and nobody has to read it.
        let edge = EpollEvent::new(EventSet::IN | EventSet::EDGE_TRIGGERED, 0);
        epoll.ctl(ControlOperation::Add, setup.kick.as_raw_fd(), edge)?;
        epoll.ctl(ControlOperation::Add, wake.as_raw_fd(), edge)?;
        let progress = own.clone();
        let thread = env::spawn(&setup.name.clone(), move || run(&setup, &progress, &epoll))?;
        Ok(Worker { thread, own, wake })
    }

    /// Ends the thread and returns where the ring goes on, if the ring was good.
    pub fn stop(self, how: Phase) -> Option<u16> {
        self.own.reach(how);
        // Fails only if it is full, and then the thread was woken before.
        let _ = self.wake.write(1);
        self.thread.join().ok().flatten()
    }
}

fn run(setup: &Setup, own: &Progress, epoll: &Epoll) -> Option<u16> {
    let port = setup.outlet.port();
    let volume = port.volume_id();
    let Some(ring) = Ring::open(&setup.memory, setup.ring, setup.size, setup.event_idx) else {
        tracing::warn!(volume, queue = setup.name, "the queue is not inside the guest's memory");
        signal(setup.error.as_deref());
        return None;
    };
    if setup.past.begins(setup.queue, setup.base, ring.next_available()) {
        let queue = setup.queue;
        tracing::warn!(
            volume,
            queue,
            "a guest has outlived a server that did not stop in order; its next flush fails"
        );
    }
    let mut queue = Queue {
        ring,
        chain: Chain::default(),
        ahead: Ahead::default(),
        spare: Chain::default(),
        service: Service::new(&port, &setup.past),
        port: &port,
        setup,
        own,
        told: false,
    };
    // After a reconnection neither side knows whether the other missed a notification.
    signal(setup.call.as_deref());
    loop {
        let last = own.has_reached(Phase::Draining);
        queue.ring.mute();
        let idle = queue.pass();
        if last || queue.must_end() {
            break;
        }
        if idle {
            queue.ring.listen();
            if matches!(queue.ring.waiting(), None | Some(0)) {
                sleep(epoll);
            }
        }
    }
    setup.past.ends(setup.queue, queue.ring.next_available());
    Some(queue.ring.next_available())
}

fn sleep(epoll: &Epoll) {
    // Interrupted or not, the ring is looked at again.
    let _ = epoll.wait(-1, &mut [EpollEvent::default()]);
}

/// Adds one to an eventfd of the front-end's.
fn signal(eventfd: Option<&File>) {
    if let Some(mut eventfd) = eventfd {
        // Full means that it was told and has not looked yet.
        let _ = eventfd.write(&1_u64.to_ne_bytes());
    }
}

/// So that a front-end cannot hold a worker by an eventfd that is full. The standard library offers it for sockets only; the
/// descriptor does not mind being called one.
pub(crate) fn never_blocking(eventfd: File) -> io::Result<File> {
    let socket = UnixStream::from(OwnedFd::from(eventfd));
    socket.set_nonblocking(true)?;
    Ok(OwnedFd::from(socket).into())
}

struct Queue<'m> {
    ring: Ring<'m>,
    chain: Chain<'m>,
    ahead: Ahead,
    /// For looking at those that wait.
    spare: Chain<'m>,
    service: Service<'m>,
    port: &'m Port,
    setup: &'m Setup,
    own: &'m Progress,
    /// That the ring is broken was told.
    told: bool,
}

impl Queue<'_> {
    fn must_end(&self) -> bool {
        self.own.has_reached(Phase::Cut) || self.setup.export.has_reached(Phase::Cut)
    }

    /// Does what waits now; what comes meanwhile is for the next pass. Returns whether nothing waited.
    fn pass(&mut self) -> bool {
        let Some(waiting) = self.ring.waiting() else {
            self.tell_broken();
            return true;
        };
        if waiting > 0 {
            self.port.arrived();
        }
        let (mut held, mut bytes) = (0, 0_u32);
        for _ in 0..waiting {
            if self.must_end() {
                break;
            }
            bytes = bytes.saturating_add(self.request());
            held += 1;
            if held >= BATCH || bytes >= BATCH_BYTES {
                self.publish();
                self.port.resumed();
                (held, bytes) = (0, 0);
            }
        }
        if held > 0 {
            self.publish();
        }
        waiting == 0
    }

    /// Returns how many bytes it moved.
    fn request(&mut self) -> u32 {
        let Setup { memory, read_only, durability, .. } = self.setup;
        let head = self.ring.take();
        self.ahead.next();
        let (moved, written) = match self.chain.collect(&self.ring, memory, head) {
            Ok(()) => {
                let moved = self.chain.sent.left().saturating_add(self.chain.wanted.left());
                let manner = Manner { read_only: *read_only, write_through: durability.write_through() };
                let asked = Asked::take(&mut self.chain);
                self.hold(asked);
                let Queue { ring, chain, ahead, spare, service, port, .. } = self;
                let mut announce = || ahead.announce(port, reads_waiting(ring, memory, spare));
                (moved, service.run(chain, asked, manner, &mut announce))
            }
            Err(why) => {
                tracing::debug!(volume = self.port.volume_id(), head, ?why, "a chain that breaks the rules");
                (0, 0)
            }
        };
        self.ring.answer(head, written);
        moved
    }

    /// Waits if the volume's limits say so. What has been answered must not wait with it.
    fn hold(&mut self, asked: Option<Asked>) {
        let Some((kind, bytes)) = asked.and_then(|asked| asked.cost(&self.chain)) else { return };
        if let Some(due) = self.port.hold(kind, bytes) {
            self.publish();
            self.port.wait(due);
        }
    }

    fn publish(&mut self) {
        if self.ring.publish() {
            signal(self.setup.call.as_deref());
        }
    }

    /// Nothing can be done until the driver's index makes sense again.
    fn tell_broken(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            let (volume, queue) = (self.port.volume_id(), &self.setup.name);
            tracing::warn!(volume, queue, "the driver made more requests available than the ring holds");
            signal(self.setup.error.as_deref());
        }
    }
}
