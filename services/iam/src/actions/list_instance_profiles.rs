//! ListInstanceProfiles: the account's instance profiles under a path, by name; without tags.
//!
//! Source: IAM API Reference, ListInstanceProfiles.

use crate::paging::{self, Paging};
use crate::{names, profiles, touches};
use api::identity::InstanceProfile;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListInstanceProfiles as Op, ListInstanceProfilesInput, ListInstanceProfilesOutput,
};

pub struct ListInstanceProfiles;

impl Action for ListInstanceProfiles {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListInstanceProfiles";

    fn check(input: &ListInstanceProfilesInput) -> Result<(), Refusal> {
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListInstanceProfilesInput) -> Answer<Vec<Touched>> {
        Ok(touches::all_under(cx, "instance-profile", input.path_prefix.as_deref()))
    }

    fn handle(cx: &mut Cx, input: ListInstanceProfilesInput) -> Answer<ListInstanceProfilesOutput> {
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let paging = Paging {
            action: "ListInstanceProfiles",
            of: prefix,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.rows(cx, |profile: &InstanceProfile| profile.path.starts_with(prefix))?;
        let is_truncated = page.is_truncated();
        let shown = page.items.iter().map(|profile| profiles::listed(cx, profile)).collect::<Answer<_>>()?;
        Ok(ListInstanceProfilesOutput { is_truncated, instance_profiles: Some(shown), marker: page.marker })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn profiles_come_by_name_under_a_path_without_their_tags() {
        let bench = Bench::new();
        let empty = "<InstanceProfiles></InstanceProfiles><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListInstanceProfiles", &[]), empty);
        for (name, path) in [("b", "/x/"), ("A", "/"), ("c", "/x/")] {
            let tag = [("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
            let form = [&[("InstanceProfileName", name), ("Path", path)][..], &tag].concat();
            bench.ok("CreateInstanceProfile", &form);
        }
        let all = bench.ok("ListInstanceProfiles", &[]);
        assert_eq!(elements(&all, "InstanceProfileName"), ["A", "b", "c"]);
        assert!(!all.contains("<Tags>"), "{all}");
        let first = bench.ok("ListInstanceProfiles", &[("PathPrefix", "/x/"), ("MaxItems", "1")]);
        assert_eq!(elements(&first, "InstanceProfileName"), ["b"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListInstanceProfiles", &[("PathPrefix", "/x/"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "InstanceProfileName"), ["c"]);
    }
}
