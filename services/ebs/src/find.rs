//! Finding snapshots by the ids that callers send: to write to (the caller's own, pending), or to read (also those shared with the
//! caller, completed).

use crate::refusals;
use crate::rows::Completion;
use api::{Answer, Cx};
use base::{Fault, Kind, Refusal, ResourceId};
use ec2::rows::Snapshot;
use rules::lifecycle::snapshot::SnapshotState;
use snapshot::SnapshotRef;

/// What EC2 shows as the volume of a snapshot that is of none.
pub const NO_VOLUME: &str = "vol-ffffffff";

/// Refuses what is not a snapshot id.
pub fn check_id(id: &str) -> Result<(), Refusal> {
    match ResourceId::parse_kind(id, Kind::Snapshot) {
        Ok(_) => Ok(()),
        Err(_) => Err(refusals::invalid("INVALID_SNAPSHOT_ID", format!("'{id}' is not a snapshot id."))),
    }
}

/// The ARN that authorisation sees.
pub fn arn(cx: &Cx, id: &str) -> String {
    ec2::rows::snapshot_arn(cx.region(), id)
}

/// The caller's own snapshot, whatever its state and origin. Others' snapshots are not for writing, even when they are shared.
pub fn own(cx: &mut Cx, id: &str) -> Answer<Snapshot> {
    let key = format!("{}{id}", cx.tenant());
    let row = cx.tx.get::<Snapshot>(&key)?.ok_or_else(|| refusals::no_snapshot(id))?;
    let account = cx.account().clone();
    cx.trail.touch(&account, "AWS::EC2::Snapshot", id);
    Ok(row)
}

/// The caller's own snapshot if blocks may still be put into it.
pub fn open_draft(cx: &mut Cx, id: &str) -> Answer<Snapshot> {
    let row = own(cx, id)?;
    match row.state {
        SnapshotState::Pending if row.is_direct() => {}
        SnapshotState::Pending => {
            return Err(refusals::invalid(
                "INVALID_SNAPSHOT_ID",
                "The snapshot was not made by StartSnapshot.",
            )
            .into());
        }
        SnapshotState::Completed => return Err(refusals::already_completed().into()),
        _ => {
            let why = row.state_message.clone().unwrap_or_default();
            return Err(refusals::invalid("INVALID_SNAPSHOT_ID", "The snapshot is in state error.")
                .because(why)
                .into());
        }
    }
    match completion(cx, &row)? {
        Some(_) => Err(refusals::already_completed().because("CompleteSnapshot was called").into()),
        None => Ok(row),
    }
}

pub fn completion(cx: &mut Cx, row: &Snapshot) -> Answer<Option<Completion>> {
    Ok(cx.tx.get::<Completion>(&Completion::key_of(&row.region, &row.id))?)
}

/// A stored snapshot that the caller may read: its own, one shared with its account, or a public one. With where it is stored.
pub fn readable(cx: &mut Cx, id: &str) -> Answer<(Snapshot, SnapshotRef)> {
    check_id(id)?;
    let row = visible(cx, id)?.ok_or_else(|| refusals::no_snapshot(id))?;
    match (row.state, row.at.clone()) {
        (SnapshotState::Completed, Some(at)) => Ok((row, at)),
        (SnapshotState::Completed, None) => {
            Err(Fault::new(format!("{id} is completed and stored nowhere")).into())
        }
        _ => {
            Err(refusals::invalid("INVALID_SNAPSHOT_ID", format!("The snapshot '{id}' is not completed."))
                .into())
        }
    }
}

/// The snapshot of this id in the request's Region, if the caller may read it.
fn visible(cx: &mut Cx, id: &str) -> Answer<Option<Snapshot>> {
    let region = cx.region().clone();
    let found = ec2::snapshot_in(cx, &region, id)?;
    if let Some(row) = &found {
        cx.trail.touch(&row.account, "AWS::EC2::Snapshot", id);
    }
    Ok(found)
}
