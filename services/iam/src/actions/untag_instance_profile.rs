//! UntagInstanceProfile: takes tags away from an instance profile; keys that it does not have are passed over.
//!
//! Source: IAM API Reference, UntagInstanceProfile.

use crate::{find, names, tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    UntagInstanceProfile as Op, UntagInstanceProfileInput, UntagInstanceProfileOutput,
};

pub struct UntagInstanceProfile;

impl Action for UntagInstanceProfile {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:UntagInstanceProfile";
    const KEYS: &'static [&'static str] = touches::UNTAGGING;

    fn check(input: &UntagInstanceProfileInput) -> Result<(), Refusal> {
        names::other("instanceProfileName", &input.instance_profile_name)?;
        tagging::check_keys(&input.tag_keys)
    }

    fn touches(cx: &mut Cx, input: &UntagInstanceProfileInput) -> Answer<Vec<Touched>> {
        let touched = touches::instance_profile(cx, &input.instance_profile_name)?;
        Ok(vec![touches::with_tag_keys(touched, &input.tag_keys)])
    }

    fn handle(cx: &mut Cx, input: UntagInstanceProfileInput) -> Answer<UntagInstanceProfileOutput> {
        let mut row = find::instance_profile(cx, &input.instance_profile_name)?;
        tagging::remove(&mut row.tags, &input.tag_keys);
        cx.tx.put(&row)?;
        Ok(UntagInstanceProfileOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::laws::{Kind, tags};

    #[test]
    fn named_tags_go_and_the_others_stay() {
        tags::named_ones_go_and_the_others_stay(Kind::InstanceProfile);
    }
}
