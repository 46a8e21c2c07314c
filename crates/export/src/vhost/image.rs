//! A ring in a memory that is an image of bytes, served once: no front-end, no thread. For fuzzers and tests.
//!
//! ```text
//!  0x0000 descriptors, 16 × 16 bytes | 0x0100 available ring | 0x0200 used ring | anything
//! ```

use super::chain::Chain;
use super::memory::GuestMemory;
use super::past::Past;
use super::request::{Asked, Manner, Service, reads_waiting};
use super::ring::{Addresses, Ring};
use crate::port::{Ahead, Outlet};
use std::io;
use std::sync::Arc;
use volume::Device;

pub(super) const MEMORY_BYTES: usize = 64 << 10;
pub(super) const AT: Addresses = Addresses { descriptors: 0, available: 0x100, used: 0x200 };
pub(super) const ENTRIES: u16 = 16;

/// Serves what waits in the ring and returns the memory as it is afterwards.
///
/// Errors: no memory, or a ring that is not inside it (which this one is).
pub fn run_ring(device: &Arc<Device>, image: &[u8], event_idx: bool) -> io::Result<Vec<u8>> {
    let memory = GuestMemory::anonymous(MEMORY_BYTES)?;
    let all = memory.slice(0, MEMORY_BYTES).ok_or(io::ErrorKind::OutOfMemory)?;
    all.copy_from(image);
    let mut ring = Ring::open(&memory, AT, ENTRIES, event_idx).ok_or(io::ErrorKind::InvalidData)?;
    let (port, past) = (Outlet::from(device.clone()).port(), Past::default());
    let (mut chain, mut spare, mut service) =
        (Chain::default(), Chain::default(), Service::new(&port, &past));
    let mut ahead = Ahead::default();
    let manner = Manner { read_only: false, write_through: false };
    ring.mute();
    for _ in 0..ring.waiting().unwrap_or(0) {
        let head = ring.take();
        // As if every request waited for the disk.
        ahead.next();
        ahead.announce(&port, reads_waiting(&ring, &memory, &mut spare));
        let written = match chain.collect(&ring, &memory, head) {
            Ok(()) => {
                let asked = Asked::take(&mut chain);
                service.run(&mut chain, asked, manner, &mut || {})
            }
            Err(_) => 0,
        };
        ring.answer(head, written);
    }
    ring.publish();
    ring.listen();
    let mut after = vec![0; MEMORY_BYTES];
    all.copy_to(&mut after);
    Ok(after)
}
