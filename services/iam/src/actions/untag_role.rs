//! UntagRole: takes tags away from a role; keys that it does not have are passed over.
//!
//! Source: IAM API Reference, UntagRole.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UntagRole as Op, UntagRoleInput, UntagRoleOutput};

pub struct UntagRole;

impl Action for UntagRole {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UntagRole";
    const KEYS: &'static [&'static str] = touches::UNTAGGING;

    fn check(input: &UntagRoleInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        tagging::check_keys(&input.tag_keys)
    }

    fn touches(cx: &mut Cx, input: &UntagRoleInput) -> Answer<Vec<Touched>> {
        let touched = touches::role(cx, &input.role_name)?;
        Ok(vec![touches::with_tag_keys(touched, &input.tag_keys)])
    }

    fn handle(cx: &mut Cx, input: UntagRoleInput) -> Answer<UntagRoleOutput> {
        let mut row = find::role(cx, &input.role_name)?;
        tagging::remove(&mut row.tags, &input.tag_keys);
        cx.tx.put(&row)?;
        Ok(UntagRoleOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn named_tags_go_and_the_others_stay() {
        tags::named_ones_go_and_the_others_stay(Kind::Role);
    }
}
