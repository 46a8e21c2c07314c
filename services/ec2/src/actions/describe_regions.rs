//! DescribeRegions: one server serves every Region; those that AWS accounts must opt into read `opted-in`. Needs
//! `ec2:DescribeRegions`. Source: EC2 API Reference, DescribeRegions.

use crate::{filters, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use rules::places::{REGIONS, RegionFacts, find};
use wire::generated::ec2::{DescribeRegions as Op, DescribeRegionsInput, DescribeRegionsOutput, Region};

const FILTERS: &[&str] = &["endpoint", "opt-in-status", "region-name"];

pub struct DescribeRegions;

impl Action for DescribeRegions {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "ec2:DescribeRegions";
    const KEYS: &'static [&'static str] = touched::keys::ANY;

    fn check(input: &DescribeRegionsInput) -> Result<(), Refusal> {
        filters::read(input.filters.as_ref(), FILTERS)?;
        for name in input.region_names.iter().flatten() {
            if find(name).is_none() {
                return Err(Refusal::new(
                    "InvalidParameterValue",
                    format!("Invalid region provided: {name}"),
                ));
            }
        }
        Ok(())
    }

    fn touches(cx: &mut Cx, _input: &DescribeRegionsInput) -> Answer<Vec<Touched>> {
        Ok(touched::anything(cx))
    }

    fn handle(_cx: &mut Cx, input: DescribeRegionsInput) -> Answer<DescribeRegionsOutput> {
        let wanted = filters::read(input.filters.as_ref(), FILTERS)?;
        let names = input.region_names.unwrap_or_default();
        let shown = REGIONS
            .iter()
            .filter(|r| names.is_empty() || names.iter().any(|n| n == r.name))
            .filter(|r| filters::pass(&wanted, &[], |name| texts(r, name)))
            .map(|r| Region {
                region_name: Some(r.name.to_owned()),
                endpoint: Some(endpoint(r)),
                opt_in_status: Some(opt_in_status(r).to_owned()),
                ..Default::default()
            });
        Ok(DescribeRegionsOutput { regions: Some(shown.collect()) })
    }
}

fn endpoint(region: &RegionFacts) -> String {
    format!("ec2.{}.amazonaws.com", region.name)
}

/// The Region's standing for this account.
pub(crate) fn opt_in_status(region: &RegionFacts) -> &'static str {
    if region.opt_in { "opted-in" } else { "opt-in-not-required" }
}

fn texts(region: &RegionFacts, name: &str) -> Vec<String> {
    vec![match name {
        "endpoint" => endpoint(region),
        "opt-in-status" => opt_in_status(region).to_owned(),
        "region-name" => region.name.to_owned(),
        _ => return vec![],
    }]
}

#[cfg(test)]
#[path = "describe_regions_tests.rs"]
mod tests;
