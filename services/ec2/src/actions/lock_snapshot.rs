//! LockSnapshot: nobody can delete the snapshot until its lock expires; locking again changes the lock, as far as its mode allows. A
//! locked snapshot can be shared, copied and restored from. Needs `ec2:LockSnapshot` on the snapshot.
//! Source: EC2 API Reference, LockSnapshot.

use crate::rows::Snapshot;
use crate::{find, locks, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Timestamp};
use rules::lifecycle::snapshot::SnapshotState;
use rules::lifecycle::snapshot_lock::{self, Lock, LockMode, LockRequest};
use wire::generated::ec2::{LockSnapshot as Op, LockSnapshotInput, LockSnapshotOutput};

pub struct LockSnapshot;

impl Action for LockSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:LockSnapshot";
    const KEYS: &'static [&'static str] = touched::keys::LOCK;

    fn check(input: &LockSnapshotInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)?;
        mode(input).map(|_| ())
    }

    fn touches(cx: &mut Cx, input: &LockSnapshotInput) -> Answer<Vec<Touched>> {
        let mut snapshot = touched::snapshot::existing(cx, &input.snapshot_id)?;
        // An end given as a date is asked about in days, as the lock will have it.
        let row = find::own_snapshot(cx, &input.snapshot_id)?;
        let days = match row.map(|row| locked(&row, input, cx.now())) {
            Some(Ok(lock)) => Some(lock.duration_days.to_string()),
            _ => input.lock_duration.map(|days| days.to_string()),
        };
        snapshot.keys.set_some("ec2:SnapshotLockDuration", days);
        snapshot.keys.set_some("ec2:SnapshotCoolOffPeriod", input.cool_off_period.map(|n| n.to_string()));
        Ok(vec![snapshot])
    }

    fn handle(cx: &mut Cx, input: LockSnapshotInput) -> Answer<LockSnapshotOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let mut row = find::snapshot(cx, &input.snapshot_id)?;
        row.lock = Some(locked(&row, &input, cx.now())?);
        cx.tx.put(&row)?;
        let shown = locks::shown(&row, cx.now()).unwrap_or_default();
        Ok(LockSnapshotOutput {
            snapshot_id: shown.snapshot_id,
            lock_state: shown.lock_state,
            lock_duration: shown.lock_duration,
            cool_off_period: shown.cool_off_period,
            cool_off_period_expires_on: shown.cool_off_period_expires_on,
            lock_created_on: shown.lock_created_on,
            lock_expires_on: shown.lock_expires_on,
            lock_duration_start_time: shown.lock_duration_start_time,
        })
    }
}

fn locked(row: &Snapshot, input: &LockSnapshotInput, now: Timestamp) -> Result<Lock, Refusal> {
    let asked = LockRequest {
        mode: mode(input)?,
        cool_off_hours: input.cool_off_period,
        duration_days: input.lock_duration,
        expiration: input.expiration_date,
    };
    let pending = row.state == SnapshotState::Pending;
    snapshot_lock::lock(&row.id, row.lock.as_ref(), asked, pending, now)
}

fn mode(input: &LockSnapshotInput) -> Result<LockMode, Refusal> {
    match input.lock_mode.as_str() {
        "governance" => Ok(LockMode::Governance),
        "compliance" => Ok(LockMode::Compliance),
        other => Err(Refusal::new("InvalidParameterValue", format!("Invalid value '{other}' for LockMode"))
            .because("governance or compliance")),
    }
}

#[cfg(test)]
#[path = "lock_snapshot_tests.rs"]
mod tests;
