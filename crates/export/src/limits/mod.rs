//! Holding a volume to its IOPS and throughput.
//!
//! ```text
//!  Limits ─→ Limiter   one per attached volume, whatever the number of its exports and connections
//!              operations   peak  ┐
//!                           credit┤  token buckets (`bucket.rs`): a request takes from each,
//!              bytes        peak  ┤  and waits for the slowest
//!                           credit┘
//! ```
//! A connection takes for one request at a time and waits outside of the lock, so its requests stay in order, and connections
//! that want more than there is get a request each in turn.

mod bucket;

use crate::port::Kind;
use bucket::Bucket;
use parking_lot::Mutex;

/// The part of a second's worth that may be taken at once after a rest: enough to make up for a sleep that lasted too long on a
/// busy machine.
const SLACK_PER_SECOND: u64 = 10;

/// What a volume may do in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A read or write longer than this counts as several operations.
    pub io_bytes: u64,
    pub operations: Rate,
    pub bytes: Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub per_second: u64,
    pub burst: Option<Burst>,
}

/// Faster while credit lasts, which comes back at the rate's own speed. It is full at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    pub per_second: u64,
    pub credit: u64,
}

/// The moment until which a request waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub(crate) at: u64,
    /// Under which limits: other ones end the waiting.
    pub(crate) change: u64,
}

pub(crate) struct Limiter(Mutex<State>);

struct State {
    io_bytes: u64,
    operations: Pace,
    bytes: Pace,
    /// How often the limits were changed.
    change: u64,
}

impl Limiter {
    pub fn new(limits: &Limits, now: u64) -> Limiter {
        Limiter(Mutex::new(State {
            io_bytes: limits.io_bytes.max(1),
            operations: Pace::new(&limits.operations, now),
            bytes: Pace::new(&limits.bytes, now),
            change: 0,
        }))
    }

    /// Takes for one request. `None`: it may go at once.
    pub fn take(&self, kind: Kind, bytes: u64, now: u64) -> Option<Due> {
        let mut state = self.0.lock();
        let (operations, bytes) = cost(kind, bytes, state.io_bytes);
        let wait = state.operations.take(operations, now).max(state.bytes.take(bytes, now));
        (wait > 0).then_some(Due { at: now.saturating_add(wait), change: state.change })
    }

    /// Other limits from now on. What was taken stays taken, and credit is what it was; whoever waits may go.
    pub fn change(&self, limits: &Limits, now: u64) {
        let mut state = self.0.lock();
        let State { io_bytes, operations, bytes, change } = &mut *state;
        *io_bytes = limits.io_bytes.max(1);
        *operations = operations.changed(&limits.operations, now);
        *bytes = bytes.changed(&limits.bytes, now);
        *change += 1;
    }

    /// The limits are still those that `due` was found under.
    pub fn stands(&self, due: Due) -> bool {
        self.0.lock().change == due.change
    }
}

/// Operations and bytes that a request counts as. Trimming and zeroing change the map and move nothing; a flush is free, as
/// nothing in Amazon's documents counts one.
fn cost(kind: Kind, bytes: u64, io_bytes: u64) -> (u64, u64) {
    match kind {
        Kind::Read | Kind::Write => (bytes.div_ceil(io_bytes).max(1), bytes),
        Kind::Trim | Kind::Zero => (1, 0),
        Kind::Flush => (0, 0),
    }
}

/// One rate: how fast at most, and, with a burst, what it costs.
struct Pace {
    peak: Bucket,
    credit: Option<Bucket>,
}

impl Pace {
    fn new(rate: &Rate, now: u64) -> Pace {
        let (fastest, slack) = peak(rate);
        Pace {
            peak: Bucket::full(fastest, slack, now),
            credit: rate.burst.map(|burst| Bucket::full(rate.per_second, burst.credit, now)),
        }
    }

    fn take(&mut self, tokens: u64, now: u64) -> u64 {
        let credit = self.credit.as_mut().map_or(0, |credit| credit.take(tokens, now));
        self.peak.take(tokens, now).max(credit)
    }

    fn changed(&self, rate: &Rate, now: u64) -> Pace {
        let (fastest, slack) = peak(rate);
        let credit = rate.burst.map(|burst| match &self.credit {
            Some(credit) => credit.changed(rate.per_second, burst.credit, now),
            None => Bucket::full(rate.per_second, burst.credit, now),
        });
        Pace { peak: self.peak.changed(fastest, slack, now), credit }
    }
}

fn peak(rate: &Rate) -> (u64, u64) {
    let fastest = rate.burst.map_or(rate.per_second, |burst| burst.per_second);
    (fastest, (fastest / SLACK_PER_SECOND).max(1))
}

#[cfg(test)]
mod tests;
