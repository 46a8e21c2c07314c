//! A split virtqueue, as the device sees it (virtio 1.2, section 2.7). All numbers are little-endian.
//!
//! ```text
//!  descriptors   size × { address u64 | length u32 | flags u16 | next u16 }            written by the driver
//!  available     flags u16 | index u16 | size × head u16 | used_event u16              written by the driver
//!  used          flags u16 | index u16 | size × { head u32 | length u32 } | avail_event u16        written by us
//! ```
//! Requests are answered in the order in which they became available, one entry each whatever the request was. So the used
//! index alone says how far we came: a front-end that connects again, or another server after a crash of this one, goes on
//! from there, and every request is answered exactly once. (A request that was done and not answered is done again; that
//! nobody was told of it makes doing it again the same as doing it late.) What was answered and not yet flushed
//! may be lost when a server is killed; `past.rs` sees to it that the guest is told.

use super::memory::{GuestMemory, Slice};
use std::sync::atomic::{Ordering, fence};
use vm_memory::Bytes;

pub(crate) const DESCRIPTOR_BYTES: usize = 16;
const INDEX_AT: usize = 2;
const ENTRIES_AT: usize = 4;
const HEAD_BYTES: usize = 2;
const USED_BYTES: usize = 8;
/// In the flags of the available ring: the driver asks for no notifications.
const NO_INTERRUPT: u16 = 1;
/// In the flags of the used ring: we ask for no notifications.
const NO_NOTIFY: u16 = 1;

/// Guest addresses of a ring's parts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Addresses {
    pub descriptors: u64,
    pub available: u64,
    pub used: u64,
}

pub(crate) struct Ring<'m> {
    /// A power of two.
    size: u16,
    event_idx: bool,
    pub descriptors: Slice<'m>,
    available: Slice<'m>,
    used: Slice<'m>,
    /// The next request to take.
    next_available: u16,
    /// The next entry to write; what was published is before it.
    next_used: u16,
    /// The used index when the driver was last considered for a notification.
    considered: u16,
}

impl<'m> Ring<'m> {
    /// `None`: the parts are not inside the guest's memory, or not aligned.
    pub fn open(memory: &'m GuestMemory, at: Addresses, size: u16, event_idx: bool) -> Option<Ring<'m>> {
        let entries = usize::from(size);
        let descriptors = memory.slice(at.descriptors, DESCRIPTOR_BYTES * entries)?;
        let available = memory.slice(at.available, ENTRIES_AT + HEAD_BYTES * entries + 2)?;
        let used = memory.slice(at.used, ENTRIES_AT + USED_BYTES * entries + 2)?;
        available.load::<u16>(INDEX_AT, Ordering::Relaxed).ok()?;
        let done = u16::from_le(used.load(INDEX_AT, Ordering::Acquire).ok()?);
        used.load::<u32>(ENTRIES_AT, Ordering::Relaxed).ok()?;
        Some(Ring {
            size,
            event_idx,
            descriptors,
            available,
            used,
            next_available: done,
            next_used: done,
            considered: done,
        })
    }

    pub fn size(&self) -> u16 {
        self.size
    }

    /// Where to go on.
    pub fn next_available(&self) -> u16 {
        self.next_available
    }

    /// Requests waiting. `None`: the driver's index is impossible.
    pub fn waiting(&self) -> Option<u16> {
        let index = u16::from_le(self.available.load(INDEX_AT, Ordering::Acquire).ok()?);
        let waiting = index.wrapping_sub(self.next_available);
        (waiting <= self.size).then_some(waiting)
    }

    /// Takes the next request: the number of its first descriptor, whatever the driver wrote there. Only if one waits.
    pub fn take(&mut self) -> u16 {
        let head = self.peek(0);
        self.next_available = self.next_available.wrapping_add(1);
        head
    }

    /// The same of the request `n` places behind the next one, which stays where it is. Only if so many wait.
    pub fn peek(&self, n: u16) -> u16 {
        let place = self.next_available.wrapping_add(n) % self.size;
        // Never fails: the slice was made for it.
        let at = ENTRIES_AT + HEAD_BYTES * usize::from(place);
        self.available.load(at, Ordering::Relaxed).map_or(u16::MAX, u16::from_le)
    }

    /// Answers a request; the driver sees it after [`Ring::publish`].
    pub fn answer(&mut self, head: u16, written: u32) {
        let at = ENTRIES_AT + USED_BYTES * usize::from(self.next_used % self.size);
        let _ = self.used.store(u32::from(head).to_le(), at, Ordering::Relaxed);
        let _ = self.used.store(written.to_le(), at + 4, Ordering::Relaxed);
        self.next_used = self.next_used.wrapping_add(1);
    }

    /// Shows the driver what was answered. Says whether it wants to be notified.
    pub fn publish(&mut self) -> bool {
        let _ = self.used.store(self.next_used.to_le(), INDEX_AT, Ordering::Release);
        // The driver writes its wish and then reads our index; we the other way round. Neither may overtake.
        fence(Ordering::SeqCst);
        let before = std::mem::replace(&mut self.considered, self.next_used);
        let answered = self.next_used.wrapping_sub(before);
        if !self.event_idx {
            let flags = self.available.load(0, Ordering::Relaxed).map_or(0, u16::from_le);
            return answered != 0 && flags & NO_INTERRUPT == 0;
        }
        let at = ENTRIES_AT + HEAD_BYTES * usize::from(self.size);
        let Ok(event) = self.available.load::<u16>(at, Ordering::Relaxed) else { return true };
        // Did the index pass `event`?
        self.next_used.wrapping_sub(u16::from_le(event)).wrapping_sub(1) < answered
    }

    /// Asks for no notifications while we are at work. With event indexes that is so by itself.
    pub fn mute(&self) {
        if !self.event_idx {
            let _ = self.used.store(NO_NOTIFY.to_le(), 0, Ordering::Relaxed);
        }
    }

    /// Asks to be notified of the next request. After this the ring must be looked at once more before sleeping.
    pub fn listen(&self) {
        let _ = if self.event_idx {
            let at = ENTRIES_AT + USED_BYTES * usize::from(self.size);
            self.used.store(self.next_available.to_le(), at, Ordering::Relaxed)
        } else {
            self.used.store(0_u16, 0, Ordering::Relaxed)
        };
        fence(Ordering::SeqCst);
    }
}
