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
    use crate::testing::Bench;

    const NAME: (&str, &str) = ("RoleName", "x");

    #[test]
    fn tags_are_written_over_those_with_the_same_key() {
        let bench = Bench::new();
        bench.ok("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", crate::testing::EC2_TRUST)]);
        let tag = |k, v| bench.ok("TagRole", &[NAME, ("Tags.member.1.Key", k), ("Tags.member.1.Value", v)]);
        assert_eq!(tag("b", "1"), "");
        tag("a", "2");
        tag("B", "3");
        assert_eq!(
            bench.ok("ListRoleTags", &[NAME]),
            "<Tags><member><Key>B</Key><Value>3</Value></member><member><Key>a</Key><Value>2</Value></member></Tags>\
             <IsTruncated>false</IsTruncated>"
        );
    }

    #[test]
    fn bad_tags_and_missing_names_are_refused() {
        let bench = Bench::new();
        bench.ok("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", crate::testing::EC2_TRUST)]);
        let form = [NAME, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "v")];
        let message = "Caller is an end user and not allowed to mutate system tags";
        bench.refused("TagRole", &form, "InvalidInput", message);
        let form = [("RoleName", "y"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")];
        bench.refused("TagRole", &form, "NoSuchEntity", "The role with name y cannot be found.");
        let keys: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Key", i + 1)).collect();
        let values: Vec<String> = (0..50).map(|i| format!("Tags.member.{}.Value", i + 1)).collect();
        let texts: Vec<String> = (0..50).map(|i| i.to_string()).collect();
        let mut form = vec![NAME];
        for i in 0..50 {
            form.push((&keys[i], &texts[i]));
            form.push((&values[i], "v"));
        }
        bench.ok("TagRole", &form);
        let form = [NAME, ("Tags.member.1.Key", "more"), ("Tags.member.1.Value", "v")];
        bench.refused("TagRole", &form, "LimitExceeded", "Cannot exceed quota for TagsPerResource: 50");
    }
}
