//! The life of a snapshot, and how many may be under way. Sources: EBS User Guide, "Quotas"; EC2 API Reference, "Error codes",
//! Snapshot; recordings of AWS for the messages of copies.
//!
//! ```text
//! pending ──► completed ──► (gone)          recoverable ──► recovering ──► completed
//!    └──────► error ──────► (gone)          (in the Recycle Bin: for everybody else it is not there)
//! ```

use base::{Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// State of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotState {
    Pending,
    Completed,
    Error,
    Recoverable,
    Recovering,
}

impl SnapshotState {
    pub const ALL: [SnapshotState; 5] = [
        SnapshotState::Pending,
        SnapshotState::Completed,
        SnapshotState::Error,
        SnapshotState::Recoverable,
        SnapshotState::Recovering,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            SnapshotState::Pending => "pending",
            SnapshotState::Completed => "completed",
            SnapshotState::Error => "error",
            SnapshotState::Recoverable => "recoverable",
            SnapshotState::Recovering => "recovering",
        }
    }

    /// In the Recycle Bin, so not there for anything but getting it back.
    fn is_binned(self) -> bool {
        matches!(self, SnapshotState::Recoverable | SnapshotState::Recovering)
    }
}

/// Why a copy ended in `error`, or what it waits for: the texts of `StateMessage` (recorded).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CopyTrouble {
    /// A new copy whose facts are not filled in yet; the only one of these that goes with `pending`.
    MetadataNotUpdated,
    SourceNotFound,
    SourceNotComplete,
    KeyNotAccessible,
}

impl CopyTrouble {
    pub fn state_message(self) -> &'static str {
        match self {
            CopyTrouble::MetadataNotUpdated => "Metadata not updated",
            CopyTrouble::SourceNotFound => "Source snapshot is not found",
            CopyTrouble::SourceNotComplete => "Source snapshot is not complete",
            CopyTrouble::KeyNotAccessible => "Given key ID is not accessible",
        }
    }
}

/// May it be copied? CopySnapshot answers 200 either way and the copy then fails with the trouble. `source` is `None` if there
/// is no such snapshot or the caller may not see it.
pub fn may_copy(source: Option<SnapshotState>) -> Result<(), CopyTrouble> {
    match source {
        Some(SnapshotState::Completed) => Ok(()),
        Some(SnapshotState::Pending | SnapshotState::Error) => Err(CopyTrouble::SourceNotComplete),
        Some(SnapshotState::Recoverable | SnapshotState::Recovering) | None => {
            Err(CopyTrouble::SourceNotFound)
        }
    }
}

/// May the snapshot be deleted? A pending one may (that gives it up). `images` names the images that use it. Locks have their own
/// question: `snapshot_lock::may_delete`.
pub fn may_delete(id: &str, state: SnapshotState, images: &[&str]) -> Result<(), Refusal> {
    if state.is_binned() {
        return Err(not_found(id).because(format!("{id} is in the Recycle Bin ({})", state.as_str())));
    }
    match images.first() {
        None => Ok(()),
        Some(image) => Err(Refusal::new(
            "InvalidSnapshot.InUse",
            format!("The snapshot {id} is currently in use by {image}"),
        )
        .because(format!("deregister {} first", images.join(", ")))),
    }
}

/// May it be shared? A failed one has nothing to share.
pub fn may_share(id: &str, state: SnapshotState) -> Result<(), Refusal> {
    match state {
        SnapshotState::Pending | SnapshotState::Completed => Ok(()),
        SnapshotState::Error => Err(incorrect_state(state).because(format!(
            "{id} failed and holds no data; only pending and completed snapshots are shared"
        ))),
        SnapshotState::Recoverable | SnapshotState::Recovering => Err(not_found(id)),
    }
}

/// May a volume be made from it? CreateVolume's words for a snapshot that is not there differ from everybody else's.
pub fn may_restore(id: &str, state: SnapshotState) -> Result<(), Refusal> {
    match state {
        SnapshotState::Completed => Ok(()),
        SnapshotState::Pending => {
            Err(incorrect_state(state).because(format!("{id} is still being stored; wait for completed")))
        }
        SnapshotState::Error => Err(incorrect_state(state).because(format!("{id} failed and holds no data"))),
        SnapshotState::Recoverable | SnapshotState::Recovering => Err(not_restorable(id)),
    }
}

