//! DescribeAvailabilityZones: the zones of the request's Region. Needs `ec2:DescribeAvailabilityZones`.
//! Source: EC2 API Reference, DescribeAvailabilityZones.

use crate::actions::describe_regions::opt_in_status;
use crate::{filters, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Fault, Refusal, Zone};
use rules::places::{self, RegionFacts};
use wire::generated::ec2::{
    AvailabilityZone, DescribeAvailabilityZones as Op, DescribeAvailabilityZonesInput,
    DescribeAvailabilityZonesOutput,
};

const FILTERS: &[&str] = &[
    "group-long-name",
    "group-name",
    "message",
    "opt-in-status",
    "parent-zone-id",
    "parent-zone-name",
    "region-name",
    "state",
    "zone-id",
    "zone-name",
    "zone-type",
];

pub struct DescribeAvailabilityZones;

impl Action for DescribeAvailabilityZones {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeAvailabilityZones";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeAvailabilityZonesInput) -> Result<(), Refusal> {
        filters::read(input.filters.as_ref(), FILTERS).map(drop)
    }

    fn touches(cx: &mut Cx, _input: &DescribeAvailabilityZonesInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(cx: &mut Cx, input: DescribeAvailabilityZonesInput) -> Answer<DescribeAvailabilityZonesOutput> {
        let region = cx.region().clone();
        let facts =
            places::find(region.as_str()).ok_or_else(|| Fault::new("the request's Region is unknown"))?;
        let mut chosen: Vec<char> = Vec::new();
        for name in input.zone_names.iter().flatten() {
            chosen.push(letter(places::zone_named(&region, name), name)?);
        }
        for id in input.zone_ids.iter().flatten() {
            chosen.push(letter(places::zone_with_id(&region, id), id)?);
        }
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let zones = facts
            .letters()
            .filter(|l| chosen.is_empty() || chosen.contains(l))
            .filter(|l| filters::pass(&wanted, &[], |name| texts(facts, *l, name)))
            .map(|l| zone(facts, l));
        Ok(DescribeAvailabilityZonesOutput { availability_zones: Some(zones.collect()) })
    }
}

fn letter(zone: Option<Zone>, given: &str) -> Result<char, Refusal> {
    zone.map(|z| z.letter)
        .ok_or_else(|| Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{given}]")))
}

fn zone(facts: &RegionFacts, letter: char) -> AvailabilityZone {
    AvailabilityZone {
        zone_name: Some(format!("{}{letter}", facts.name)),
        zone_id: Some(facts.zone_id(letter)),
        state: Some("available".into()),
        region_name: Some(facts.name.to_owned()),
        zone_type: Some("availability-zone".into()),
        group_name: Some(format!("{}-zg-1", facts.name)),
        network_border_group: Some(facts.name.to_owned()),
        opt_in_status: Some(opt_in_status(facts).to_owned()),
        messages: Some(Vec::new()),
        ..Default::default()
    }
}

fn texts(facts: &RegionFacts, letter: char, name: &str) -> Vec<String> {
    let zone = zone(facts, letter);
    let text = match name {
        "group-name" => zone.group_name,
        "opt-in-status" => zone.opt_in_status,
        "region-name" => zone.region_name,
        "state" => zone.state,
        "zone-id" => zone.zone_id,
        "zone-name" => zone.zone_name,
        "zone-type" => zone.zone_type,
        _ => None,
    };
    text.into_iter().collect()
}

#[cfg(test)]
#[path = "describe_availability_zones_tests.rs"]
mod tests;
