//! Finding rows by the ids that callers send, with EC2's answers for ids that are malformed or name nothing.

use crate::rows::{FormerVolume, Instance, Volume};
use api::{Answer, Cx};
use base::{Kind, Refusal, ResourceId};
use rules::lifecycle::{instance, volume};

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
