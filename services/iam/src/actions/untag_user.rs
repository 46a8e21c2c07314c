//! UntagUser: takes tags away from a user; keys that it does not have are passed over.
//!
//! Source: IAM API Reference, UntagUser.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{UntagUser as Op, UntagUserInput, UntagUserOutput};

pub struct UntagUser;

impl Action for UntagUser {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UntagUser";
    const KEYS: &'static [&'static str] = touches::UNTAGGING;

    fn check(input: &UntagUserInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        tagging::check_keys(&input.tag_keys)
    }

    fn touches(cx: &mut Cx, input: &UntagUserInput) -> Answer<Vec<Touched>> {
        let touched = touches::user(cx, &input.user_name)?;
        Ok(vec![touches::with_tag_keys(touched, &input.tag_keys)])
    }

    fn handle(cx: &mut Cx, input: UntagUserInput) -> Answer<UntagUserOutput> {
        let mut row = find::user(cx, &input.user_name)?;
        tagging::remove(&mut row.tags, &input.tag_keys);
        cx.tx.put(&row)?;
        Ok(UntagUserOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn named_tags_go_and_the_others_stay() {
        tags::named_ones_go_and_the_others_stay(Kind::User);
    }
}
