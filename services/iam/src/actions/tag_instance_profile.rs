//! TagInstanceProfile: writes tags on an instance profile, over those with the same keys; 50 at most.
//!
//! Source: IAM API Reference, TagInstanceProfile.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{TagInstanceProfile as Op, TagInstanceProfileInput, TagInstanceProfileOutput};

pub struct TagInstanceProfile;

impl Action for TagInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:TagInstanceProfile";
    const KEYS: &'static [&'static str] = touches::TAGGING;

    fn check(input: &TagInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        tagging::check(Some(&input.tags))
    }

    fn touches(cx: &mut Cx, input: &TagInstanceProfileInput) -> Answer<Vec<Touched>> {
        let touched = touches::instance_profile(cx, &input.instance_profile_name)?;
        Ok(vec![touches::with_request_tags(touched, Some(&input.tags))])
    }

    fn handle(cx: &mut Cx, input: TagInstanceProfileInput) -> Answer<TagInstanceProfileOutput> {
        let mut row = find::instance_profile(cx, &input.instance_profile_name)?;
        tagging::add(&mut row.tags, &input.tags)?;
        cx.tx.put(&row)?;
        Ok(TagInstanceProfileOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_are_written_over_those_with_the_same_key() {
        tags::written_over_those_with_the_same_key(Kind::InstanceProfile);
    }

    #[test]
    fn bad_tags_and_missing_names_are_refused() {
        tags::bad_tags_and_missing_names_are_refused(Kind::InstanceProfile);
    }
}
