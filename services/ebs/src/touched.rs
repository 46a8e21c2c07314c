//! What the actions touch: one snapshot each (ListChangedBlocks: two), and what policies may ask about it. The service has few condition
//! keys: what a new snapshot will be (description, parent, size, tags), and the tags of an existing one. There is no `ec2:Encrypted`
//! here, as in AWS: who must not write unencrypted snapshots needs encryption by default, under which StartSnapshot refuses them.
//! Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon Elastic Block Store".

use crate::find;
use api::{Answer, Cx, Touched};
use base::Tag;
use wire::generated::ebs::StartSnapshotInput;

/// Keys of a new snapshot.
pub const NEW: &[&str] =
    &["aws:RequestTag/", "aws:TagKeys", "ebs:Description", "ebs:ParentSnapshot", "ebs:VolumeSize"];

/// Keys of a snapshot that exists.
pub const EXISTING: &[&str] = &["aws:ResourceTag/"];

/// The snapshot that StartSnapshot would make. Its parent is a key of it and no resource of its own.
pub fn new(cx: &Cx, input: &StartSnapshotInput, tags: &[Tag]) -> Touched {
    let mut thing = Touched::plain(find::arn(cx, "*"));
    let keys = &mut thing.keys;
    keys.set_some("ebs:Description", input.description.clone().filter(|text| !text.is_empty()));
    keys.set_some("ebs:ParentSnapshot", input.parent_snapshot_id.clone());
    keys.set("ebs:VolumeSize", input.volume_size.to_string());
    for tag in tags {
        keys.set(&format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    if !tags.is_empty() {
        keys.set_all("aws:TagKeys", tags.iter().map(|tag| tag.key.clone()));
    }
    thing
}

/// The snapshot of that id. Tags are the owner's: nobody else's policies see them.
pub fn existing(cx: &mut Cx, id: &str) -> Answer<Touched> {
    let mut thing = Touched::plain(find::arn(cx, id));
    let region = cx.region().clone();
    if let Some(row) = ec2::snapshot_in(cx, &region, id)?.filter(|row| &row.account == cx.account()) {
        for tag in &row.tags {
            thing.keys.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.clone());
        }
    }
    Ok(thing)
}
