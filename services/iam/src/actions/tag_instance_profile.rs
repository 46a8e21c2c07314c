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
    use crate::testing::Bench;

    const NAME: (&str, &str) = ("InstanceProfileName", "x");

    #[test]
    fn tags_are_written_over_those_with_the_same_key() {
        let bench = Bench::new();
        bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "x")]);
        let tag = |k, v| {
            bench.ok("TagInstanceProfile", &[NAME, ("Tags.member.1.Key", k), ("Tags.member.1.Value", v)])
        };
        assert_eq!(tag("b", "1"), "");
        tag("a", "2");
        tag("B", "3");
        assert_eq!(
            bench.ok("ListInstanceProfileTags", &[NAME]),
            "<Tags><member><Key>B</Key><Value>3</Value></member><member><Key>a</Key><Value>2</Value></member></Tags>\
             <IsTruncated>false</IsTruncated>"
        );
    }

    #[test]
    fn bad_tags_and_missing_names_are_refused() {
        let bench = Bench::new();
        bench.ok("CreateInstanceProfile", &[("InstanceProfileName", "x")]);
        let form = [NAME, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "v")];
        let message = "Caller is an end user and not allowed to mutate system tags";
        bench.refused("TagInstanceProfile", &form, "InvalidInput", message);
        let form = [("InstanceProfileName", "y"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        bench.refused("TagInstanceProfile", &form, "NoSuchEntity", "Instance Profile y cannot be found.");
        let keys: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Key", i + 1)).collect();
        let values: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Value", i + 1)).collect();
        let texts: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        let mut form = vec![NAME];
        for i in 0..50 {
            form.push((&keys[i], &texts[i]));
            form.push((&values[i], "v"));
        }
        bench.ok("TagInstanceProfile", &form);
        let form = [NAME, ("Tags.member.1.Key", "more"), ("Tags.member.1.Value", "v")];
        bench.refused(
            "TagInstanceProfile",
            &form,
            "LimitExceeded",
            "Cannot exceed quota for TagsPerResource: 50",
        );
    }
}