fn incorrect_state(state: SnapshotState) -> Refusal {
    Refusal::new("IncorrectState", format!("Snapshot is in invalid state - {}", state.as_str()))
}

/// EC2's answer for a snapshot that is not there.
pub fn not_found(id: &str) -> Refusal {
    Refusal::new("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
        .because(format!("there is no {id} in this Region, or the caller may not see it"))
}

/// CreateVolume's answer for a snapshot that is not there or not shared with the caller.
pub fn not_restorable(id: &str) -> Refusal {
    Refusal::new("InvalidSnapshot.NotFound", "Snapshot does not exist")
        .because(format!("there is no {id}, or it is not shared with the caller"))
}

/// How long after a snapshot the next one of the same volume may be made.
pub const PER_VOLUME_INTERVAL: Duration = Duration::from_secs(15);
/// Snapshots of one volume that may be pending at once.
pub const PENDING_PER_VOLUME: usize = 5;
/// The same for st1 and sc1 volumes.
pub const PENDING_PER_COLD_VOLUME: usize = 1;
/// Copies that may be in flight to one destination Region (per account).
pub const COPIES_PER_REGION: usize = 20;
/// Snapshots being written through the EBS direct API at once (per account and Region).
pub const PENDING_DIRECT: usize = 100;

/// May a further snapshot of the volume be started? `last` is when the last one was, `pending` how many are pending.
pub fn may_create(
    volume: &str,
    volume_type: &str,
    last: Option<Timestamp>,
    now: Timestamp,
    pending: usize,
) -> Result<(), Refusal> {
    // The distance, not the order, so that a clock set back far does not forbid snapshots until it has caught up.
    let interval = i64::try_from(PER_VOLUME_INTERVAL.as_millis()).unwrap_or(i64::MAX).unsigned_abs();
    if last.is_some_and(|last| now.millis().abs_diff(last.millis()) < interval) {
        return Err(Refusal::new(
            "SnapshotCreationPerVolumeRateExceeded",
            "The maximum per volume CreateSnapshot request rate has been exceeded.  Use an increasing or variable sleep \
             interval between requests.",
        )
        .because(format!("one snapshot of {volume} per {} seconds", PER_VOLUME_INTERVAL.as_secs())));
    }
    let cold = matches!(volume_type, "st1" | "sc1");
    let most = if cold { PENDING_PER_COLD_VOLUME } else { PENDING_PER_VOLUME };
    if pending >= most {
        return Err(Refusal::new(
            "ConcurrentSnapshotLimitExceeded",
            "Maximum allowed in-progress snapshots for a single volume exceeded.",
        )
        .because(format!(
            "{pending} snapshots of {volume} ({volume_type}) are pending, the most is {most}"
        )));
    }
    Ok(())
}

/// May a further copy to this Region be started while `in_flight` are?
pub fn may_start_copy(in_flight: usize) -> Result<(), Refusal> {
    if in_flight < COPIES_PER_REGION {
        return Ok(());
    }
    Err(Refusal::new(
        "ResourceLimitExceeded",
        format!("Too many snapshot copies in progress. The limit is {COPIES_PER_REGION} for this destination region."),
    )
    .because(format!("{in_flight} copies to this Region are in flight")))
}

/// May a further snapshot be started through the EBS direct API while `pending` are being written?
pub fn may_start_direct(pending: usize) -> Result<(), Refusal> {
    if pending < PENDING_DIRECT {
        return Ok(());
    }
    Err(Refusal::new(
        "ConcurrentLimitExceededException",
        format!("You have reached the limit of {PENDING_DIRECT} pending snapshots."),
    )
    .because(format!("{pending} snapshots are being written through the EBS direct API")))
}

/// `Progress` as DescribeSnapshots shows it. Whole percent, rounded down; only a completed snapshot has all of them. (The answer of
/// CreateSnapshot itself shows an empty text, recorded.)
pub fn progress(state: SnapshotState, done: u64, total: u64) -> String {
    if state == SnapshotState::Completed {
        return "100%".to_owned();
    }
    let percent = u128::from(done) * 100 / u128::from(total.max(1));
    format!("{}%", percent.min(99))
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
