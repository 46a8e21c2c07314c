//! UnlockSnapshot: takes a lock away that is in governance mode or still in its cooling-off period. Needs `ec2:UnlockSnapshot` on the
//! snapshot. Source: EC2 API Reference, UnlockSnapshot.

use crate::{find, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::lifecycle::snapshot_lock;
use wire::generated::ec2::{UnlockSnapshot as Op, UnlockSnapshotInput, UnlockSnapshotOutput};

pub struct UnlockSnapshot;

impl Action for UnlockSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:UnlockSnapshot";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT;

    fn check(input: &UnlockSnapshotInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)
    }

    fn touches(cx: &mut Cx, input: &UnlockSnapshotInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::snapshot::existing(cx, &input.snapshot_id)?])
    }

    fn handle(cx: &mut Cx, input: UnlockSnapshotInput) -> Answer<UnlockSnapshotOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let mut row = find::snapshot(cx, &input.snapshot_id)?;
        snapshot_lock::may_unlock(&row.id, row.lock.as_ref(), cx.now())?;
        row.lock = None;
        cx.tx.put(&row)?;
        Ok(UnlockSnapshotOutput { snapshot_id: Some(row.id) })
    }
}
