//! DisableFastSnapshotRestores: the end of EnableFastSnapshotRestores for these snapshots in these zones. Each pair succeeds or fails
//! by itself; the answer has both lists. Volumes that were made stay as they are.
//! Needs `ec2:DisableFastSnapshotRestores` on the snapshots. Source: EC2 API Reference, DisableFastSnapshotRestores.

use crate::fast_restores::Zones;
use crate::rows::FastRestore;
use crate::{fast_restores, find, jobs, touched};
use api::{Action, Answer, Cx, Failure, Touched};
use base::{Fault, Refusal, Zone};
use rules::lifecycle::fast_restore::{self, FastRestoreState as State};
use wire::generated::ec2::{
    DescribeFastSnapshotRestoreSuccessItem as Shown, DisableFastSnapshotRestoreErrorItem,
    DisableFastSnapshotRestoreStateError, DisableFastSnapshotRestoreStateErrorItem,
    DisableFastSnapshotRestoreSuccessItem, DisableFastSnapshotRestores as Op,
    DisableFastSnapshotRestoresInput, DisableFastSnapshotRestoresOutput,
};

pub struct DisableFastSnapshotRestores;

impl Action for DisableFastSnapshotRestores {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DisableFastSnapshotRestores";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT;

    fn check(input: &DisableFastSnapshotRestoresInput) -> Result<(), Refusal> {
        input.source_snapshot_ids.iter().try_for_each(|id| find::check_snapshot_id(id))?;
        zones(input).check()
    }

    fn touches(cx: &mut Cx, input: &DisableFastSnapshotRestoresInput) -> Answer<Vec<Touched>> {
        input.source_snapshot_ids.iter().map(|id| touched::snapshot::existing(cx, id)).collect()
    }

    fn handle(
        cx: &mut Cx,
        input: DisableFastSnapshotRestoresInput,
    ) -> Answer<DisableFastSnapshotRestoresOutput> {
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
                unsuccessful.push(DisableFastSnapshotRestoreErrorItem {
                    snapshot_id: Some(id.clone()),
                    fast_snapshot_restore_state_errors: Some(errors),
                });
            }
        }
        Ok(DisableFastSnapshotRestoresOutput {
            successful: Some(successful),
            unsuccessful: Some(unsuccessful),
        })
    }
}

fn zones(input: &DisableFastSnapshotRestoresInput) -> Zones<'_> {
    Zones { names: input.availability_zones.as_ref(), ids: input.availability_zone_ids.as_ref() }
}

/// One pair of snapshot and zone. The snapshot itself may be gone.
fn change(cx: &mut Cx, snapshot: &str, zone: &Zone) -> Answer<FastRestore> {
    let found = fast_restores::find(cx, snapshot, &zone.to_string())?;
    fast_restore::may_disable(snapshot, found.as_ref().and_then(fast_restores::state))?;
    let mut row = found.ok_or_else(|| Fault::new("a fast restore that is not there was to be disabled"))?;
    fast_restores::enter(cx, &mut row, State::Disabling, State::Disabling.reason())?;
    jobs::fast_restore::enqueue(cx, &row)?;
    Ok(row)
}

fn error(zone: &Zone, refusal: Refusal) -> DisableFastSnapshotRestoreStateErrorItem {
    DisableFastSnapshotRestoreStateErrorItem {
        availability_zone: Some(zone.to_string()),
        availability_zone_id: fast_restores::zone_id(zone),
        error: Some(DisableFastSnapshotRestoreStateError {
            code: Some(refusal.code.to_string()),
            message: Some(refusal.message),
        }),
    }
}

fn success(shown: Shown) -> DisableFastSnapshotRestoreSuccessItem {
    DisableFastSnapshotRestoreSuccessItem {
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
