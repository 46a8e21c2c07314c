//! ListRoleTags: the tags of a role, by key.
//!
//! Source: IAM API Reference, ListRoleTags.

use crate::paging::{self, Paging};
use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListRoleTags as Op, ListRoleTagsInput, ListRoleTagsOutput};

pub struct ListRoleTags;

impl Action for ListRoleTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListRoleTags";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListRoleTagsInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListRoleTagsInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: ListRoleTagsInput) -> Answer<ListRoleTagsOutput> {
        let row = find::role(cx, &input.role_name)?;
        let paging = Paging {
            action: "ListRoleTags",
            of: &row.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, row.tags, |tag| tag.key.clone())?;
        Ok(ListRoleTagsOutput {
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
        bench.ok("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", crate::testing::EC2_TRUST)]);
        let name = ("RoleName", "x");
        assert_eq!(bench.ok("ListRoleTags", &[name]), "<Tags></Tags><IsTruncated>false</IsTruncated>");
        for key in ["c", "a", "b"] {
            bench.ok("TagRole", &[name, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")]);
        }
        let first = bench.ok("ListRoleTags", &[name, ("MaxItems", "2")]);
        assert_eq!(elements(&first, "Key"), ["a", "b"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListRoleTags", &[name, ("Marker", &marker)]);
        assert_eq!(
            (elements(&second, "Key"), element(&second, "IsTruncated")),
            (vec!["c".into()], "false".into())
        );
        bench.refused(
            "ListRoleTags",
            &[("RoleName", "y")],
            "NoSuchEntity",
            "The role with name y cannot be found.",
        );
    }
}
