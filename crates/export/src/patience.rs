//! Looking for the next request for a moment before sleeping for it.
//!
//! Waking a sleeping thread costs tens of microseconds, more than serving a small request. A client that waits for each reply
//! sends its next request within that time, so looking again and again finds it sooner and cheaper. Looking in vain costs
//! processor time; so whoever looked in vain does not look the next few times, twice as many after each failure, and no more
//! connections look at a time than leave one processor to others. (Hypervisors poll for their guests in the same way.)

use env::{Clock, RealClock};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long to look. About what sleeping and waking cost both sides together.
const LOOK: Duration = Duration::from_micros(60);
/// Waits without looking after many failures in a row: then looking costs next to nothing, and a client that becomes quick is
/// noticed soon.
const REST_MAX: u32 = 64;

/// Connections of this process that are looking.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// One connection's.
#[derive(Default)]
pub(crate) struct Patience {
    /// Waits that pass without looking after the next failure.
    rest: u32,
    /// Waits left that pass without looking.
    left: u32,
}

impl Patience {
    /// Asks `look` until it has an answer or the time is over: then `None`, and the caller sleeps.
    pub fn look<T>(&mut self, clock: &RealClock, mut look: impl FnMut() -> Option<T>) -> Option<T> {
        // One look is free of charge: often the answer is there.
        if let Some(found) = look() {
            return Some(found);
        }
        if !self.may_look() {
            return None;
        }
        let _one = Looking::begin(env::processors())?;
        let until = clock.monotonic() + LOOK;
        loop {
            env::yield_now();
            if let Some(found) = look() {
                self.found();
                return Some(found);
            }
            if clock.monotonic() >= until {
                self.failed();
                return None;
            }
        }
    }

    fn may_look(&mut self) -> bool {
        let now = self.left == 0;
        self.left = self.left.saturating_sub(1);
        now
    }

    fn found(&mut self) {
        self.rest = 0;
    }

    fn failed(&mut self) {
        self.rest = (2 * self.rest + 1).min(REST_MAX);
        self.left = self.rest;
    }
}

struct Looking;

impl Looking {
    /// `None` if as many look already as there are processors, but one.
    fn begin(processors: usize) -> Option<Looking> {
        let others = LOOKING.fetch_add(1, Ordering::Relaxed);
        let one = Looking;
        (others + 1 < processors).then_some(one)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_make_the_looks_rarer_and_a_success_makes_them_usual_again() {
        let mut patience = Patience::default();
        let mut looks = Vec::new();
        for wait in 0..400 {
            if patience.may_look() {
                looks.push(wait);
                patience.failed();
            }
        }
        assert_eq!(looks, [0, 2, 6, 14, 30, 62, 126, 191, 256, 321, 386]);
        while !patience.may_look() {}
        patience.found();
        assert!(patience.may_look() && patience.may_look());
        patience.failed();
        assert!(!patience.may_look() && patience.may_look());
    }

    #[test]
    fn what_is_there_is_found_at_once_and_what_is_not_is_given_up() {
        let (clock, mut patience) = (RealClock::default(), Patience::default());
        assert_eq!(patience.look(&clock, || Some(7)), Some(7));
        assert_eq!(patience.look(&clock, || None::<u8>), None);
        let mut asked = 0;
        let count = || {
            asked += 1;
            None::<u8>
        };
        assert_eq!(patience.look(&clock, count), None);
        assert_eq!(asked, 1, "it has failed before: no second look");
    }
}
