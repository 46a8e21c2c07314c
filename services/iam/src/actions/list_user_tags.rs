//! ListUserTags: the tags of a user, by key.
//!
//! Source: IAM API Reference, ListUserTags.

use crate::paging::{self, Paging};
use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListUserTags as Op, ListUserTagsInput, ListUserTagsOutput};

pub struct ListUserTags;

impl Action for ListUserTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListUserTags";
    const KEYS: &'static [&'static str] = touches::TAGGED;

    fn check(input: &ListUserTagsInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListUserTagsInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: ListUserTagsInput) -> Answer<ListUserTagsOutput> {
        let row = find::user(cx, &input.user_name)?;
        let paging = Paging {
            action: "ListUserTags",
            of: &row.id,
            max_items: input.max_items,
            marker: input.marker.as_deref(),
        };
        let page = paging.list(cx, row.tags, |tag| tag.key.clone())?;
        Ok(ListUserTagsOutput {
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
        bench.ok("CreateUser", &[("UserName", "x")]);
        let name = ("UserName", "x");
        assert_eq!(bench.ok("ListUserTags", &[name]), "<Tags></Tags><IsTruncated>false</IsTruncated>");
        for key in ["c", "a", "b"] {
            bench.ok("TagUser", &[name, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")]);
        }
        let first = bench.ok("ListUserTags", &[name, ("MaxItems", "2")]);
        assert_eq!(elements(&first, "Key"), ["a", "b"]);
        let marker = element(&first, "Marker");
        let second = bench.ok("ListUserTags", &[name, ("Marker", &marker)]);
        assert_eq!(
            (elements(&second, "Key"), element(&second, "IsTruncated")),
            (vec!["c".into()], "false".into())
        );
        bench.refused(
            "ListUserTags",
            &[("UserName", "y")],
            "NoSuchEntity",
            "The user with name y cannot be found.",
        );
    }
}
