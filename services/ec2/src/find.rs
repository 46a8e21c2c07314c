//! Finding rows by the ids that callers send, with EC2's answers for ids that are malformed or name nothing.

use crate::rows::{FormerSnapshot, FormerVolume, Instance, Modification, Share, Snapshot, Volume};
use crate::{block_public_access, rows};
use api::{Answer, Cx};
use base::{AccountId, Kind, Refusal, Region, ResourceId};
use rules::lifecycle::{instance, snapshot, volume};
use rules::sharing::{self, Grantee};
use std::collections::BTreeSet;

/// The caller's volume of that id.
pub fn volume(cx: &mut Cx, id: &str) -> Answer<Volume> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<Volume>(&key)?.ok_or_else(|| volume::not_found(id))?)
}

/// The caller's former volume of that id, if there was one.
pub fn former_volume(cx: &mut Cx, id: &str) -> Answer<Option<FormerVolume>> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<FormerVolume>(&key)?)
}

/// The modifications of a volume of the caller, oldest first.
pub fn modifications(cx: &mut Cx, volume: &str) -> Answer<Vec<Modification>> {
    let of_volume = format!("{}{volume}/", cx.tenant());
    Ok(cx.tx.scan::<Modification>(&of_volume, None, usize::MAX)?)
}

/// The caller's own snapshot of that id.
pub fn snapshot(cx: &mut Cx, id: &str) -> Answer<Snapshot> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<Snapshot>(&key)?.ok_or_else(|| snapshot::not_found(id))?)
}

/// The same; `None` if there is none.
pub fn own_snapshot(cx: &mut Cx, id: &str) -> Answer<Option<Snapshot>> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<Snapshot>(&key)?)
}

/// The caller's former snapshot of that id, if there was one.
pub fn former_snapshot(cx: &mut Cx, id: &str) -> Answer<Option<FormerSnapshot>> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<FormerSnapshot>(&key)?)
}

/// The snapshot of that id in the request's Region, if the caller may restore from it: the caller's own, one that is shared with the
/// caller's account, or a public one. Anything else is not there.
pub fn snapshot_for(cx: &mut Cx, id: &str) -> Answer<Snapshot> {
    let region = cx.region().clone();
    Ok(snapshot_in(cx, &region, id)?.ok_or_else(|| snapshot::not_found(id))?)
}

/// The same in any Region; `None` if the caller may not see it or it is not there.
pub fn snapshot_in(cx: &mut Cx, region: &Region, id: &str) -> Answer<Option<Snapshot>> {
    if ResourceId::parse_kind(id, Kind::Snapshot).is_err() {
        return Ok(None);
    }
    let caller = cx.account().clone();
    if let Some(own) = cx.tx.get::<Snapshot>(&format!("{caller}/{region}/{id}"))? {
        return Ok(Some(own));
    }
    let others = cx.tx.scan_index::<Snapshot>("id", &format!("{region}/{id}"), None, usize::MAX)?;
    for row in others {
        if may_read(cx, &row)? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn may_read(cx: &mut Cx, row: &Snapshot) -> Answer<bool> {
    let shared_with = shared_with(cx, row)?;
    let block = block_public_access::state(cx, &row.account, &row.region)?;
    Ok(sharing::may_read(cx.account(), &row.account, &shared_with, block))
}

/// Whom a snapshot is shared with.
pub fn shared_with(cx: &mut Cx, row: &Snapshot) -> Answer<BTreeSet<Grantee>> {
    let of_snapshot = format!("{}/{}", row.region, row.id);
    let shares = cx.tx.scan_index::<Share>("snapshot", &of_snapshot, None, usize::MAX)?;
    let grantee = |share: &Share| match share.with.as_str() {
        rows::EVERYBODY => Some(Grantee::Everyone),
        account => AccountId::parse(account).ok().map(Grantee::Account),
    };
    Ok(shares.iter().filter(|s| s.owner == row.account).filter_map(grantee).collect())
}

/// The caller's instance of that id.
pub fn instance(cx: &mut Cx, id: &str) -> Answer<Instance> {
    let key = format!("{}{id}", cx.tenant());
    Ok(cx.tx.get::<Instance>(&key)?.ok_or_else(|| instance::not_found(id))?)
}

/// Names a volume in this call's trail record, so that LookupEvents finds the call by it.
pub fn touch_volume(cx: &mut Cx, id: &str) {
    let account = cx.account().clone();
    cx.trail.touch(&account, "AWS::EC2::Volume", id);
}

/// Names a snapshot in this call's trail record.
pub fn touch_snapshot(cx: &mut Cx, id: &str) {
    let account = cx.account().clone();
    cx.trail.touch(&account, "AWS::EC2::Snapshot", id);
}

/// Names an instance in this call's trail record.
pub fn touch_instance(cx: &mut Cx, id: &str) {
    let account = cx.account().clone();
    cx.trail.touch(&account, "AWS::EC2::Instance", id);
}

/// Refuses what is not a volume id, in an action on one volume (recorded for DeleteVolume).
pub fn check_volume_id(id: &str) -> Result<(), Refusal> {
    check(id, Kind::Volume, "InvalidParameterValue", || {
        format!("Value ({id}) for parameter volumeId is invalid. Expected: 'vol-...'.")
    })
}

/// Refuses what is not a volume id, in a Describe action, whose error list has a code of its own for it.
pub fn check_described_volume_id(id: &str) -> Result<(), Refusal> {
    check(id, Kind::Volume, "InvalidVolumeID.Malformed", || {
        format!("Invalid id: \"{id}\" (expecting \"vol-...\")")
    })
}

/// Refuses what is not a snapshot id, in an action on one snapshot.
pub fn check_snapshot_id(id: &str) -> Result<(), Refusal> {
    check(id, Kind::Snapshot, "InvalidParameterValue", || {
        format!("Value ({id}) for parameter snapshotId is invalid. Expected: 'snap-...'.")
    })
}

/// Refuses what is not a snapshot id, in a Describe action, whose error list has a code of its own for it.
pub fn check_described_snapshot_id(id: &str) -> Result<(), Refusal> {
    check(id, Kind::Snapshot, "InvalidSnapshotID.Malformed", || {
        format!("Invalid id: \"{id}\" (expecting \"snap-...\")")
    })
}

/// Refuses what is not an instance id.
pub fn check_instance_id(id: &str) -> Result<(), Refusal> {
    check(id, Kind::Instance, "InvalidInstanceID.Malformed", || {
        format!("Invalid id: \"{id}\" (expecting \"i-...\")")
    })
}

fn check(id: &str, kind: Kind, code: &'static str, message: impl FnOnce() -> String) -> Result<(), Refusal> {
    match ResourceId::parse_kind(id, kind) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::new(code, message())),
    }
}
