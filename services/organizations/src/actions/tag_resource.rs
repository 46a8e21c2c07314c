//! TagResource: tags a root, an OU, an account or a policy.
//! Needs `organizations:TagResource`. Source: Organizations API Reference, TagResource.

use crate::actions::untag_resource::Tagged;
use crate::{organization, tags};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{TagResource as Op, TagResourceInput, TagResourceOutput};

pub struct TagResource;

impl Action for TagResource {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:TagResource";

    fn handle(cx: &mut Cx, input: TagResourceInput) -> Answer<TagResourceOutput> {
        let row = organization::managed(cx)?;
        let new = tags::read(Some(input.tags))?;
        let mut tagged = Tagged::find(cx, &row, &input.resource_id)?;
        let merged = tags::merged(tagged.tags(), new)?;
        tagged.set(cx, merged)?;
        Ok(TagResourceOutput::default())
    }
}
