//! CreateTags: adds or overwrites tags on volumes, snapshots and instances; all of the named resources, or none. Needs `ec2:CreateTags`
//! on each. Source: EC2 API Reference, CreateTags; limits in `rules::tags`.

use crate::{shapes, tagged, touched};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::ec2::{CreateTags as Op, CreateTagsInput, CreateTagsOutput};

pub struct CreateTags;

impl Action for CreateTags {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:CreateTags";
    const KEYS: &'static [&'static str] = touched::keys::TAGGED;

    fn check(input: &CreateTagsInput) -> Result<(), Refusal> {
        tagged::check_ids(&input.resources)?;
        rules::tags::check(&shapes::read_tags(Some(&input.tags)))
    }

    fn touches(cx: &mut Cx, input: &CreateTagsInput) -> Answer<Vec<Touched>> {
        let new = shapes::read_tags(Some(&input.tags));
        touched::tags::existing(cx, &input.resources, |keys| touched::tags::of_request(keys, &new))
    }

    fn handle(cx: &mut Cx, input: CreateTagsInput) -> Answer<CreateTagsOutput> {
        let new = shapes::read_tags(Some(&input.tags));
        for id in &input.resources {
            tagged::touch(cx, id);
            tagged::change(cx, id, |tags| rules::tags::merged(tags, &new))?;
        }
        Ok(CreateTagsOutput::default())
    }
}

#[cfg(test)]
#[path = "create_tags_tests.rs"]
mod tests;
