//! The bench's clock: simulated, and whoever sleeps on it lets the jobs go on. An action that waits for a job before it answers
//! (CreateSnapshot) thus works on the test's one thread.

use super::jobs::Player;
use base::Timestamp;
use env::{Clock, SimClock};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

pub struct BenchClock {
    pub sim: Arc<SimClock>,
    pub player: OnceLock<Weak<Player>>,
}

impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        self.sim.now()
    }

    fn monotonic(&self) -> Duration {
        self.sim.monotonic()
    }

    fn sleep(&self, duration: Duration) {
        self.sim.sleep(duration);
        if let Some(player) = self.player.get().and_then(Weak::upgrade) {
            player.while_waiting();
        }
    }
}
