//! Instances as policies see them.

use super::tags;
use crate::rows::Instance;
use api::{Answer, Cx, Touched};
use rules::iam::Context;

pub fn arn(cx: &Cx, id: &str) -> String {
    format!("arn:aws:ec2:{}:{}:instance/{id}", cx.region(), cx.account())
}

/// The caller's instance of that id.
pub fn existing(cx: &mut Cx, id: &str) -> Answer<Touched> {
    let row = cx.tx.get::<Instance>(&format!("{}{id}", cx.tenant()))?;
    let mut thing = super::named(cx, arn(cx, id));
    if let Some(row) = row {
        let keys = &mut thing.keys;
        of_every(keys, &row.instance_type);
        keys.set("ec2:InstanceID", row.id.as_str());
        keys.set("ec2:AvailabilityZone", row.zone.as_str());
        let zone = rules::places::zone_named(&row.region, &row.zone);
        let region = rules::places::find(row.region.as_str());
        keys.set_some("ec2:AvailabilityZoneId", zone.zip(region).map(|(z, r)| r.zone_id(z.letter)));
        keys.set_some("ec2:InstanceProfile", row.profile.as_ref().map(|profile| profile.arn.clone()));
        tags::of_resource(keys, &row.tags);
    }
    Ok(thing)
}

/// What is the same for every instance here, and its type.
pub fn of_every(keys: &mut Context, instance_type: &str) {
    keys.set("ec2:InstanceType", instance_type);
    keys.set("ec2:RootDeviceType", "ebs");
    keys.set("ec2:Tenancy", "default");
    keys.set("ec2:EbsOptimized", "false");
}
