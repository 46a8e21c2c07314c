//! ListTagsForResource: the tags of a root, an OU, an account or a policy.
//! Needs `organizations:ListTagsForResource`. Source: Organizations API Reference, ListTagsForResource.

use crate::actions::untag_resource::Tagged;
use crate::{organization, tags};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{
    ListTagsForResource as Op, ListTagsForResourceInput, ListTagsForResourceOutput,
};

pub struct ListTagsForResource;

impl Action for ListTagsForResource {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListTagsForResource";

    fn handle(cx: &mut Cx, input: ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
        let row = organization::managed(cx)?;
        let tagged = Tagged::find(cx, &row, &input.resource_id)?;
        Ok(ListTagsForResourceOutput { tags: Some(tags::shape(tagged.tags())), next_token: None })
    }
}
