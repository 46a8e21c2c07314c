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
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_come_in_pages_by_key() {
        tags::listed_in_pages_by_key(Kind::InstanceProfile);
    }
}
