//! The machine's memory in front of the disk: which sectors a read at once finds. Everything, unless [`SimFiles::forget_cached`] was called.

use super::SimFiles;
use super::content::SECTOR;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was asked for ahead.
pub type Hint = (PathBuf, Range<u64>);

#[derive(Default)]
pub(super) struct Cache {
    /// By file and sector; `None`: everything.
    held: Option<BTreeSet<(usize, u64)>>,
    hints: Vec<Hint>,
}

impl Cache {
    pub fn holds(&self, content: usize, offset: u64, len: u64) -> bool {
        let all = |held: &BTreeSet<_>| sectors(offset, len).all(|sector| held.contains(&(content, sector)));
        self.held.as_ref().is_none_or(all)
    }

    /// The range was read or written.
    pub fn keep(&mut self, content: usize, offset: u64, len: u64) {
        if let Some(held) = &mut self.held {
            held.extend(sectors(offset, len).map(|sector| (content, sector)));
        }
    }

    pub fn hint(&mut self, path: &Path, content: usize, offset: u64, len: u64) {
        if self.held.is_some() {
            self.hints.push((path.into(), offset..offset + len));
            self.keep(content, offset, len);
        }
    }
}

fn sectors(offset: u64, len: u64) -> Range<u64> {
    offset / SECTOR..(offset + len).div_ceil(SECTOR)
}

impl SimFiles {
    /// From now on nothing is in memory that was not read, written or asked for since.
    pub fn forget_cached(&self) {
        self.0.world.lock().cache = Cache { held: Some(BTreeSet::new()), hints: Vec::new() };
    }

    /// What was asked for ahead since then, in order.
    pub fn hints(&self) -> Vec<Hint> {
        self.0.world.lock().cache.hints.clone()
    }
}
