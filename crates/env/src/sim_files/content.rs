//! The bytes of one simulated file, with what each 512-byte sector was since the last sync.

use super::Crash;
use std::collections::{BTreeMap, BTreeSet};

/// What a disk writes as a whole.
const SECTOR: u64 = 512;
type Sector = Box<[u8; SECTOR as usize]>;

#[derive(Default)]
pub(super) struct Content {
    /// As a reader sees it. A sector that is not here is zeros and takes no space.
    now: BTreeMap<u64, Sector>,
    len: u64,
    /// Sectors that changed since the last sync: their versions before, oldest (durable) first.
    before: BTreeMap<u64, Vec<Option<Sector>>>,
    lens_before: Vec<u64>,
    /// Sectors that a failed sync should have covered: a later sync forgets them unless they were written again.
    stuck: BTreeSet<u64>,
}

impl Content {
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let len = self.len.saturating_sub(offset).min(buf.len() as u64) as usize;
        pieces(offset, len as u64, |sector, at, range| match self.now.get(&sector) {
            Some(bytes) => buf[range.clone()].copy_from_slice(&bytes[at..at + range.len()]),
            None => buf[range].fill(0),
        });
        len
    }

    pub fn write(&mut self, buf: &[u8], offset: u64) {
        pieces(offset, buf.len() as u64, |sector, at, range| {
            let mut bytes = self.remember(sector).unwrap_or_else(|| Box::new([0; SECTOR as usize]));
            bytes[at..at + range.len()].copy_from_slice(&buf[range]);
            self.now.insert(sector, bytes);
        });
        if !buf.is_empty() {
            self.grow(offset + buf.len() as u64);
        }
    }

    pub fn punch(&mut self, offset: u64, len: u64) {
        let end = offset + len;
        let touched: Vec<u64> =
            self.now.range(offset / SECTOR..end.div_ceil(SECTOR)).map(|(sector, _)| *sector).collect();
        for sector in touched {
            let (from, to) = (sector * SECTOR, (sector + 1) * SECTOR);
            let Some(mut bytes) = self.remember(sector) else { continue };
            bytes[(offset.max(from) - from) as usize..(end.min(to) - from) as usize].fill(0);
            if offset <= from && end >= to {
                self.now.remove(&sector);
            } else {
                self.now.insert(sector, bytes);
            }
        }
    }

    pub fn set_len(&mut self, len: u64) {
        if len < self.len {
            self.punch(len, self.len - len);
        }
        if len != self.len {
            self.lens_before.push(self.len);
            self.len = len;
        }
    }

    pub fn sync(&mut self) {
        self.before.retain(|sector, _| self.stuck.contains(sector));
        self.lens_before.clear();
    }

    pub fn fail_sync(&mut self) {
        self.stuck.extend(self.before.keys());
    }

    pub fn crash(&mut self, how: Crash, draw: &mut impl FnMut(usize) -> usize) {
        // Of `n` older versions and the present one; `None` is the present one.
        let mut pick = |n: usize| match how {
            Crash::Lost => Some(0),
            Crash::Kept => None,
            Crash::Mixed => Some(draw(n + 1)).filter(|i| *i < n),
        };
        for (sector, mut versions) in std::mem::take(&mut self.before) {
            // What a failed sync dropped does not come back by luck.
            let choice = if self.stuck.contains(&sector) { Some(0) } else { pick(versions.len()) };
            match choice.map(|i| versions.swap_remove(i)) {
                None => {}
                Some(None) => drop(self.now.remove(&sector)),
                Some(Some(bytes)) => drop(self.now.insert(sector, bytes)),
            }
        }
        if !self.lens_before.is_empty()
            && let Some(i) = pick(self.lens_before.len())
        {
            self.len = self.lens_before[i];
        }
        self.lens_before.clear();
        self.stuck.clear();
        self.now.split_off(&self.len.div_ceil(SECTOR));
    }

    /// Whether the bytes are anywhere, as they are or as a crash could bring them back.
    pub fn contains(&self, marker: &[u8]) -> bool {
        let holds = |bytes: &[u8]| bytes.windows(marker.len()).any(|window| window == marker);
        let (mut run, mut next) = (Vec::new(), None);
        for (sector, bytes) in &self.now {
            if next != Some(*sector) {
                run.clear();
            }
            // What could begin a marker that this sector ends.
            run.drain(..run.len() - run.len().min(marker.len()));
            run.extend_from_slice(&bytes[..]);
            if holds(&run) {
                return true;
            }
            next = Some(sector + 1);
        }
        self.before.values().flatten().flatten().any(|bytes| holds(&bytes[..]))
    }

    pub fn bytes_held(&self) -> u64 {
        self.now.len() as u64 * SECTOR
    }

    /// Keeps the sector's present version as one that a crash may bring back, and takes it out.
    fn remember(&mut self, sector: u64) -> Option<Sector> {
        let now = self.now.remove(&sector);
        self.before.entry(sector).or_default().push(now.clone());
        // Dirty again: the next sync covers it.
        self.stuck.remove(&sector);
        now
    }

    fn grow(&mut self, len: u64) {
        if len > self.len {
            self.lens_before.push(self.len);
            self.len = len;
        }
    }
}

/// Cuts a range into sectors: sector, place in the sector, place in the range.
fn pieces(offset: u64, len: u64, mut piece: impl FnMut(u64, usize, std::ops::Range<usize>)) {
    let mut done = 0;
    while done < len {
        let at = (offset + done) % SECTOR;
        let n = (SECTOR - at).min(len - done);
        piece((offset + done) / SECTOR, at as usize, done as usize..(done + n) as usize);
        done += n;
    }
}
