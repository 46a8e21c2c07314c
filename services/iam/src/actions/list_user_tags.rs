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
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_come_in_pages_by_key() {
        tags::listed_in_pages_by_key(Kind::User);
    }
}
