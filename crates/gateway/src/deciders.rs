//! The threads on which calls are verified and decided: few, so that one call after the other is served from the same caches. A
//! call leaves its thread when it only waits (`Answering`), so a few are enough. More of them than processors, so that
//! one long call does not hold up all others.

use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

const PER_PROCESSOR: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

/// The handle. Dropping it ends the threads when nothing waits any more.
pub(crate) struct Deciders(Arc<Line>);

/// What waits. No longer than there are connections: each has one request at a time.
#[derive(Default)]
struct Line {
    state: Mutex<State>,
    more: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Deciders {
    pub fn start() -> io::Result<Deciders> {
        let deciders = Deciders(Arc::default());
        for number in 0..PER_PROCESSOR * env::processors() {
            let line = deciders.0.clone();
            env::spawn(&format!("decider-{number}"), move || line.serve())?;
        }
        Ok(deciders)
    }

    /// Does it as soon as a thread is free.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        self.0.state.lock().jobs.push_back(Box::new(job));
        self.0.more.notify_one();
    }
}

impl Drop for Deciders {
    fn drop(&mut self) {
        self.0.state.lock().closed = true;
        self.0.more.notify_all();
    }
}

impl Line {
    fn serve(&self) {
        while let Some(job) = self.next() {
            // Whoever waits for the answer hears that it will not come; the panic itself is on stderr.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            self.more.wait(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn a_panic_costs_its_own_job_only() {
        let deciders = Deciders::start().unwrap();
        for _ in 0..2 * PER_PROCESSOR * env::processors() {
            deciders.run(|| panic!("on purpose"));
        }
        let (tell, told) = channel();
        deciders.run(move || tell.send(1).unwrap());
        assert_eq!(told.recv(), Ok(1));
    }

    #[test]
    fn what_waits_is_still_done_when_the_handle_goes() {
        let (tell, told) = channel();
        let deciders = Deciders::start().unwrap();
        for n in 0..1000 {
            let tell = tell.clone();
            deciders.run(move || tell.send(n).unwrap());
        }
        drop((deciders, tell));
        assert_eq!(told.iter().count(), 1000);
    }
}
