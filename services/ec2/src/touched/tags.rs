//! Tags as condition keys: those that a resource has, those that a request brings, and the second permission that tagging at creation
//! needs. Sources: EC2 User Guide, "Grant permission to tag resources during creation"; IAM User Guide, `aws:RequestTag`, `aws:TagKeys`.

use crate::{find, tagged, touched};
use api::{Answer, Cx, Touched};
use base::{Kind, ResourceId, Tag};
use rules::iam::Context;

/// `aws:ResourceTag/k` and `ec2:ResourceTag/k` for each tag that the resource has.
pub fn of_resource(keys: &mut Context, tags: &[Tag]) {
    for tag in tags {
        keys.set(&format!("aws:ResourceTag/{}", tag.key), tag.value.clone());
        keys.set(&format!("ec2:ResourceTag/{}", tag.key), tag.value.clone());
    }
}

/// `aws:RequestTag/k` for each tag that the request brings, and `aws:TagKeys`. Nothing if it brings none.
pub fn of_request(keys: &mut Context, tags: &[Tag]) {
    for tag in tags {
        keys.set(&format!("aws:RequestTag/{}", tag.key), tag.value.clone());
    }
    of_request_keys(keys, tags.iter().map(|tag| tag.key.clone()));
}

/// `aws:TagKeys` alone: DeleteTags may name tags without their values.
pub fn of_request_keys(keys: &mut Context, tag_keys: impl Iterator<Item = String>) {
    let mut tag_keys = tag_keys.peekable();
    if tag_keys.peek().is_some() {
        keys.set_all("aws:TagKeys", tag_keys);
    }
}

/// Who makes a resource with tags must be allowed to tag it: `ec2:CreateTags` on what is made, with `ec2:CreateAction` naming the
/// action. `made` has the request's tags in its keys already; without tags nothing is asked.
pub fn may_tag(cx: &mut Cx, create_action: &str, made: &[Touched]) -> Answer<()> {
    let tagged: Vec<Touched> = made
        .iter()
        .filter(|thing| thing.arn.ends_with("/*") && !thing.keys.values("aws:TagKeys").is_empty())
        .map(|thing| {
            let mut keys = thing.keys.clone();
            keys.set("ec2:CreateAction", create_action);
            Touched { arn: thing.arn.clone(), keys }
        })
        .collect();
    cx.authorise("ec2:CreateTags", &tagged)
}

/// The resources that CreateTags and DeleteTags name, each with what it is and the tags of the request.
pub fn existing(cx: &mut Cx, ids: &[String], add: impl Fn(&mut Context)) -> Answer<Vec<Touched>> {
    let mut all = Vec::new();
    for (id, arn) in ids.iter().zip(tagged::arns(cx, ids)) {
        let mut thing = match ResourceId::parse(id).map(|id| id.kind()) {
            Ok(Kind::Volume) => touched::volume::existing(cx, id)?,
            Ok(Kind::Instance) => touched::instance::existing(cx, id)?,
            Ok(Kind::Snapshot) => {
                // Tags of a shared snapshot are its owner's alone.
                let own = find::own_snapshot(cx, id)?;
                touched::snapshot::of_row(cx, id, own.as_ref())
            }
            _ => touched::named(cx, arn),
        };
        add(&mut thing.keys);
        all.push(thing);
    }
    Ok(all)
}
