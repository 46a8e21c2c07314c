//! Snapshots as policies see them. Their ARNs have no account; whose they are is `ec2:Owner`.

use super::tags;
use crate::find;
use crate::rows::{Snapshot, Volume, snapshot_arn, volume_arn};
use api::{Answer, Cx, Touched};
use base::{Region, Tag};
use rules::sharing::{Change, Grantee};

/// The snapshot of that id in the request's Region, if the caller may see it: also a shared or public one.
pub fn existing(cx: &mut Cx, id: &str) -> Answer<Touched> {
    let region = cx.region().clone();
    existing_in(cx, &region, id)
}

/// The same in any Region.
pub fn existing_in(cx: &mut Cx, region: &Region, id: &str) -> Answer<Touched> {
    let row = find::snapshot_in(cx, region, id)?;
    let mut thing = of_row(cx, id, row.as_ref());
    thing.arn = snapshot_arn(region, id);
    Ok(thing)
}

/// What a row tells; nothing without a row. Tags are the owner's: nobody else's policies see them.
pub fn of_row(cx: &Cx, id: &str, row: Option<&Snapshot>) -> Touched {
    let mut thing = super::named(cx, snapshot_arn(cx.region(), id));
    let Some(row) = row else { return thing };
    let keys = &mut thing.keys;
    keys.set("ec2:Encrypted", row.encryption.is_some().to_string());
    keys.set("ec2:Owner", row.account.as_str());
    keys.set("ec2:ParentVolume", volume_arn(&row.account, &row.region, &row.volume));
    keys.set("ec2:SnapshotID", row.id.as_str());
    keys.set("ec2:SnapshotTime", wire::time::iso_seconds(row.started));
    keys.set("ec2:VolumeSize", row.size_gib.to_string());
    if &row.account == cx.account() {
        tags::of_resource(keys, &row.tags);
    }
    thing
}

/// A new snapshot of a volume, `snapshot/*`. Whether it is encrypted is the volume's to tell, which is asked about too.
pub fn of_volume(cx: &mut Cx, volume: Option<&str>, new_tags: &[Tag]) -> Answer<Touched> {
    let mut thing = super::named(cx, snapshot_arn(cx.region(), "*"));
    if let Some(id) = volume {
        thing.keys.set("ec2:ParentVolume", volume_arn(cx.account(), cx.region(), id));
        let row = cx.tx.get::<Volume>(&format!("{}{id}", cx.tenant()))?;
        thing.keys.set_some("ec2:VolumeSize", row.map(|row| row.size_gib.to_string()));
    }
    tags::of_request(&mut thing.keys, new_tags);
    Ok(thing)
}

/// A copy, `snapshot/*` in the Region of the call, and its source. `encrypted`: what the copy will be.
pub fn copy(cx: &mut Cx, source: (&Region, &str), encrypted: bool, new_tags: &[Tag]) -> Answer<Vec<Touched>> {
    let (region, id) = source;
    let source = existing_in(cx, region, id)?;
    let mut copy = super::named(cx, snapshot_arn(cx.region(), "*"));
    copy.keys.set("ec2:Encrypted", encrypted.to_string());
    copy.keys.set("ec2:Owner", cx.account().as_str());
    copy.keys.set("ec2:ParentSnapshot", source.arn.clone());
    copy.keys.set_some("ec2:VolumeSize", source.keys.values("ec2:VolumeSize").first().cloned());
    tags::of_request(&mut copy.keys, new_tags);
    Ok(vec![copy, source])
}

/// ModifySnapshotAttribute: whom the request adds and removes.
pub fn shared(cx: &mut Cx, id: &str, change: &Change) -> Answer<Touched> {
    let mut thing = existing(cx, id)?;
    super::attributes(&mut thing.keys, &[("createVolumePermission", None)]);
    for (side, grantees) in [("Add", &change.add), ("Remove", &change.remove)] {
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        for grantee in grantees {
            match grantee {
                Grantee::Account(id) => users.push(id.to_string()),
                Grantee::Everyone => groups.push("all".to_owned()),
            }
        }
        super::set_each(&mut thing.keys, &format!("ec2:{side}/userId"), users);
        super::set_each(&mut thing.keys, &format!("ec2:{side}/group"), groups);
    }
    Ok(thing)
}
