//! The bytes of one simulated file, with what each 512-byte sector was since the last sync.

use super::{Crash, Rot};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// What a disk writes as a whole.
pub(super) const SECTOR: u64 = 512;
const EIO: i32 = 5;
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
    /// What was durable before what is durable now.
    stale: BTreeMap<u64, Option<Sector>>,
    /// Sectors that cannot be read until they are written.
    unreadable: BTreeSet<u64>,
}

impl Content {
    pub fn len(&self) -> u64 {
        self.len
    }

    pub fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let len = self.len.saturating_sub(offset).min(buf.len() as u64) as usize;
        if self.unreadable.range(offset / SECTOR..(offset + len as u64).div_ceil(SECTOR)).next().is_some() {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        pieces(offset, len as u64, |sector, at, range| match self.now.get(&sector) {
            Some(bytes) => buf[range.clone()].copy_from_slice(&bytes[at..at + range.len()]),
            None => buf[range].fill(0),
        });
        Ok(len)
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

    /// Writes what will never be durable.
    pub fn write_lost(&mut self, buf: &[u8], offset: u64) {
        self.write(buf, offset);
        self.stuck.extend(offset / SECTOR..(offset + buf.len() as u64).div_ceil(SECTOR));
    }

    /// Writes into what is durable, inside the file, past everybody.
    pub fn overwrite_durable(&mut self, buf: &[u8], offset: u64) {
        let len = self.len.saturating_sub(offset).min(buf.len() as u64);
        pieces(offset, len, |sector, at, range| {
            let mut bytes =
                self.durable_sector(sector).cloned().unwrap_or_else(|| Box::new([0; SECTOR as usize]));
            bytes[at..at + range.len()].copy_from_slice(&buf[range]);
            self.set_durable(sector, Some(bytes));
        });
    }

    /// How many bytes of a write need at most so much new space.
    pub fn fitting(&self, len: usize, offset: u64, space: u64) -> usize {
        let (mut left, mut fits) = (space / SECTOR, len);
        pieces(offset, len as u64, |sector, _, range| {
            if range.start < fits && !self.now.contains_key(&sector) {
                match left {
                    0 => fits = range.start,
                    _ => left -= 1,
                }
            }
        });
        fits
    }

    /// Returns whether anything is different now.
    pub fn rot(&mut self, sector: u64, rot: Rot) -> bool {
        let old = self.durable_sector(sector).cloned();
        let new = match rot {
            Rot::Unreadable => return self.unreadable.insert(sector),
            Rot::Zero => None,
            Rot::Stale => match self.stale.get(&sector) {
                Some(stale) => stale.clone(),
                None => return false,
            },
            Rot::Flip { bit } => {
                let mut bytes = old.clone().unwrap_or_else(|| Box::new([0; SECTOR as usize]));
                bytes[usize::from(bit) / 8 % SECTOR as usize] ^= 1 << (bit % 8);
                Some(bytes)
            }
        };
        let zeros = Box::new([0; SECTOR as usize]);
        let differs = old.as_ref().unwrap_or(&zeros) != new.as_ref().unwrap_or(&zeros);
        self.set_durable(sector, new);
        differs
    }

    fn durable_sector(&self, sector: u64) -> Option<&Sector> {
        match self.before.get(&sector).and_then(|versions| versions.first()) {
            Some(oldest) => oldest.as_ref(),
            None => self.now.get(&sector),
        }
    }

    fn set_durable(&mut self, sector: u64, bytes: Option<Sector>) {
        match (self.before.get_mut(&sector).and_then(|versions| versions.first_mut()), bytes) {
            (Some(oldest), bytes) => *oldest = bytes,
            (None, Some(bytes)) => drop(self.now.insert(sector, bytes)),
            (None, None) => drop(self.now.remove(&sector)),
        }
    }

    /// All bytes as a crash would leave them that loses whatever it may.
    pub fn durable(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len as usize];
        for sector in self.sectors() {
            let at = (sector * SECTOR) as usize;
            if let (Some(from), Some(to)) = (self.durable_sector(sector), bytes.get_mut(at..)) {
                let len = to.len().min(from.len());
                to[..len].copy_from_slice(&from[..len]);
            }
        }
        bytes
    }

    /// Sectors that hold anything, now or if a crash comes.
    pub fn sectors(&self) -> impl Iterator<Item = u64> {
        let all: BTreeSet<u64> = self.now.keys().chain(self.before.keys()).copied().collect();
        all.into_iter()
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
        for (sector, mut versions) in std::mem::take(&mut self.before) {
            if self.stuck.contains(&sector) {
                self.before.insert(sector, versions);
            } else {
                self.stale.insert(sector, versions.swap_remove(0));
            }
        }
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
        self.unreadable.remove(&sector);
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
