//! DeleteTags: removes tags by key; a tag given with a value goes only if the value is the same; no tags given removes all of
//! the user's tags. Tags that are not there are no error. Needs `ec2:DeleteTags`. Source: EC2 API Reference, DeleteTags.

use crate::{tagged, touched};
use api::{Action, Answer, Cx, Touched};
use base::{Refusal, Tag};
use wire::generated::ec2::{DeleteTags as Op, DeleteTagsInput, DeleteTagsOutput, Tag as WireTag};

pub struct DeleteTags;

impl Action for DeleteTags {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "ec2:DeleteTags";
    const KEYS: &'static [&'static str] = touched::keys::TAGGED;

    fn check(input: &DeleteTagsInput) -> Result<(), Refusal> {
        tagged::check_ids(&input.resources)
    }

    fn touches(cx: &mut Cx, input: &DeleteTagsInput) -> Answer<Vec<Touched>> {
        let doomed: Vec<&WireTag> = input.tags.iter().flatten().collect();
        touched::tags::existing(cx, &input.resources, |keys| {
            for tag in &doomed {
                let name = format!("aws:RequestTag/{}", tag.key.as_deref().unwrap_or_default());
                keys.set_some(&name, tag.value.clone());
            }
            touched::tags::of_request_keys(keys, doomed.iter().filter_map(|tag| tag.key.clone()));
        })
    }

    fn handle(cx: &mut Cx, input: DeleteTagsInput) -> Answer<DeleteTagsOutput> {
        let doomed = input.tags.unwrap_or_default();
        for id in &input.resources {
            tagged::touch(cx, id);
            tagged::change(cx, id, |tags| {
                Ok(tags.iter().filter(|t| !doomed.is_empty() && !names(&doomed, t)).cloned().collect())
            })?;
        }
        Ok(DeleteTagsOutput::default())
    }
}

/// Is the tag among those to remove? Key alone, or key and the same value.
fn names(doomed: &[WireTag], tag: &Tag) -> bool {
    doomed.iter().any(|d| {
        d.key.as_deref() == Some(tag.key.as_str()) && d.value.as_deref().is_none_or(|v| v == tag.value)
    })
}

#[cfg(test)]
#[path = "delete_tags_tests.rs"]
mod tests;
