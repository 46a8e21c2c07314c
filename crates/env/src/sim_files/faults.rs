//! What a disk does wrong while it is used, and how fast it is.
//!
//! ```text
//!  SimFault        the operation fails, nothing of it happens (but a failed sync drops what it should have covered)
//!  SimTamper       the operation does something else than it says      a write that is cut short, lost, or goes elsewhere;
//!                                                                      a read with a flipped bit
//!  limit_space     a disk of so many bytes: a write that needs more writes what fits and fails
//!  split_writes    every write is done in parts, between which others read, write and sync, and the power may go
//!  read_short      reads return fewer bytes than asked
//!  slow            a function that is called around operations, which may let other threads go first
//! ```

use super::SimFiles;
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Operations that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimOp {
    Open,
    Read,
    Write,
    Sync,
    Punch,
    SetLen,
    SyncDir,
    Rename,
    Remove,
}

/// A failure to come.
#[derive(Clone, Debug)]
pub struct SimFault {
    pub op: SimOp,
    /// Only where the path contains this.
    pub path: &'static str,
    /// So many matching operations succeed first.
    pub skip: u32,
    /// Then so many fail.
    pub times: u32,
    /// An `errno` such as `EIO` (5) or `ENOSPC` (28).
    pub errno: i32,
}

/// What one read or write does instead of what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tamper {
    /// Only the first of its sectors are written (none to all but one); then it fails.
    Part { errno: i32 },
    /// It is acknowledged and read back, a sync succeeds, and the disk never has it.
    Lost,
    /// The same, and the disk has the bytes so many sectors further on.
    Elsewhere { sectors: u64 },
    /// A read brings one wrong bit; the next one is right.
    FlipOnRead,
}

impl Tamper {
    fn op(self) -> SimOp {
        if self == Tamper::FlipOnRead { SimOp::Read } else { SimOp::Write }
    }
}

/// A [`Tamper`] to come, once.
#[derive(Clone, Debug)]
pub struct SimTamper {
    /// Only where the path contains this.
    pub path: &'static str,
    /// So many matching operations come first.
    pub skip: u32,
    pub how: Tamper,
}

/// When [`SimFiles::slow`] is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Before,
    After,
}

type Hook = Arc<dyn Fn(Moment, SimOp, &Path) + Send + Sync>;

/// The function of [`SimFiles::slow`].
#[derive(Default)]
pub(super) struct Slow(Mutex<Option<Hook>>);

impl Slow {
    /// Call with no lock held.
    pub fn step(&self, moment: Moment, op: SimOp, path: &Path) {
        let hook = self.0.lock().clone();
        if let Some(hook) = hook {
            hook(moment, op, path);
        }
    }
}

#[derive(Default)]
pub(super) struct Faults {
    /// Changes until the power goes; `Some(0)`: it is gone.
    power: Option<u64>,
    /// Changes so far.
    changes: u64,
    /// The change at which the power went last.
    cut_at: Option<(SimOp, PathBuf)>,
    faults: Vec<SimFault>,
    /// What faults have failed since the last crash.
    hits: Vec<(SimOp, PathBuf)>,
    tampers: Vec<SimTamper>,
    pub short_reads: bool,
    pub split_writes: bool,
    /// Bytes of the disk.
    pub space: Option<u64>,
}

impl Faults {
    pub fn allow(&mut self, op: SimOp, path: &Path) -> io::Result<()> {
        if self.power == Some(0) {
            return Err(io::Error::other("the power is gone"));
        }
        let text = path.to_string_lossy();
        for fault in &mut self.faults {
            if fault.op != op || fault.times == 0 || !text.contains(fault.path) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            fault.times -= 1;
            self.hits.push((op, path.into()));
            return Err(io::Error::from_raw_os_error(fault.errno));
        }
        Ok(())
    }

    /// What this read or write is to do instead.
    pub fn tamper(&mut self, op: SimOp, path: &Path) -> Option<Tamper> {
        let text = path.to_string_lossy();
        let mut due = None;
        for (n, tamper) in self.tampers.iter_mut().enumerate() {
            if tamper.how.op() != op || !text.contains(tamper.path) {
                continue;
            }
            if tamper.skip == 0 {
                due = Some(n);
                break;
            }
            tamper.skip -= 1;
        }
        due.map(|n| self.tampers.remove(n).how)
    }

    pub fn changed(&mut self, op: SimOp, path: &Path) -> io::Result<()> {
        self.changes += 1;
        let Some(left) = &mut self.power else { return Ok(()) };
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Ok(());
        }
        self.cut_at = Some((op, path.into()));
        Err(io::Error::other("the power went"))
    }

    pub fn start_again(&mut self) {
        self.power = None;
        self.hits.clear();
        self.forget();
    }

    fn forget(&mut self) {
        self.faults.clear();
        self.tampers.clear();
    }
}

impl SimFiles {
    /// Lets so many changes happen and then fails everything until [`SimFiles::crash`]. The change at which it happens
    /// may take place in part.
    pub fn cut_power_after(&self, changes: u64) {
        self.0.world.lock().faults.power = Some(changes);
    }

    /// Whether the power is gone.
    pub fn is_dark(&self) -> bool {
        self.0.world.lock().faults.power == Some(0)
    }

    /// Changes so far: as many points where the power could have gone. With [`SimFiles::cut_power_after`] each can be tried.
    pub fn changes(&self) -> u64 {
        self.0.world.lock().faults.changes
    }

    /// The change at which the power went last.
    pub fn cut_at(&self) -> Option<(SimOp, PathBuf)> {
        self.0.world.lock().faults.cut_at.clone()
    }

    pub fn inject(&self, fault: SimFault) {
        self.0.world.lock().faults.faults.push(fault);
    }

    /// What faults have failed since the last crash, in order.
    pub fn hits(&self) -> Vec<(SimOp, PathBuf)> {
        self.0.world.lock().faults.hits.clone()
    }

    pub fn tamper(&self, tamper: SimTamper) {
        self.0.world.lock().faults.tampers.push(tamper);
    }

    /// Forgets the faults to come; returns whether any was still to come.
    pub fn heal(&self) -> bool {
        let mut world = self.0.world.lock();
        let faults = &mut world.faults;
        let due = !faults.tampers.is_empty() || faults.faults.iter().any(|fault| fault.times > 0);
        faults.forget();
        due
    }

    /// Lets reads return fewer bytes than asked, as the kernel may.
    pub fn read_short(&self, short: bool) {
        self.0.world.lock().faults.short_reads = short;
    }

    /// Lets writes be done in parts, as the kernel may.
    pub fn split_writes(&self, split: bool) {
        self.0.world.lock().faults.split_writes = split;
    }

    /// Lets all files together take so many bytes, holes not counted. A write that needs more writes what fits.
    pub fn limit_space(&self, bytes: Option<u64>) {
        self.0.world.lock().faults.space = bytes;
    }

    /// Calls `hook` before and after every operation on an open file, with no lock of the file system held: to let other threads
    /// go first, or do something exactly there. It may use the file system itself.
    pub fn slow(&self, hook: impl Fn(Moment, SimOp, &Path) + Send + Sync + 'static) {
        *self.0.slow.0.lock() = Some(Arc::new(hook));
    }

    /// As fast as ever.
    pub fn fast(&self) {
        *self.0.slow.0.lock() = None;
    }
}

#[cfg(test)]
mod tests;
