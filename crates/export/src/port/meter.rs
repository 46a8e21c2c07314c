//! What was done with a volume: operations, bytes, errors and times by kind.
//!
//! Each connection counts in a set of its own, so that no two processors share a line of cache; whoever asks adds them up.
//!
//! ```text
//!  Port ─→ Counts ┐
//!  Port ─→ Counts ┼─→ Meter::totals        closed ports ─→ Meter.ended
//!  Port ─→ Counts ┘
//! ```

use super::histogram::{Histogram, Times};
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
    Flush,
    Trim,
    Zero,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Read, Kind::Write, Kind::Flush, Kind::Trim, Kind::Zero];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::Flush => "flush",
            Kind::Trim => "trim",
            Kind::Zero => "zero",
        }
    }
}

/// Counts of one port.
#[derive(Default)]
pub(super) struct Counts([KindCounts; Kind::ALL.len()]);

#[derive(Default)]
struct KindCounts {
    bytes: AtomicU64,
    errors: AtomicU64,
    queue: Histogram,
    service: Histogram,
}

/// One operation that ended.
pub(super) struct Done {
    pub bytes: u64,
    pub failed: bool,
    /// Nanoseconds between its arrival and its begin, and from there to its end.
    pub queue: u64,
    pub service: u64,
}

impl Counts {
    pub fn count(&self, kind: Kind, done: &Done) {
        let Some(counts) = self.0.get(kind as usize) else { return };
        counts.queue.count(done.queue);
        counts.service.count(done.service);
        if done.failed {
            counts.errors.fetch_add(1, Relaxed);
        } else {
            counts.bytes.fetch_add(done.bytes, Relaxed);
        }
    }

    fn add_to(&self, totals: &mut Totals) {
        for (kind, sum) in self.0.iter().zip(&mut totals.0) {
            sum.bytes += kind.bytes.load(Relaxed);
            sum.errors += kind.errors.load(Relaxed);
            kind.queue.add_to(&mut sum.queue);
            kind.service.add_to(&mut sum.service);
        }
    }
}

/// Counts of a volume at a moment, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals([KindTotals; Kind::ALL.len()]);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindTotals {
    /// Of operations that succeeded.
    pub bytes: u64,
    pub errors: u64,
    /// From an operation's arrival to its begin: behind others of its connection, and for want of tokens.
    pub queue: Times,
    /// From its begin to its end. One entry per operation, failed ones too.
    pub service: Times,
}

impl Totals {
    pub fn of(&self, kind: Kind) -> KindTotals {
        self.0.get(kind as usize).copied().unwrap_or_default()
    }

    pub fn all(&self) -> impl Iterator<Item = (Kind, &KindTotals)> {
        Kind::ALL.into_iter().zip(&self.0)
    }
}

/// All that is counted of one volume while it is attached.
#[derive(Default)]
pub(super) struct Meter(Mutex<Ports>);

#[derive(Default)]
struct Ports {
    open: Vec<Arc<Counts>>,
    ended: Totals,
}

impl Meter {
    /// Counts for a new port.
    pub fn open(&self) -> Arc<Counts> {
        let counts = Arc::<Counts>::default();
        self.0.lock().open.push(counts.clone());
        counts
    }

    /// The port is gone; what it counted stays.
    pub fn close(&self, counts: &Arc<Counts>) {
        let ports = &mut *self.0.lock();
        ports.open.retain(|open| !Arc::ptr_eq(open, counts));
        counts.add_to(&mut ports.ended);
    }

    pub fn totals(&self) -> Totals {
        let ports = self.0.lock();
        let mut totals = ports.ended.clone();
        ports.open.iter().for_each(|counts| counts.add_to(&mut totals));
        totals
    }
}
