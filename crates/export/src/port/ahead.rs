//! The requests behind one that waits for the disk: the volume is told of their reads, each once, so that the disk has them all to do
//! while the exporter does them in their order.

use super::Port;

/// One connection's or queue's.
#[derive(Default)]
pub(crate) struct Ahead {
    /// So many requests that come next are announced already.
    announced: usize,
}

impl Ahead {
    /// The exporter turns to the next request.
    pub fn next(&mut self) {
        self.announced = self.announced.saturating_sub(1);
    }

    /// Announces the requests that come next, unless that is done already: of each the bytes that it reads (offset and length), if it
    /// reads any.
    pub fn announce(&mut self, volume: &Port, waiting: impl Iterator<Item = Option<(u64, u64)>>) {
        if self.announced > 0 {
            return;
        }
        for read in waiting {
            self.announced += 1;
            if let Some((offset, len)) = read {
                volume.will_need(offset, len);
            }
        }
    }
}
