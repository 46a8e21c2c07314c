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
    use crate::testing::Bench;

    #[test]
    fn named_tags_go_and_the_others_stay() {
        let bench = Bench::new();
        bench.ok("CreateRole", &[("RoleName", "x"), ("AssumeRolePolicyDocument", crate::testing::EC2_TRUST)]);
        let name = ("RoleName", "x");
        for key in ["a", "b"] {
            bench.ok("TagRole", &[name, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")]);
        }
        assert_eq!(bench.ok("UntagRole", &[name, ("TagKeys.member.1", "A"), ("TagKeys.member.2", "z")]), "");
        assert_eq!(
            bench.ok("ListRoleTags", &[name]),
            "<Tags><member><Key>b</Key><Value>v</Value></member></Tags><IsTruncated>false</IsTruncated>"
        );
        let form = [("RoleName", "y"), ("TagKeys.member.1", "a")];
        bench.refused("UntagRole", &form, "NoSuchEntity", "The role with name y cannot be found.");
        let form = [name, ("TagKeys.member.1", "aws:a")];
        let message = "Caller is an end user and not allowed to mutate system tags";
        bench.refused("UntagRole", &form, "InvalidInput", message);
    }
}
