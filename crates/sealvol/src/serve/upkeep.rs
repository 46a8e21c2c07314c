//! Small chores on a clock of their own: attachments whose key can be used again, keys whose deletion window is over, rows of
//! instances that ended long ago, sessions that are over, and trail records older than the 90 days that CloudTrail's event history keeps.

use api::identity::{ServerFact, TemporaryCredential};
use api::trail::{Record, reversed};
use api::{Door, Failure};
use base::Fault;
use catalog::Row;
use ec2::resume::{self, Which};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a stop is noticed.
const TICK: Duration = Duration::from_millis(200);
/// Ticks between two looks at broken attachments (5 s) and between two rounds of cleaning (10 min).
const LOOK_TICKS: u32 = 25;
const CLEAN_TICKS: u32 = 3000;
/// Between two looks at snapshots written through the EBS direct API (30 s; their shortest timeout is 10 min).
const DIRECT_TICKS: u32 = 150;
/// Between two rounds over keys (1 min). What a key may do is decided by the moment itself, not by the round.
const KEY_TICKS: u32 = 300;
const TRAIL_KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// So long the holder of a session that is over hears `ExpiredToken` and not that there never was one.
const SESSION_KEPT: Duration = Duration::from_secs(24 * 3600);
/// The hour up to which ended sessions are forgotten already.
const SESSIONS_DONE: &str = "sessions-forgotten-to-hour";
const BATCH: usize = 200;
/// How far back the first round looks.
const FIRST_ROUND_HOURS: i64 = 48;

pub struct Upkeep {
    stopping: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Upkeep {
    pub fn start(door: &Arc<Door>) -> Result<Self, Fault> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (door, stop) = (door.clone(), stopping.clone());
        let thread = env::spawn("upkeep", move || {
            let mut tick = 0u32;
            while !stop.load(Ordering::Relaxed) {
                door.env.clock.sleep(TICK);
                tick = tick.wrapping_add(1);
                if tick.is_multiple_of(LOOK_TICKS) {
                    report("looking after attachments", resume::reattach(&door, Which::Broken).map(drop));
                }
                if tick.is_multiple_of(DIRECT_TICKS) {
                    report(
                        "ending direct snapshots that nobody writes",
                        ebs::time_out(&door).map(drop).map_err(Failure::Fault),
                    );
                }
                // At once after a start: a deletion window may have ended while nobody served.
                if tick == 1 || tick.is_multiple_of(KEY_TICKS) {
                    report("destroying, expiring and rotating keys", ::kms::upkeep::run(&door));
                }
                if tick.is_multiple_of(CLEAN_TICKS) {
                    report("forgetting ended instances", resume::forget_ended(&door));
                    report("forgetting old trail records", forget_old_records(&door));
                    report("forgetting ended sessions", forget_ended_sessions(&door));
                }
            }
        })
        .map_err(|e| Fault::caused("starting the upkeep thread", e))?;
        Ok(Upkeep { stopping, thread })
    }

    pub fn stop(self) {
        self.stopping.store(true, Ordering::Relaxed);
        // A panic there has been logged by its own hook; nothing is left to do.
        let _ = self.thread.join();
    }
}

fn report(doing: &str, result: Result<(), Failure>) {
    if let Err(failure) = result {
        tracing::warn!(doing, ?failure, "upkeep failed; it will be tried again");
    }
}

/// Deletes records past their time, some per transaction so that callers are not held up.
fn forget_old_records(door: &Door) -> Result<(), Failure> {
    let oldest = reversed(door.env.clock.now().minus(TRAIL_KEPT));
    let mut tenant_after = String::new();
    loop {
        // The first record of the next tenant tells which tenants there are.
        let Some(first) = door.catalog.begin()?.scan::<Record>("", Some(&tenant_after), 1)?.pop() else {
            return Ok(());
        };
        let tenant = format!("{}/{}/", first.account, first.region);
        loop {
            let gone = door.catalog.transact::<usize, Failure>(|tx| {
                let old = tx.scan::<Record>(&tenant, Some(&format!("{tenant}{oldest}")), 200)?;
                for record in &old {
                    tx.delete::<Record>(&record.key())?;
                }
                Ok(old.len())
            })?;
            if gone < 200 {
                break;
            }
        }
        // `~` sorts after every hexadecimal digit: past this tenant.
        tenant_after = format!("{tenant}~");
    }
}

/// Deletes the rows of sessions that ended more than a day ago, hour by hour from where the last round stopped.
fn forget_ended_sessions(door: &Door) -> Result<(), Failure> {
    let hour_of = |time: base::Timestamp| time.secs().div_euclid(3600);
    let end = hour_of(door.env.clock.now().minus(SESSION_KEPT));
    let done = door.catalog.begin()?.get::<ServerFact>(SESSIONS_DONE)?;
    // No session lasts longer than 36 hours, so without a mark nothing older than this round's start can be there for long.
    let mut hour = done.and_then(|fact| fact.value.parse().ok()).unwrap_or(end - FIRST_ROUND_HOURS);
    while hour < end {
        let index = TemporaryCredential::expires_index(hour);
        let gone = door.catalog.transact::<usize, Failure>(|tx| {
            let ended = tx.scan_index::<TemporaryCredential>("expires", &index, None, BATCH)?;
            for session in &ended {
                tx.delete::<TemporaryCredential>(&session.access_key_id)?;
            }
            if ended.len() < BATCH {
                tx.put(&ServerFact { name: SESSIONS_DONE.into(), value: (hour + 1).to_string() })?;
            }
            Ok(ended.len())
        })?;
        if gone < BATCH {
            hour += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "upkeep_tests.rs"]
mod tests;
