//! Locks that keep snapshots from being deleted. Source: EC2 API Reference, LockSnapshot and LockedSnapshotsInfo; EBS User Guide,
//! "Snapshot lock".
//!
//! ```text
//!             ┌────────── lock again: longer, shorter, other mode ──────────┐
//! not locked ─┼─► governance          unlock: yes                           │
//!    ▲        └─► compliance-cooloff  unlock: yes ── cool-off over ─► compliance  unlock: no; lock again: longer only
//!    │                 │                                              │
//!    └── unlock        └──────────── lock expires ──► expired ◄───────┘   as if not locked
//! ```
//! Deleting is refused in every state but `expired`. A lock of so many days on a pending snapshot starts when the snapshot is
//! completed; until then it has no end.

use crate::encryption::choices;
use base::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use std::time::Duration;

/// `LockDuration` in days.
pub const DURATION_DAYS: RangeInclusive<i32> = 1..=36_500;
/// `CoolOffPeriod` in hours.
pub const COOL_OFF_HOURS: RangeInclusive<i32> = 1..=72;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// `LockMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockMode {
    Governance,
    Compliance,
}

/// `LockState`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    Governance,
    Compliance,
    ComplianceCooloff,
    Expired,
}

impl LockState {
    pub fn as_str(self) -> &'static str {
        match self {
            LockState::Governance => "governance",
            LockState::Compliance => "compliance",
            LockState::ComplianceCooloff => "compliance-cooloff",
            LockState::Expired => "expired",
        }
    }
}

/// A lock, as a snapshot's row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    pub mode: LockMode,
    /// when the snapshot was locked first; stays when the lock is changed
    pub created: Timestamp,
    pub duration_days: u32,
    /// when the duration started; `None` while the snapshot is pending
    pub starts: Option<Timestamp>,
    /// `None` while the snapshot is pending and the end is a number of days
    pub expires: Option<Timestamp>,
    pub cool_off_hours: Option<u32>,
    pub cool_off_until: Option<Timestamp>,
}

impl Lock {
    /// The state at `now`.
    pub fn state(&self, now: Timestamp) -> LockState {
        match self.mode {
            _ if self.expires.is_some_and(|end| end <= now) => LockState::Expired,
            LockMode::Governance => LockState::Governance,
            LockMode::Compliance if self.cool_off_until.is_some_and(|end| now < end) => {
                LockState::ComplianceCooloff
            }
            LockMode::Compliance => LockState::Compliance,
        }
    }

    /// The same lock once its snapshot is completed: a duration in days starts now.
    #[must_use]
    pub fn snapshot_completed(self, now: Timestamp) -> Lock {
        let starts = self.starts.unwrap_or(now);
        let expires = self.expires.unwrap_or_else(|| starts.plus(DAY.saturating_mul(self.duration_days)));
        Lock { starts: Some(starts), expires: Some(expires), ..self }
    }
}

/// LockSnapshot, as sent.
#[derive(Clone, Copy, Debug)]
pub struct LockRequest {
    pub mode: LockMode,
    pub cool_off_hours: Option<i32>,
    pub duration_days: Option<i32>,
    pub expiration: Option<Timestamp>,
}

/// Locks snapshot `id`, or changes its lock. `pending`: the snapshot is not completed yet. Answers with the lock to keep. Refusals:
/// `MissingParameter`, `InvalidParameterCombination`, `InvalidParameterValue`, `SnapshotLocked`.
pub fn lock(
    id: &str,
    current: Option<&Lock>,
    asked: LockRequest,
    pending: bool,
    now: Timestamp,
) -> Result<Lock, Refusal> {
    let current = current.filter(|lock| lock.state(now) != LockState::Expired);
    let (duration_days, expires) = end(asked, pending, now)?;
    let cool_off = cool_off(asked)?;
    if let Some(current) = current.filter(|lock| lock.state(now) == LockState::Compliance) {
        only_longer(id, current, asked, expires)?;
    }
    let kept = current.filter(|lock| {
        choices::RELOCK_KEEPS_COOL_OFF
            && asked.mode == LockMode::Compliance
            && lock.mode == LockMode::Compliance
            && cool_off.is_none()
    });
    let (cool_off_hours, cool_off_until) = match (kept, cool_off) {
        (Some(lock), _) => (lock.cool_off_hours, lock.cool_off_until),
        (None, Some(hours)) => (Some(hours), Some(now.plus(HOUR.saturating_mul(hours)))),
        (None, None) => (None, None),
    };
    Ok(Lock {
        mode: asked.mode,
        created: current.map_or(now, |lock| lock.created),
        duration_days,
        starts: (!pending).then_some(now),
        expires,
        cool_off_hours,
        cool_off_until,
    })
}

