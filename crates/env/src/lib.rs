//! The outside world as values: clock, entropy, ids, files, processes, threads. Real ones touch the machine; simulated ones
//! replay from a seed. Everything else in the workspace is forbidden (by `clippy.toml`) to reach for the standard
//! ones, so that a test can run the house in a world of its own. Knows nothing of the business.
// This crate is where the forbidden functions are allowed: it is their one home.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod clock;
mod entropy;
mod files;
mod ids;
mod processes;
mod seals;
mod sim_files;
mod sockets;
mod threads;

pub use base::Timestamp;
pub use clock::{Clock, RealClock, SimClock};
pub use entropy::{Entropy, RealEntropy, SimEntropy};
pub use files::{File, Files, RealFiles};
pub use ids::Ids;
pub use processes::{harden_process, lock_all_memory, raise_open_files};
pub use seals::forbid_shrinking;
pub use sim_files::{Crash, Hint, Moment, Rot, SimFault, SimFiles, SimOp, SimTamper, Tamper};
pub use sockets::{receive_now, set_send_buffer};
pub use threads::{processors, spawn, stagger, step_back, together, yield_now};

use std::sync::Arc;

/// Everything of the outside world that the house may touch, handed down from `main` or from a test.
#[derive(Clone)]
pub struct Env {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub ids: Ids,
    pub files: Arc<dyn Files>,
}

impl Env {
    /// The machine we run on.
    pub fn real() -> Self {
        Env {
            clock: Arc::new(RealClock::default()),
            entropy: Arc::new(RealEntropy),
            ids: Ids::new(Arc::new(RealEntropy)),
            files: Arc::new(RealFiles),
        }
    }

    /// A world whose clock stands still until moved and whose ids and secrets come from `seed`; files are the real
    /// ones unless the test replaces them.
    pub fn simulated(seed: u64) -> (Self, Arc<SimClock>) {
        let clock = Arc::new(SimClock::starting_at(Timestamp::from_millis(1_767_323_045_000)));
        let env = Env {
            clock: clock.clone(),
            // Ids and secrets draw from different streams: an id that a caller sees must tell nothing of a secret.
            entropy: Arc::new(SimEntropy::new(seed)),
            ids: Ids::new(Arc::new(SimEntropy::new(seed ^ 0x1d5_1d5))),
            files: Arc::new(RealFiles),
        };
        (env, clock)
    }
}
