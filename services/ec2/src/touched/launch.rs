//! What RunInstances touches: the instances, a volume for each block device mapping with the snapshot that it comes from, the image, and
//! the network that every launch has (of which nothing exists here, so it is named by `*`). Each is asked about by itself, with the tags
//! that the request brings for just its kind. Launch templates do not exist here: no resource comes from one.
//! Source: EC2 User Guide, "Example policies: Launch instances (RunInstances)".

use super::{instance, tags, volume};
use crate::actions::run_instances::{INSTANCE_TYPE_DEFAULT, TAGGABLE};
use crate::{launching, profiles, tagging};
use api::{Answer, Cx, Touched};
use wire::generated::ec2::RunInstancesInput;

/// Everything that the launch touches.
pub fn of(cx: &mut Cx, input: &RunInstancesInput) -> Answer<Vec<Touched>> {
    let zone = launching::zone(cx, input).ok().and_then(|name| rules::places::zone_named(cx.region(), &name));
    let tags_of = |kind| tagging::from_specifications(input.tag_specifications.as_ref(), &TAGGABLE, kind);
    let at = format!("arn:aws:ec2:{}:{}", cx.region(), cx.account());

    let mut of_instance = super::named(cx, instance::arn(cx, "*"));
    let kind = input.instance_type.as_deref().filter(|name| !name.is_empty());
    instance::of_every(&mut of_instance.keys, kind.unwrap_or(INSTANCE_TYPE_DEFAULT));
    let profile = profiles::find(cx, input.iam_instance_profile.as_ref())?;
    of_instance.keys.set_some("ec2:InstanceProfile", profile.map(|profile| profile.arn()));
    tags::of_request(&mut of_instance.keys, &tags_of("instance")?);

    let mut of_network = super::named(cx, format!("{at}:network-interface/*"));
    tags::of_request(&mut of_network.keys, &tags_of("network-interface")?);

    let mut all = vec![of_instance];
    let volume_tags = tags_of("volume")?;
    let mut snapshots: Vec<Touched> = Vec::new();
    for wanted in launching::volumes(input)? {
        let new = volume::new(cx, &wanted, zone.as_ref(), &volume_tags)?;
        all.push(new.volume);
        let known = |s: &Touched| snapshots.iter().any(|known| known.arn == s.arn);
        snapshots.extend(new.snapshot.filter(|s| !known(s)));
    }
    all.append(&mut snapshots);
    all.push(image(cx, input.image_id.as_deref().unwrap_or_default()));
    all.push(of_network);
    all.push(super::named(cx, format!("{at}:security-group/*")));
    all.push(super::named(cx, format!("{at}:subnet/*")));
    for thing in &mut all {
        thing.keys.set("ec2:IsLaunchTemplateResource", "false");
        let placed =
            ["instance/", "network-interface/", "subnet/"].iter().any(|kind| thing.arn.contains(kind));
        if let Some(zone) = zone.as_ref().filter(|_| placed) {
            thing.keys.set("ec2:AvailabilityZone", zone.to_string());
            let region = rules::places::find(zone.region.as_str());
            thing.keys.set_some("ec2:AvailabilityZoneId", region.map(|r| r.zone_id(zone.letter)));
        }
    }
    Ok(all)
}

/// Images have no account in their ARN.
fn image(cx: &Cx, id: &str) -> Touched {
    let mut thing = super::named(cx, format!("arn:aws:ec2:{}::image/{id}", cx.region()));
    thing.keys.set("ec2:ImageID", id);
    thing
}
