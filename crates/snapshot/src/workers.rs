//! Work on many items by several threads, in bounded memory.

use crate::SnapshotError;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// More threads than this gain nothing and cost memory.
const THREADS_MAX: usize = 64;

/// Does `work` on every item, by up to `threads` threads, and returns the results in the items' order. The first error ends it,
/// as does `stop`.
pub(crate) fn each<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    stop: &AtomicBool,
    work: impl Fn(&T) -> Result<R, SnapshotError> + Sync,
) -> Result<Vec<R>, SnapshotError> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let first_error = Mutex::new(None);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let fail = |error| {
        failed.store(true, Ordering::Release);
        first_error.lock().get_or_insert(error);
    };
    let threads = threads.clamp(1, THREADS_MAX).min(items.len());
    env::together("chunks", threads, &|| {
        while !failed.load(Ordering::Acquire) {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(n) else { return };
            if stop.load(Ordering::Relaxed) {
                return fail(SnapshotError::Stopped);
            }
            match work(item) {
                Ok(result) => results.lock().push((n, result)),
                Err(error) => return fail(error),
            }
        }
    });
    if let Some(error) = first_error.into_inner() {
        return Err(error);
    }
    let mut results = results.into_inner();
    results.sort_unstable_by_key(|(n, _)| *n);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let stop = AtomicBool::new(false);
        let items: Vec<u64> = (0..500).collect();
        for threads in [0, 1, 7, 1000] {
            let doubled = each(&items, threads, &stop, |n| Ok(n * 2)).unwrap();
            assert!(doubled.iter().zip(&items).all(|(d, n)| *d == n * 2) && doubled.len() == 500);
        }
        assert!(each(&[] as &[u8], 4, &stop, |_| Ok(())).unwrap().is_empty());
    }

    #[test]
    fn an_error_ends_the_work() {
        let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let items: Vec<u64> = (0..10_000).collect();
        let result = each(&items, 4, &stop, |n| {
            if *n == 5 {
                return Err(SnapshotError::refused("five"));
            }
            done.fetch_add(1, Ordering::Relaxed);
            std::thread::yield_now();
            Ok(())
        });
        assert!(matches!(result, Err(SnapshotError::Refused(five)) if five == "five"));
        assert!(done.into_inner() < 5_000);
    }

    #[test]
    fn a_stop_ends_the_work_before_the_next_item() {
        let (stop, done) = (AtomicBool::new(false), AtomicUsize::new(0));
        let result = each(&[0; 100], 1, &stop, |_| {
            if done.fetch_add(1, Ordering::Relaxed) == 9 {
                stop.store(true, Ordering::Relaxed);
            }
            Ok(())
        });
        assert!(matches!(result, Err(SnapshotError::Stopped)));
        assert_eq!(done.into_inner(), 10);
    }
}
