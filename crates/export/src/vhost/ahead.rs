//! The requests that wait in a ring behind one that waits for the disk: the volume is told of their reads, so that the disk has them
//! all to do while the worker does them in their order.

use super::chain::Chain;
use super::memory::GuestMemory;
use super::request::Asked;
use super::ring::Ring;
use crate::port::Port;

#[derive(Default)]
pub(crate) struct Ahead<'m> {
    chain: Chain<'m>,
    /// So many requests that come next are announced already.
    announced: u16,
}

impl<'m> Ahead<'m> {
    /// A request was taken from the ring.
    pub fn next(&mut self) {
        self.announced = self.announced.saturating_sub(1);
    }

    /// Announces what waits, unless that is done already.
    pub fn announce(&mut self, ring: &Ring<'m>, memory: &'m GuestMemory, volume: &Port) {
        let waiting = ring.waiting().unwrap_or_default();
        if self.announced > 0 {
            return;
        }
        for n in 0..waiting {
            // A chain that breaks the rules is for the worker to tell, when its turn comes.
            if self.chain.collect(ring, memory, ring.peek(n)).is_ok()
                && let Some((offset, len)) = Asked::take(&mut self.chain).and_then(|a| a.read(&self.chain))
            {
                volume.will_need(offset, len);
            }
        }
        self.announced = waiting;
    }
}
