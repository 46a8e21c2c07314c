//! What a front-end has said about one queue, and the thread that serves it once everything is said.

use super::memory::GuestMemory;
use super::past::Past;
use super::ring::Addresses;
use super::worker::{Durability, Phase, Progress, Setup, Worker, never_blocking};
use crate::port::Outlet;
use std::fs::File;
use std::io;
use std::sync::Arc;

/// Entries of a ring. QEMU takes up to so many.
const SIZE_MAX: u32 = 1024;

/// The same for all queues of a session.
pub(crate) struct Common {
    pub outlet: Outlet,
    pub memory: Option<Arc<GuestMemory>>,
    pub event_idx: bool,
    pub read_only: bool,
    pub durability: Durability,
    pub export: Arc<Progress>,
    pub past: Arc<Past>,
}

#[derive(Default)]
pub(crate) struct Vring {
    size: u16,
    /// In the front-end's process: the memory table that says what they mean may come later.
    addresses: Option<Addresses>,
    base: u16,
    kick: Option<Arc<File>>,
    call: Option<Arc<File>>,
    error: Option<Arc<File>>,
    enabled: bool,
    worker: Option<Worker>,
}

impl Vring {
    /// A power of two. `false`: it is not, or too large.
    pub fn set_size(&mut self, size: u32) -> bool {
        let good = size.is_power_of_two() && size <= SIZE_MAX;
        if good {
            self.size = size as u16;
        }
        good
    }

    pub fn set_addresses(&mut self, addresses: Addresses) {
        self.addresses = Some(addresses);
    }

    /// Kept to be told again; the ring itself says where to go on (see `ring.rs`).
    pub fn set_base(&mut self, base: u16) {
        self.base = base;
    }

    pub fn base(&self) -> u16 {
        self.base
    }

    pub fn set_kick(&mut self, file: Option<File>) {
        self.kick = file.map(Arc::new);
    }

    pub fn set_call(&mut self, file: Option<File>) -> io::Result<()> {
        self.call = file.map(never_blocking).transpose()?.map(Arc::new);
        Ok(())
    }

    pub fn set_error(&mut self, file: Option<File>) -> io::Result<()> {
        self.error = file.map(never_blocking).transpose()?.map(Arc::new);
        Ok(())
    }

    pub fn set_enabled(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// Ends the thread after the request at hand, or after all that wait.
    pub fn stop(&mut self, how: Phase) {
        if let Some(next) = self.worker.take().and_then(|worker| worker.stop(how)) {
            self.base = next;
        }
    }

    /// Starts the thread if everything is there and it does not run.
    pub fn start(&mut self, queue: usize, common: &Common) -> io::Result<()> {
        if self.worker.is_some() || !self.enabled || self.size == 0 {
            return Ok(());
        }
        let (Some(kick), Some(at), Some(memory)) = (&self.kick, self.addresses, &common.memory) else {
            return Ok(());
        };
        let guest = |address| {
            let unknown = || io::Error::other("a queue is not inside the memory table");
            memory.guest_address(address).ok_or_else(unknown)
        };
        self.worker = Some(Worker::start(Setup {
            name: format!("vhost-{queue}"),
            queue: queue as u8,
            base: self.base,
            outlet: common.outlet.clone(),
            memory: memory.clone(),
            ring: Addresses {
                descriptors: guest(at.descriptors)?,
                available: guest(at.available)?,
                used: guest(at.used)?,
            },
            size: self.size,
            event_idx: common.event_idx,
            read_only: common.read_only,
            durability: common.durability.clone(),
            kick: kick.clone(),
            call: self.call.clone(),
            error: self.error.clone(),
            export: common.export.clone(),
            past: common.past.clone(),
        })?);
        Ok(())
    }
}
