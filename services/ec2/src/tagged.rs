//! Resources that carry tags, whatever their kind.

use crate::find;
use crate::rows::{Instance, Snapshot, Volume};
use api::{Answer, Cx};
use base::{Kind, Refusal, ResourceId, Tag};

/// Refuses an empty list and ids that name no kind of resource.
pub fn check_ids(ids: &[String]) -> Result<(), Refusal> {
    if ids.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter resourceIdSet"));
    }
    for id in ids {
        if ResourceId::parse(id).is_err() {
            return Err(Refusal::new("InvalidID", format!("The ID '{id}' is not valid")));
        }
    }
    Ok(())
}

/// ARNs of the resources, for authorisation.
pub fn arns(cx: &Cx, ids: &[String]) -> Vec<String> {
    let arn = |id: &String| {
        let kind = ResourceId::parse(id).map(|id| id.kind());
        // Snapshots and images have no account in their ARN.
        let account = match kind {
            Ok(Kind::Snapshot | Kind::Image) => "",
            _ => cx.account().as_str(),
        };
        let kind = kind.map_or("*", Kind::resource_type);
        format!("arn:aws:ec2:{}:{account}:{kind}/{id}", cx.region())
    };
    ids.iter().map(arn).collect()
}

/// Names the resource in this call's trail record.
pub fn touch(cx: &mut Cx, id: &str) {
    match ResourceId::parse(id).map(|id| id.kind()) {
        Ok(Kind::Instance) => find::touch_instance(cx, id),
        Ok(Kind::Volume) => find::touch_volume(cx, id),
        Ok(Kind::Snapshot) => find::touch_snapshot(cx, id),
        _ => {}
    }
}

/// Replaces a resource's tags by what `change` makes of them.
pub fn change(cx: &mut Cx, id: &str, change: impl Fn(&[Tag]) -> Result<Vec<Tag>, Refusal>) -> Answer<()> {
    match ResourceId::parse(id).map(|id| id.kind()) {
        Ok(Kind::Volume) => {
            let mut row: Volume = find::volume(cx, id)?;
            row.tags = change(&row.tags)?;
            cx.tx.put(&row)?;
        }
        Ok(Kind::Instance) => {
            let mut row: Instance = find::instance(cx, id)?;
            row.tags = change(&row.tags)?;
            cx.tx.put(&row)?;
        }
        Ok(Kind::Snapshot) => {
            let mut row: Snapshot = find::snapshot(cx, id)?;
            row.tags = change(&row.tags)?;
            cx.tx.put(&row)?;
        }
        Ok(Kind::Image) => {
            let message = format!("The image id '[{id}]' does not exist");
            return Err(Refusal::new("InvalidAMIID.NotFound", message).into());
        }
        Ok(Kind::Reservation) | Err(_) => {
            return Err(Refusal::new("InvalidID", format!("The ID '{id}' is not valid")).into());
        }
    }
    Ok(())
}
