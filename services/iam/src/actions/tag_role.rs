//! TagRole: writes tags on a role, over those with the same keys; 50 at most.
//!
//! Source: IAM API Reference, TagRole.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{TagRole as Op, TagRoleInput, TagRoleOutput};

pub struct TagRole;

impl Action for TagRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:TagRole";
    const KEYS: &'static [&'static str] = touches::TAGGING;

    fn check(input: &TagRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        tagging::check(Some(&input.tags))
    }

    fn touches(cx: &mut Cx, input: &TagRoleInput) -> Answer<Vec<Touched>> {
        let touched = touches::role(cx, &input.role_name)?;
        Ok(vec![touches::with_request_tags(touched, Some(&input.tags))])
    }

    fn handle(cx: &mut Cx, input: TagRoleInput) -> Answer<TagRoleOutput> {
        let mut row = find::role(cx, &input.role_name)?;
        tagging::add(&mut row.tags, &input.tags)?;
        cx.tx.put(&row)?;
        Ok(TagRoleOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn tags_are_written_over_those_with_the_same_key() {
        tags::written_over_those_with_the_same_key(Kind::Role);
    }

    #[test]
    fn bad_tags_and_missing_names_are_refused() {
        tags::bad_tags_and_missing_names_are_refused(Kind::Role);
    }
}
