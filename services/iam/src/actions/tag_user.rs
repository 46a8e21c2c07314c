//! TagUser: writes tags on a user, over those with the same keys; 50 at most.
//!
//! Source: IAM API Reference, TagUser.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{TagUser as Op, TagUserInput, TagUserOutput};

pub struct TagUser;

impl Action for TagUser {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:TagUser";
    const KEYS: &'static [&'static str] = touches::TAGGING;

    fn check(input: &TagUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        tagging::check(Some(&input.tags))
    }

    fn touches(cx: &mut Cx, input: &TagUserInput) -> Answer<Vec<Touched>> {
        let touched = touches::user(cx, &input.user_name)?;
        Ok(vec![touches::with_request_tags(touched, Some(&input.tags))])
    }

    fn handle(cx: &mut Cx, input: TagUserInput) -> Answer<TagUserOutput> {
        let mut row = find::user(cx, &input.user_name)?;
        tagging::add(&mut row.tags, &input.tags)?;
        cx.tx.put(&row)?;
        Ok(TagUserOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_are_written_over_those_with_the_same_key() {
        tags::written_over_those_with_the_same_key(Kind::User);
    }

    #[test]
    fn bad_tags_and_missing_names_are_refused() {
        tags::bad_tags_and_missing_names_are_refused(Kind::User);
    }
}
