//! Snapshot locks as EC2 shows them. What a lock may become is decided in `rules::lifecycle::snapshot_lock`.

use crate::rows::Snapshot;
use base::Timestamp;
use rules::lifecycle::snapshot_lock::Lock;
use wire::generated::ec2::LockedSnapshotsInfo;

/// The lock of a snapshot at `now`; nothing for a snapshot that was never locked.
pub fn shown(row: &Snapshot, now: Timestamp) -> Option<LockedSnapshotsInfo> {
    let lock: &Lock = row.lock.as_ref()?;
    Some(LockedSnapshotsInfo {
        owner_id: Some(row.account.to_string()),
        snapshot_id: Some(row.id.clone()),
        lock_state: Some(lock.state(now).as_str().to_owned()),
        lock_duration: i32::try_from(lock.duration_days).ok(),
        cool_off_period: lock.cool_off_hours.and_then(|hours| i32::try_from(hours).ok()),
        cool_off_period_expires_on: lock.cool_off_until,
        lock_created_on: Some(lock.created),
        lock_duration_start_time: lock.starts,
        lock_expires_on: lock.expires,
    })
}
