//! A request's descriptors, gathered: what the device may read, what it may write, and where the status goes.
//!
//! A driver can write anything there: loops, tables that name other tables, addresses that are no memory. Each descriptor
//! is read once. A chain that breaks the rules is refused as a whole, because nothing in it can be trusted, not even the
//! place of the status.

use super::memory::{GuestMemory, Slice};
use super::ring::{DESCRIPTOR_BYTES, Ring};
use vm_memory::Bytes;

/// Descriptors of one request. Drivers use up to [`super::config::SEGMENTS_MAX`] and two; the rules allow as many as the
/// ring has entries.
const DESCRIPTORS_MAX: usize = 1024;

const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A number of a descriptor that the table does not have.
    NoDescriptor,
    /// More than a chain may have: a loop, mostly.
    TooLong,
    /// A table inside a table, a table and a next, or no whole number of descriptors.
    Indirect,
    /// Not all of it is memory.
    NoMemory,
    /// What the device reads must come before what it writes.
    Order,
    /// No byte for the status.
    NoStatus,
}

struct Descriptor {
    address: u64,
    len: u32,
    flags: u16,
    next: u16,
}

/// The buffers of one request. One per queue, filled anew for each request: nothing is allocated once it has grown.
#[derive(Default)]
pub(crate) struct Chain<'m> {
    /// What the driver sends.
    pub sent: Buffers<'m>,
    /// Where the answer goes, without the status.
    pub wanted: Buffers<'m>,
    status: Option<Slice<'m>>,
}

impl<'m> Chain<'m> {
    pub fn collect(&mut self, ring: &Ring<'m>, memory: &'m GuestMemory, head: u16) -> Result<(), Broken> {
        self.sent.clear();
        self.wanted.clear();
        self.status = None;
        let (mut table, mut entries, mut inside) = (ring.descriptors, usize::from(ring.size()), false);
        let mut number = head;
        for _ in 0..DESCRIPTORS_MAX {
            if usize::from(number) >= entries {
                return Err(Broken::NoDescriptor);
            }
            let descriptor = read(&table, number)?;
            if descriptor.flags & INDIRECT != 0 {
                let len = descriptor.len as usize;
                if inside || descriptor.flags & NEXT != 0 || len == 0 || !len.is_multiple_of(DESCRIPTOR_BYTES)
                {
                    return Err(Broken::Indirect);
                }
                table = memory.slice(descriptor.address, len).ok_or(Broken::NoMemory)?;
                (entries, number, inside) = (len / DESCRIPTOR_BYTES, 0, true);
                continue;
            }
            self.add(memory, &descriptor)?;
            if descriptor.flags & NEXT == 0 {
                self.status = Some(self.wanted.split_last().ok_or(Broken::NoStatus)?);
                return Ok(());
            }
            number = descriptor.next;
        }
        Err(Broken::TooLong)
    }

    fn add(&mut self, memory: &'m GuestMemory, descriptor: &Descriptor) -> Result<(), Broken> {
        let buffers = if descriptor.flags & WRITE != 0 {
            &mut self.wanted
        } else if self.wanted.slices.is_empty() {
            &mut self.sent
        } else {
            return Err(Broken::Order);
        };
        // "A driver must not add a chain of more than 2^32 bytes."
        buffers.left = buffers.left.checked_add(descriptor.len).ok_or(Broken::TooLong)?;
        if memory.slices(descriptor.address, descriptor.len as usize, &mut buffers.slices) {
            Ok(())
        } else {
            Err(Broken::NoMemory)
        }
    }

    pub fn set_status(&self, status: u8) {
        if let Some(place) = &self.status {
            place.copy_from(&[status]);
        }
    }
}

fn read(table: &Slice<'_>, number: u16) -> Result<Descriptor, Broken> {
    let mut raw = [0; DESCRIPTOR_BYTES];
    table.read_slice(&mut raw, DESCRIPTOR_BYTES * usize::from(number)).map_err(|_| Broken::NoDescriptor)?;
    let [a0, a1, a2, a3, a4, a5, a6, a7, l0, l1, l2, l3, f0, f1, n0, n1] = raw;
    Ok(Descriptor {
        address: u64::from_le_bytes([a0, a1, a2, a3, a4, a5, a6, a7]),
        len: u32::from_le_bytes([l0, l1, l2, l3]),
        flags: u16::from_le_bytes([f0, f1]),
        next: u16::from_le_bytes([n0, n1]),
    })
}

/// Bytes in several places, taken from the front.
#[derive(Default)]
pub(crate) struct Buffers<'m> {
    slices: Vec<Slice<'m>>,
    /// The first slice that is not used up, and how much of it is.
    at: usize,
    offset: usize,
    left: u32,
}

impl<'m> Buffers<'m> {
    fn clear(&mut self) {
        self.slices.clear();
        (self.at, self.offset, self.left) = (0, 0, 0);
    }

    /// Bytes left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Copies the next bytes out of the guest. `false`: there are not so many.
    pub fn take(&mut self, to: &mut [u8]) -> bool {
        let mut rest = to;
        self.step(rest.len(), |slice| {
            let (now, later) = std::mem::take(&mut rest).split_at_mut(slice.len());
            slice.copy_to(now);
            rest = later;
        })
    }

    /// Copies bytes into the guest. `false`: there is no room for so many.
    pub fn put(&mut self, from: &[u8]) -> bool {
        let mut rest = from;
        self.step(rest.len(), |slice| {
            let (now, later) = rest.split_at(slice.len());
            slice.copy_from(now);
            rest = later;
        })
    }

    /// Goes over the next `len` bytes, slice by slice.
    fn step(&mut self, len: usize, mut with: impl FnMut(&Slice<'m>)) -> bool {
        let Some(after) = u32::try_from(len).ok().and_then(|len| self.left.checked_sub(len)) else {
            return false;
        };
        let mut todo = len;
        while todo > 0 {
            let Some(slice) = self.slices.get(self.at) else { return false };
            let here = (slice.len() - self.offset).min(todo);
            if let Ok(part) = slice.subslice(self.offset, here) {
                with(&part);
            }
            todo -= here;
            self.offset += here;
            if self.offset == slice.len() {
                (self.at, self.offset) = (self.at + 1, 0);
            }
        }
        self.left = after;
        true
    }

    /// Splits the last byte off.
    fn split_last(&mut self) -> Option<Slice<'m>> {
        while self.slices.last().is_some_and(Slice::is_empty) {
            self.slices.pop();
        }
        let last = self.slices.last_mut()?;
        let (front, back) = last.split_at(last.len() - 1).ok()?;
        *last = front;
        self.left -= 1;
        Some(back)
    }
}
