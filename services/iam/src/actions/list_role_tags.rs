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
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_come_in_pages_by_key() {
        tags::listed_in_pages_by_key(Kind::Role);
    }
}