/// Days and moment of the end; a date is counted in whole days, rounded up.
fn end(asked: LockRequest, pending: bool, now: Timestamp) -> Result<(u32, Option<Timestamp>), Refusal> {
    let out_of_range = |what: &str| {
        let (low, high) = (DURATION_DAYS.start(), DURATION_DAYS.end());
        invalid(format!("{what} must be from {low} to {high} days from now"))
            .because("a lock holds for at least a day begun and at most a hundred years")
    };
    match (asked.duration_days, asked.expiration) {
        (None, None) => Err(Refusal::new(
            "MissingParameter",
            "The request must contain the parameter LockDuration or ExpirationDate",
        )
        .because("every lock has an end")),
        (Some(_), Some(_)) => Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameters LockDuration and ExpirationDate cannot be used together",
        )
        .because("a lock has one end")),
        (Some(days), None) => {
            let days = u32::try_from(days).ok().filter(|_| DURATION_DAYS.contains(&days));
            let days = days.ok_or_else(|| out_of_range("LockDuration"))?;
            Ok((days, (!pending).then(|| now.plus(DAY.saturating_mul(days)))))
        }
        (None, Some(moment)) => {
            let left = i128::from(moment.millis()) - i128::from(now.millis());
            let days = (left.max(0).unsigned_abs()).div_ceil(DAY.as_millis());
            let days = i32::try_from(days).ok().filter(|days| DURATION_DAYS.contains(days));
            let days = days.ok_or_else(|| out_of_range("ExpirationDate"))?;
            Ok((days.unsigned_abs(), Some(moment)))
        }
    }
}

fn cool_off(asked: LockRequest) -> Result<Option<u32>, Refusal> {
    let Some(hours) = asked.cool_off_hours else { return Ok(None) };
    if asked.mode == LockMode::Governance {
        return Err(Refusal::new(
            "InvalidParameterCombination",
            "The parameter CoolOffPeriod cannot be used with governance mode",
        )
        .because("a lock in governance mode can be changed at any time; it has no cooling-off period"));
    }
    let (low, high) = (COOL_OFF_HOURS.start(), COOL_OFF_HOURS.end());
    let good = u32::try_from(hours).ok().filter(|_| COOL_OFF_HOURS.contains(&hours));
    good.map(Some).ok_or_else(|| {
        invalid(format!("CoolOffPeriod must be from {low} to {high} hours"))
            .because(format!("{hours} hours were asked for; omit it to lock without a cooling-off period"))
    })
}

/// Compliance mode after the cooling-off period.
fn only_longer(
    id: &str,
    current: &Lock,
    asked: LockRequest,
    expires: Option<Timestamp>,
) -> Result<(), Refusal> {
    let refused = |why: &str| Err(locked(id, "its lock can only be made longer").because(why));
    if asked.mode != LockMode::Compliance {
        return refused("compliance mode is not left once the cooling-off period is over");
    }
    if asked.cool_off_hours.is_some() {
        return refused("the cooling-off period is over and there is no second one; omit CoolOffPeriod");
    }
    // A lock without an end yet counts from the completion of its snapshot, so there days are compared.
    match (current.expires, expires) {
        (Some(old), Some(new)) if new < old => refused("the new end is earlier than the lock's"),
        (Some(_), Some(_)) => Ok(()),
        (Some(_), None) => {
            refused("the lock ends at a moment; a number of days from a later one could be shorter")
        }
        (None, Some(_)) => {
            refused("the lock counts from the completion of the snapshot; a moment could be earlier")
        }
        (None, None)
            if asked.duration_days.is_some_and(|days| days.unsigned_abs() >= current.duration_days) =>
        {
            Ok(())
        }
        (None, None) => refused("fewer days than the lock has"),
    }
}

/// May snapshot `id` be unlocked? Refusals: `SnapshotLocked` in compliance mode after the cooling-off period, `IncorrectState` if
/// it is not locked.
pub fn may_unlock(id: &str, current: Option<&Lock>, now: Timestamp) -> Result<(), Refusal> {
    match current.map(|lock| lock.state(now)) {
        Some(LockState::Governance | LockState::ComplianceCooloff) => Ok(()),
        Some(LockState::Compliance) => Err(locked(id, "it cannot be unlocked")
            .because("nobody can unlock in compliance mode after the cooling-off period")),
        Some(LockState::Expired) | None => {
            Err(Refusal::new("IncorrectState", format!("The snapshot '{id}' is not locked."))
                .because("there is no lock, or it has expired"))
        }
    }
}

/// Does a lock keep snapshot `id` from being deleted? Refusal: `SnapshotLocked`.
pub fn may_delete(id: &str, current: Option<&Lock>, now: Timestamp) -> Result<(), Refusal> {
    match current.map(|lock| lock.state(now)) {
        None | Some(LockState::Expired) => Ok(()),
        Some(state) => Err(locked(id, "it cannot be deleted")
            .because(format!("{id} has a lock in state {}; nobody can delete it", state.as_str()))),
    }
}

fn locked(id: &str, so: &str) -> Refusal {
    Refusal::new(choices::LOCKED_CODE, format!("The snapshot '{id}' is locked; {so}."))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new("InvalidParameterValue", message)
}

#[cfg(test)]
#[path = "snapshot_lock_tests.rs"]
mod tests;
