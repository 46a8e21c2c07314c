//! Volumes as policies see them.

use super::tags;
use crate::making::{Foreseen, Wanted};
use crate::rows::{Volume, snapshot_arn, volume_arn};
use crate::shapes;
use api::{Answer, Cx, Touched};
use base::{Tag, Zone};
use rules::iam::Context;
use rules::volume_types::Shape;

/// The caller's volume of that id.
pub fn existing(cx: &mut Cx, id: &str) -> Answer<Touched> {
    let row = cx.tx.get::<Volume>(&format!("{}{id}", cx.tenant()))?;
    let mut thing = super::named(cx, volume_arn(cx.account(), cx.region(), id));
    if let Some(row) = row {
        of_row(&mut thing.keys, &row);
    }
    Ok(thing)
}

/// What a row tells.
pub fn of_row(keys: &mut Context, row: &Volume) {
    keys.set("ec2:AvailabilityZone", row.zone.as_str());
    keys.set_some("ec2:AvailabilityZoneId", shapes::zone_id(row));
    keys.set("ec2:Encrypted", row.encryption.is_some().to_string());
    keys.set("ec2:VolumeID", row.id.as_str());
    keys.set("ec2:VolumeSize", row.size_gib.to_string());
    keys.set("ec2:VolumeType", row.volume_type.as_str());
    keys.set_some("ec2:VolumeIops", row.iops.map(|n| n.to_string()));
    keys.set_some("ec2:VolumeThroughput", row.throughput.map(|n| n.to_string()));
    if let Some(source) = &row.source {
        keys.set("ec2:ParentSnapshot", snapshot_arn(&row.region, &source.snapshot));
        keys.set_some("ec2:VolumeInitializationRate", source.rate.map(|n| n.to_string()));
    }
    tags::of_resource(keys, &row.tags);
}

/// A volume that a request would make, `volume/*`, with the snapshot that it would be made from.
pub struct New {
    pub volume: Touched,
    pub snapshot: Option<Touched>,
}

/// What will come of the request, by the same decision that its handler makes. A request that will be refused has the keys that can be
/// told of it.
pub fn new(cx: &mut Cx, wanted: &Wanted, zone: Option<&Zone>, tags: &[Tag]) -> Answer<New> {
    let foreseen = wanted.foresee(cx)?;
    let mut volume = super::named(cx, volume_arn(cx.account(), cx.region(), "*"));
    let keys = &mut volume.keys;
    keys.set("ec2:Encrypted", foreseen.is_encrypted().to_string());
    shape(keys, wanted, &foreseen);
    keys.set_some("ec2:VolumeInitializationRate", wanted.rate.map(|n| n.to_string()));
    if let Some(zone) = zone {
        keys.set("ec2:AvailabilityZone", zone.to_string());
        keys.set_some(
            "ec2:AvailabilityZoneId",
            rules::places::find(zone.region.as_str()).map(|r| r.zone_id(zone.letter)),
        );
    }
    tags::of_request(keys, tags);
    let Some(id) = wanted.snapshot.filter(|s| !s.is_empty()) else {
        return Ok(New { volume, snapshot: None });
    };
    volume.keys.set("ec2:ParentSnapshot", snapshot_arn(cx.region(), id));
    let snapshot = super::snapshot::of_row(cx, id, foreseen.snapshot.as_ref());
    Ok(New { volume, snapshot: Some(snapshot) })
}

fn shape(keys: &mut Context, wanted: &Wanted, foreseen: &Foreseen) {
    let known = match &foreseen.shape {
        Ok(shape) => Ok(shape.clone()),
        // The size of a snapshot that the caller cannot see is not told; what the request says of itself is.
        Err(_) => wanted.shape_at_most(),
    };
    let Ok(Shape { volume_type, size_gib, iops, throughput, .. }) = known else { return };
    keys.set("ec2:VolumeType", volume_type);
    keys.set_some("ec2:VolumeIops", iops.map(|n| n.to_string()));
    keys.set_some("ec2:VolumeThroughput", throughput.map(|n| n.to_string()));
    if foreseen.shape.is_ok() || wanted.shape.size_gib.is_some() {
        keys.set("ec2:VolumeSize", size_gib.to_string());
    }
}
