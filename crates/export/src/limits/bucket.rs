//! A token bucket, as arithmetic: what is taken now, and how long to wait for it. Exact: no time is lost to rounding.
//!
//! ```text
//!  level   tokens × 10⁹, at most `depth`; below zero: taken and not there yet
//!          rises by `per_second` each nanosecond
//! ```
//! Taking never fails; it says how long to wait until the bucket has made up for it. So whoever takes first goes first.

const NANOSECONDS: i128 = 1_000_000_000;

/// Tokens × 10⁹ fit 128 bits with room for every volume's size in bytes.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    per_second: u64,
    depth: i128,
    level: i128,
    /// Until when it has been filled, in nanoseconds.
    filled: u64,
}

impl Bucket {
    /// A full bucket of `depth` tokens. No bucket stands still: `per_second` is at least 1.
    pub fn full(per_second: u64, depth: u64, now: u64) -> Bucket {
        let depth = i128::from(depth) * NANOSECONDS;
        Bucket { per_second: per_second.max(1), depth, level: depth, filled: now }
    }

    /// Takes tokens; nanoseconds to wait for them. Times may come out of order by a little: of two, the later counts.
    pub fn take(&mut self, tokens: u64, now: u64) -> u64 {
        self.fill(now);
        self.level = self.level.saturating_sub(i128::from(tokens) * NANOSECONDS);
        let missing = (-self.level).max(0).unsigned_abs();
        let wait = missing.div_ceil(self.per_second.into());
        // What was filled ahead of `now` by somebody with a later clock is waited for as well.
        let ahead = if wait == 0 { 0 } else { self.filled.saturating_sub(now) };
        u64::try_from(wait).unwrap_or(u64::MAX).saturating_add(ahead)
    }

    /// The same level under another rate and depth: debts stay, and nothing is given.
    pub fn changed(&self, per_second: u64, depth: u64, now: u64) -> Bucket {
        let mut old = self.clone();
        old.fill(now);
        let new = Bucket::full(per_second, depth, old.filled);
        Bucket { level: old.level.min(new.depth), ..new }
    }

    fn fill(&mut self, now: u64) {
        let passed = now.saturating_sub(self.filled);
        let gained = i128::from(passed).saturating_mul(i128::from(self.per_second));
        self.level = self.level.saturating_add(gained).min(self.depth);
        self.filled += passed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_full_bucket_gives_its_depth_at_once_and_then_its_rate() {
        let mut bucket = Bucket::full(100, 10, 5);
        assert!((0..10).all(|_| bucket.take(1, 5) == 0));
        assert_eq!(bucket.take(1, 5), SECOND / 100);
        assert_eq!(bucket.take(1, 5), 2 * SECOND / 100);
        // Both debts are paid, and one token more.
        assert_eq!(bucket.take(1, 5 + 3 * SECOND / 100), 0);
        assert_eq!(bucket.take(1, 5 + 3 * SECOND / 100), SECOND / 100);
    }

    #[test]
    fn thirds_of_a_second_do_not_add_up_to_an_error() {
        let (mut bucket, mut now) = (Bucket::full(3, 1, 0), 0);
        // The first is there already.
        for _ in 0..=3_000_000 {
            now += bucket.take(1, now);
        }
        assert_eq!(now, 1_000_000 * SECOND);
    }

    #[test]
    fn a_change_keeps_the_level_and_cuts_what_is_too_deep() {
        let mut bucket = Bucket::full(100, 10, 0);
        assert_eq!(bucket.changed(1, 3, 0).take(3, 0), 0);
        assert!(bucket.changed(1, 3, 0).take(4, 0) > 0);
        bucket.take(110, 0);
        assert_eq!(bucket.changed(1000, 10, 0).take(0, 0), SECOND / 10);
    }

    #[test]
    fn no_number_overflows() {
        let mut bucket = Bucket::full(u64::MAX, u64::MAX, 0);
        bucket.take(u64::MAX, u64::MAX);
        let mut slow = Bucket::full(0, 0, u64::MAX);
        assert_eq!(slow.take(u64::MAX, 0), u64::MAX);
        assert_eq!(slow.take(1, u64::MAX), u64::MAX);
    }

    proptest! {
        /// Whoever waits as told gets at most the depth and the rate, and, if always asking, the rate.
        #[test]
        fn in_any_stretch_of_time_no_more_than_depth_and_rate(
            rate in 1..1_000_000u64,
            depth in 0..10_000u64,
            takes in proptest::collection::vec((0..3_000u64, 0..50_000_000u64), 1..200),
        ) {
            let (mut bucket, mut now) = (Bucket::full(rate, depth, 0), 0u64);
            let (mut given, mut went) = (0u64, Vec::new());
            for (tokens, idle) in takes {
                now += idle;
                let wait = bucket.take(tokens, now);
                now += wait;
                given += tokens;
                went.push((now, tokens));
                prop_assert!(u128::from(given - depth.min(given)) * 1_000_000_000 <= u128::from(now) * u128::from(rate));
            }
            // From any moment on, too: what had been taken before is no excuse.
            for first in (0..went.len()).step_by(17) {
                let tokens: u64 = went[first + 1..].iter().map(|w| w.1).sum();
                let passed = went[went.len() - 1].0 - went[first].0;
                let allowed = u128::from(depth) * 1_000_000_000 + u128::from(passed) * u128::from(rate);
                prop_assert!(u128::from(tokens) * 1_000_000_000 <= allowed + u128::from(rate));
            }
        }

        #[test]
        fn nobody_waits_longer_than_the_rate_needs(
            rate in 1..1_000_000u64,
            takes in proptest::collection::vec(1..1_000u64, 1..100),
        ) {
            let (mut bucket, mut now, mut given) = (Bucket::full(rate, 1, 0), 0u64, 0u64);
            for tokens in takes {
                now += bucket.take(tokens, now);
                given += tokens;
                let exact = u128::from(given - 1) * 1_000_000_000 / u128::from(rate);
                prop_assert!(u128::from(now) >= exact && u128::from(now) <= exact + 1);
            }
        }
    }
}
