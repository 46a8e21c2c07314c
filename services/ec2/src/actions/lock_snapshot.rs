//! LockSnapshot: nobody can delete the snapshot until its lock expires; locking again changes the lock, as far as its mode allows. A
//! locked snapshot can be shared, copied and restored from. Needs `ec2:LockSnapshot` on the snapshot.
//! Source: EC2 API Reference, LockSnapshot.

use crate::rows::snapshot_arn;
use crate::{find, locks};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::snapshot::SnapshotState;
use rules::lifecycle::snapshot_lock::{self, LockMode, LockRequest};
use wire::generated::ec2::{LockSnapshot as Op, LockSnapshotInput, LockSnapshotOutput};

pub struct LockSnapshot;

impl Action for LockSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:LockSnapshot";

    fn check(input: &LockSnapshotInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)?;
        mode(input).map(|_| ())
    }

    fn touches(cx: &mut Cx, input: &LockSnapshotInput) -> Answer<Vec<Touched>> {
        let arns: Vec<String> = { vec![snapshot_arn(cx.region(), &input.snapshot_id)] };
        Ok(arns.into_iter().map(Touched::plain).collect())
    }

    fn handle(cx: &mut Cx, input: LockSnapshotInput) -> Answer<LockSnapshotOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let mut row = find::snapshot(cx, &input.snapshot_id)?;
        let asked = LockRequest {
            mode: mode(&input)?,
            cool_off_hours: input.cool_off_period,
            duration_days: input.lock_duration,
            expiration: input.expiration_date,
        };
        let pending = row.state == SnapshotState::Pending;
        row.lock = Some(snapshot_lock::lock(&row.id, row.lock.as_ref(), asked, pending, cx.now())?);
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
