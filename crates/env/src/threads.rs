//! Threads. All of ours are named and started here.

use std::io;
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::Duration;

/// Starts a named thread (the name shows in debuggers and `top`).
pub fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // Linux cuts thread names at 15 bytes.
    let name: String = name.chars().take(15).collect();
    std::thread::Builder::new().name(name).spawn(work)
}

/// Runs `work` on up to `threads` threads at once, the caller's being one of them, and returns when all have ended. `work` shares
/// the caller's borrows, so it takes its tasks from a common counter. A thread that cannot start is done without.
pub fn together(name: &str, threads: usize, work: &(dyn Fn() + Sync)) {
    let name: String = name.chars().take(15).collect();
    std::thread::scope(|scope| {
        for _ in 1..threads {
            if std::thread::Builder::new().name(name.clone()).spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Processors that this process may use at a time, as it was at the first call: finding out reads several files.
pub fn processors() -> usize {
    static FOUND: OnceLock<usize> = OnceLock::new();
    *FOUND.get_or_init(|| std::thread::available_parallelism().map_or(1, usize::from))
}

/// Lets other threads that wait for this processor run first.
pub fn yield_now() {
    std::thread::yield_now();
}

/// How far work in the background steps back: a tenth of the processor time of what it competes with, never nothing.
const BACKGROUND_NICE: libc::c_int = 10;

/// The calling thread, and the threads that it starts from now on, give way to others, on the processor and (with schedulers that
/// look at it) on the disk. For good. A system that refuses leaves the thread as it is.
pub fn step_back() {
    // SAFETY: the call touches no memory of ours. On Linux, 0 names the calling thread alone.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, BACKGROUND_NICE) };
}

/// The pause before retry number `attempt` (from 0): doubling from 1 ms, at most 64 ms. Spread comes from the caller's
/// place in the queue, not from randomness, so that runs replay.
pub fn stagger(attempt: u32) -> Duration {
    Duration::from_millis(1 << attempt.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn threads_work_together_and_all_have_ended_on_return() {
        let (barrier, ended) = (Barrier::new(3), AtomicUsize::new(0));
        together("a name that is longer than fifteen bytes", 3, &|| {
            // Passed only when three threads are here at once.
            barrier.wait();
            ended.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(ended.into_inner(), 3);
    }

    #[test]
    fn who_steps_back_takes_its_own_threads_along_and_nobody_else() {
        // SAFETY: the call touches no memory of ours.
        let nice = || unsafe { libc::getpriority(libc::PRIO_PROCESS, 0) };
        let before = nice();
        let inside = spawn("background", move || {
            step_back();
            (nice(), spawn("child", nice).unwrap().join().unwrap())
        });
        let wanted = before.max(BACKGROUND_NICE);
        assert_eq!(inside.unwrap().join().unwrap(), (wanted, wanted));
        assert_eq!(nice(), before);
    }

    #[test]
    fn who_steps_back_gets_on_beside_those_who_never_rest() {
        let busy = AtomicUsize::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while busy.load(Ordering::Relaxed) > 0 {
                        std::hint::spin_loop();
                    }
                });
            }
            let background = spawn("background", || {
                step_back();
                (0..1_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n))
            });
            background.unwrap().join().unwrap();
            busy.store(0, Ordering::Relaxed);
        });
    }

    #[test]
    fn the_caller_works_even_alone() {
        for threads in [0, 1] {
            let (caller, ran) = (std::thread::current().id(), AtomicUsize::new(0));
            together("alone", threads, &|| {
                assert_eq!(std::thread::current().id(), caller);
                ran.fetch_add(1, Ordering::SeqCst);
            });
            assert_eq!(ran.into_inner(), 1);
        }
    }
}
