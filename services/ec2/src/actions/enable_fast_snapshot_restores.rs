//! EnableFastSnapshotRestores: volumes made from these snapshots in these zones have all their data when they become available. Each
//! pair of snapshot and zone succeeds or fails by itself; the answer has both lists. The job reads and verifies the snapshot, so that
//! its chunks are near. Enabling what is enabled is fine. For own snapshots and those that are shared.
//! Needs `ec2:EnableFastSnapshotRestores` on the snapshots. Source: EC2 API Reference, EnableFastSnapshotRestores.

use crate::fast_restores::Zones;
use crate::rows::FastRestore;
use crate::{fast_restores, find, jobs, touched};
use api::{Action, Answer, Cx, Failure, Touched};
use base::{Refusal, Zone};
use rules::lifecycle::fast_restore::{self, FastRestoreState as State};
use rules::lifecycle::snapshot;
use wire::generated::ec2::{
    DescribeFastSnapshotRestoreSuccessItem as Shown, EnableFastSnapshotRestoreErrorItem,
    EnableFastSnapshotRestoreStateError, EnableFastSnapshotRestoreStateErrorItem,
    EnableFastSnapshotRestoreSuccessItem, EnableFastSnapshotRestores as Op, EnableFastSnapshotRestoresInput,
    EnableFastSnapshotRestoresOutput,
};

pub struct EnableFastSnapshotRestores;

impl Action for EnableFastSnapshotRestores {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:EnableFastSnapshotRestores";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT;

    fn check(input: &EnableFastSnapshotRestoresInput) -> Result<(), Refusal> {
        input.source_snapshot_ids.iter().try_for_each(|id| find::check_snapshot_id(id))?;
        zones(input).check()
    }

    fn touches(cx: &mut Cx, input: &EnableFastSnapshotRestoresInput) -> Answer<Vec<Touched>> {
        input.source_snapshot_ids.iter().map(|id| touched::snapshot::existing(cx, id)).collect()
    }

    fn handle(
        cx: &mut Cx,
        input: EnableFastSnapshotRestoresInput,
    ) -> Answer<EnableFastSnapshotRestoresOutput> {
        let zones = zones(&input).read(cx)?;
        let (mut successful, mut unsuccessful) = (Vec::new(), Vec::new());
        for id in &input.source_snapshot_ids {
            find::touch_snapshot(cx, id);
            let mut errors = Vec::new();
            for zone in &zones {
                match change(cx, id, zone) {
                    Ok(row) => successful.push(success(fast_restores::shown(&row))),
                    Err(Failure::Refused(refusal)) => errors.push(error(zone, refusal)),
                    Err(other) => return Err(other),
                }
            }
            if !errors.is_empty() {
                unsuccessful.push(EnableFastSnapshotRestoreErrorItem {
                    snapshot_id: Some(id.clone()),
                    fast_snapshot_restore_state_errors: Some(errors),
                });
            }
        }
        Ok(EnableFastSnapshotRestoresOutput {
            successful: Some(successful),
            unsuccessful: Some(unsuccessful),
        })
    }
}

fn zones(input: &EnableFastSnapshotRestoresInput) -> Zones<'_> {
    Zones { names: input.availability_zones.as_ref(), ids: input.availability_zone_ids.as_ref() }
}

/// One pair of snapshot and zone.
fn change(cx: &mut Cx, snapshot: &str, zone: &Zone) -> Answer<FastRestore> {
    let source = find::snapshot_for(cx, snapshot)?;
    snapshot::may_restore(&source.id, source.state)?;
    let found = fast_restores::find(cx, snapshot, &zone.to_string())?;
    let current = found.as_ref().and_then(fast_restores::state);
    let others = fast_restores::others(cx, snapshot)?;
    let new = fast_restore::may_enable(&source.id, source.size_gib, current, others)?;
    let mut row = found.unwrap_or_else(|| fast_restores::new_row(cx, &source, zone));
    if new {
        fast_restores::enter(cx, &mut row, State::Enabling, State::Enabling.reason())?;
        jobs::fast_restore::enqueue(cx, &row)?;
    }
    Ok(row)
}

fn error(zone: &Zone, refusal: Refusal) -> EnableFastSnapshotRestoreStateErrorItem {
    EnableFastSnapshotRestoreStateErrorItem {
        availability_zone: Some(zone.to_string()),
        availability_zone_id: fast_restores::zone_id(zone),
        error: Some(EnableFastSnapshotRestoreStateError {
            code: Some(refusal.code.to_string()),
            message: Some(refusal.message),
        }),
    }
}

fn success(shown: Shown) -> EnableFastSnapshotRestoreSuccessItem {
    EnableFastSnapshotRestoreSuccessItem {
        snapshot_id: shown.snapshot_id,
        availability_zone: shown.availability_zone,
        availability_zone_id: shown.availability_zone_id,
        state: shown.state,
        state_transition_reason: shown.state_transition_reason,
        owner_id: shown.owner_id,
        owner_alias: shown.owner_alias,
        enabling_time: shown.enabling_time,
        optimizing_time: shown.optimizing_time,
        enabled_time: shown.enabled_time,
        disabling_time: shown.disabling_time,
        disabled_time: shown.disabled_time,
    }
}

#[cfg(test)]
#[path = "fast_snapshot_restores_tests.rs"]
mod tests;
