//! ListInstanceProfileTags: the tags of an instance profile, by key.
//!
//! Source: IAM API Reference, ListInstanceProfileTags.

use crate::paging::{self, Paging};
use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListInstanceProfileTags as Op, ListInstanceProfileTagsInput, ListInstanceProfileTagsOutput,
};

pub struct ListInstanceProfileTags;

impl Action for ListInstanceProfileTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListInstanceProfileTags";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListInstanceProfileTagsInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListInstanceProfileTagsInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::instance_profile(cx, &input.instance_profile_name)?])
    }

    fn handle(cx: &mut Cx, input: ListInstanceProfileTagsInput) -> Answer<ListInstanceProfileTagsOutput> {
        let row = find::instance_profile(cx, &input.instance_profile_name)?;
        let paging = Paging {
            action: "ListInstanceProfileTags",
            of: &row.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, row.tags, |tag| tag.key.clone())?;
        Ok(ListInstanceProfileTagsOutput {
            is_truncated: page.is_truncated(),
            tags: Some(tagging::shape(&page.items)),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, element, elements};

    #[test]
    fn tags_come_in_pages_by_key() {
        let bench = Bench::new();
        bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "x")]);
        let name = ("InstanceProfileName", "x");
        assert_eq!(
            bench.ok("ListInstanceProfileTags", &[name]),
            "<Tags></Tags><IsTruncated>false</IsTruncated>"
        );
        for key in ["c", "a", "b"] {
            bench.ok("TagInstanceProfile", &[name, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")]);
        }
        let first = bench.ok("ListInstanceProfileTags", &[name, ("MaxItems", "2")]);
        assert_eq!(elements(&first, "Key"), ["a", "b"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListInstanceProfileTags", &[name, ("Marker", &marker)]);
        assert_eq!(
            (elements(&second, "Key"), element(&second, "IsTruncated")),
            (vec!["c".into()], "false".into())
        );
        bench.refused(
            "ListInstanceProfileTags",
            &[("InstanceProfileName", "y")],
            "NoSuchEntity",
            "Instance Profile y cannot be found.",
        );
    }
}
