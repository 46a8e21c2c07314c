//! Threads. All of ours are named and started here.

use std::io;
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

/// The pause before retry number `attempt` (from 0): doubling from 1 ms, at most 64 ms. Spread comes from the caller's
/// place in the queue, not from randomness, so that runs replay.
pub fn stagger(attempt: u32) -> Duration {
    Duration::from_millis(1 << attempt.min(6))
}
