//! How long things took, counted in fixed buckets. No lock, no allocation.
//!
//! ```text
//!  bucket  0      1      2      3   …  23       24
//!  up to   1 µs   2 µs   4 µs   8 µs   8.39 s   longer
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Buckets with an upper bound.
const BOUNDED: usize = 24;
pub const BUCKETS: usize = BOUNDED + 1;

/// The bucket's upper bound, which belongs to it; `None`: it has none.
pub fn upper_bound(bucket: usize) -> Option<Duration> {
    (bucket < BOUNDED).then(|| Duration::from_micros(1 << bucket))
}

/// Counted while others count.
#[derive(Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

/// Counts at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Not cumulative.
    pub buckets: [u64; BUCKETS],
    pub total: Duration,
}

impl Histogram {
    pub fn count(&self, nanoseconds: u64) {
        // The array has the length that `bucket_of` promises; a bucket beyond it would not be counted.
        if let Some(bucket) = self.buckets.get(bucket_of(nanoseconds)) {
            bucket.fetch_add(1, Relaxed);
        }
        self.nanoseconds.fetch_add(nanoseconds, Relaxed);
    }

    pub fn add_to(&self, times: &mut Times) {
        for (sum, bucket) in times.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.load(Relaxed);
        }
        times.total += Duration::from_nanos(self.nanoseconds.load(Relaxed));
    }
}

impl Times {
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

fn bucket_of(nanoseconds: u64) -> usize {
    // Rounded up to microseconds, so that a bound belongs to its bucket and nothing above it does.
    let above = nanoseconds.div_ceil(1000).saturating_sub(1);
    ((u64::BITS - above.leading_zeros()) as usize).min(BOUNDED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_bucket_and_a_nanosecond_more_to_the_next() {
        for bucket in 0..BOUNDED {
            let bound = upper_bound(bucket).unwrap().as_nanos() as u64;
            assert_eq!((bucket_of(bound), bucket_of(bound + 1)), (bucket, bucket + 1));
        }
        assert_eq!((bucket_of(0), bucket_of(1), bucket_of(u64::MAX)), (0, 0, BOUNDED));
        assert_eq!(upper_bound(BOUNDED), None);
        assert_eq!(upper_bound(BOUNDED - 1), Some(Duration::from_micros(8_388_608)));
    }

    #[test]
    fn sums_are_exact() {
        let (histogram, mut times) = (Histogram::default(), Times::default());
        [10, 1_000, 1_001, 20_000_000_000].iter().for_each(|n| histogram.count(*n));
        histogram.add_to(&mut times);
        histogram.add_to(&mut times);
        assert_eq!((times.count(), times.total), (8, Duration::from_nanos(40_000_004_022)));
        assert_eq!((times.buckets[0], times.buckets[1], times.buckets[24]), (4, 2, 2));
    }
}
