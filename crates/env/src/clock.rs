//! Time. Wall-clock time is milliseconds since 1970 in UTC; monotonic time is for measuring and deadlines.

use base::Timestamp;
use parking_lot::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock. `sleep` may return early when the clock is simulated and moved.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;
    /// Waits on this thread.
    fn sleep(&self, duration: Duration);
}

/// The machine's clock.
pub struct RealClock {
    start: Instant,
}

impl Default for RealClock {
    fn default() -> Self {
        RealClock { start: Instant::now() }
    }
}

impl Clock for RealClock {
    fn now(&self) -> Timestamp {
        // A clock set before 1970 reads as 1970: requests are then refused as skewed, which is the truth.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A clock that stands still until a test moves it; sleeping moves it by what was slept.
pub struct SimClock {
    state: Mutex<(Timestamp, Duration)>,
}

impl SimClock {
    pub fn starting_at(now: Timestamp) -> Self {
        SimClock { state: Mutex::new((now, Duration::ZERO)) }
    }

    /// Moves both kinds of time forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        *state = (state.0.plus(by), state.1 + by);
    }

    /// Sets the wall clock, back as well as forward; monotonic time is untouched, as on a real machine.
    pub fn jump_to(&self, now: Timestamp) {
        self.state.lock().0 = now;
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.state.lock().0
    }

    fn monotonic(&self) -> Duration {
        self.state.lock().1
    }

    fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_simulated_clock_moves_only_when_told() {
        let clock = SimClock::starting_at(Timestamp::from_secs(100));
        assert_eq!(clock.now(), clock.now());
        clock.sleep(Duration::from_secs(2));
        assert_eq!(clock.now().secs(), 102);
        clock.jump_to(Timestamp::from_secs(1));
        assert_eq!((clock.now().secs(), clock.monotonic()), (1, Duration::from_secs(2)));
    }
}
