//! DeleteSnapshot: the snapshot is gone at once; a pending one is given up. What it stored stays as long as another snapshot or a
//! volume that is still loaded from it needs it; a job removes the rest. The wrapped data key leaves the row with it.
//! Needs `ec2:DeleteSnapshot` on the snapshot. Source: EC2 API Reference, DeleteSnapshot.

use crate::rows::{FormerSnapshot, Origin, Share, Snapshot};
use crate::{find, jobs, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use rules::lifecycle::snapshot::{self, SnapshotState};
use rules::lifecycle::snapshot_lock;
use wire::generated::ec2::{DeleteSnapshot as Op, DeleteSnapshotInput, DeleteSnapshotOutput};

pub struct DeleteSnapshot;

impl Action for DeleteSnapshot {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DeleteSnapshot";
    const KEYS: &'static [&'static str] = touched::keys::SNAPSHOT;

    fn check(input: &DeleteSnapshotInput) -> Result<(), Refusal> {
        find::check_snapshot_id(&input.snapshot_id)
    }

    fn touches(cx: &mut Cx, input: &DeleteSnapshotInput) -> Answer<Vec<Touched>> {
        Ok(vec![touched::snapshot::existing(cx, &input.snapshot_id)?])
    }

    fn handle(cx: &mut Cx, input: DeleteSnapshotInput) -> Answer<DeleteSnapshotOutput> {
        find::touch_snapshot(cx, &input.snapshot_id);
        let row = find::snapshot(cx, &input.snapshot_id)?;
        snapshot::may_delete(&row.id, row.state, &[])?;
        snapshot_lock::may_delete(&row.id, row.lock.as_ref(), cx.now())?;
        unshare(cx, &row)?;
        bury(cx, row)?;
        Ok(DeleteSnapshotOutput::default())
    }
}

fn unshare(cx: &mut Cx, row: &Snapshot) -> Answer<()> {
    let of_snapshot = format!("{}/{}", row.region, row.id);
    for share in cx.tx.scan_index::<Share>("snapshot", &of_snapshot, None, usize::MAX)? {
        cx.tx.delete::<Share>(&share.key())?;
    }
    Ok(())
}

/// The row becomes a former one, and who must tidy up after it hears of it: the job that is storing a volume's snapshot notices by
/// itself that the row is gone; whatever else wrote objects needs a job.
fn bury(cx: &mut Cx, mut row: Snapshot) -> Answer<()> {
    cx.tx.delete::<Snapshot>(&row.key())?;
    if let Some(encryption) = &mut row.encryption {
        encryption.wrapped_key = None;
    }
    let is_being_stored = row.state == SnapshotState::Pending && matches!(row.origin, Origin::Volume);
    // A snapshot that failed was tidied up when it did.
    let collected = row.state == SnapshotState::Error;
    let former = FormerSnapshot { snapshot: row, ended: cx.now(), collected };
    cx.tx.put(&former)?;
    if !collected && !is_being_stored {
        jobs::collect_snapshot::enqueue(cx, &former.snapshot)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "delete_snapshot_tests.rs"]
mod tests;
