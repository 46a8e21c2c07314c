//! Regions and their zones. One server serves every Region as a partition of its state, so all of them are enabled; the
//! Regions that an AWS account must opt into read `opted-in`. Source: AWS's Region and zone tables; zone ids follow the
//! letters here (AWS shuffles them per account).

use base::{Region, Zone};

/// One Region: name, the prefix of its zone ids, how many zones, and whether AWS wants an opt-in for it.
#[derive(Clone, Copy, Debug)]
pub struct RegionFacts {
    pub name: &'static str,
    pub zone_id_prefix: &'static str,
    pub zones: u8,
    pub opt_in: bool,
}

const fn region(name: &'static str, zone_id_prefix: &'static str, zones: u8, opt_in: bool) -> RegionFacts {
    RegionFacts { name, zone_id_prefix, zones, opt_in }
}

/// Every Region that we serve.
pub static REGIONS: [RegionFacts; 34] = [
    region("af-south-1", "afs1", 3, true),
    region("ap-east-1", "ape1", 3, true),
    region("ap-east-2", "ape2", 3, true),
    region("ap-northeast-1", "apne1", 3, false),
    region("ap-northeast-2", "apne2", 4, false),
    region("ap-northeast-3", "apne3", 3, false),
    region("ap-south-1", "aps1", 3, false),
    region("ap-south-2", "aps2", 3, true),
    region("ap-southeast-1", "apse1", 3, false),
    region("ap-southeast-2", "apse2", 3, false),
    region("ap-southeast-3", "apse3", 3, true),
    region("ap-southeast-4", "apse4", 3, true),
    region("ap-southeast-5", "apse5", 3, true),
    region("ap-southeast-6", "apse6", 3, true),
    region("ap-southeast-7", "apse7", 3, true),
    region("ca-central-1", "cac1", 3, false),
    region("ca-west-1", "caw1", 3, true),
    region("eu-central-1", "euc1", 3, false),
    region("eu-central-2", "euc2", 3, true),
    region("eu-north-1", "eun1", 3, false),
    region("eu-south-1", "eus1", 3, true),
    region("eu-south-2", "eus2", 3, true),
    region("eu-west-1", "euw1", 3, false),
    region("eu-west-2", "euw2", 3, false),
    region("eu-west-3", "euw3", 3, false),
    region("il-central-1", "ilc1", 3, true),
    region("me-central-1", "mec1", 3, true),
    region("me-south-1", "mes1", 3, true),
    region("mx-central-1", "mxc1", 3, true),
    region("sa-east-1", "sae1", 3, false),
    region("us-east-1", "use1", 6, false),
    region("us-east-2", "use2", 3, false),
    region("us-west-1", "usw1", 2, false),
    region("us-west-2", "usw2", 4, false),
];

/// The Region of that name, if we serve it.
pub fn find(name: &str) -> Option<&'static RegionFacts> {
    REGIONS.iter().find(|r| r.name == name)
}

impl RegionFacts {
    /// The letters of its zones, `a` first.
    pub fn letters(&self) -> impl Iterator<Item = char> + use<> {
        (b'a'..b'a' + self.zones).map(char::from)
    }

    /// The id of a zone: `use1-az1` for `us-east-1a`.
    pub fn zone_id(&self, letter: char) -> String {
        format!("{}-az{}", self.zone_id_prefix, (letter as u32).saturating_sub('a' as u32) + 1)
    }
}

/// The zone of that name in this Region.
pub fn zone_named(region: &Region, name: &str) -> Option<Zone> {
    let facts = find(region.as_str())?;
    let letter = facts.letters().find(|l| format!("{}{l}", facts.name) == name)?;
    Some(Zone { region: region.clone(), letter })
}

/// The zone of that id in this Region.
pub fn zone_with_id(region: &Region, id: &str) -> Option<Zone> {
    let facts = find(region.as_str())?;
    let letter = facts.letters().find(|l| facts.zone_id(*l) == id)?;
    Some(Zone { region: region.clone(), letter })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name_and_by_id_in_their_own_region_only() {
        let here = Region::parse("us-east-1").unwrap();
        assert_eq!(zone_named(&here, "us-east-1f").unwrap().to_string(), "us-east-1f");
        assert_eq!(zone_with_id(&here, "use1-az2").unwrap().letter, 'b');
        for bad in ["us-east-1g", "us-east-1", "us-west-2a", "", "us-east-1A"] {
            assert!(zone_named(&here, bad).is_none(), "{bad}");
        }
        assert!(zone_with_id(&here, "use1-az7").is_none());
        assert!(REGIONS.iter().all(|r| Region::parse(r.name).is_ok()));
        assert!(REGIONS.is_sorted_by_key(|r| r.name));
    }
}
