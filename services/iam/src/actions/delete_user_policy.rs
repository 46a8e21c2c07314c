//! DeleteUserPolicy: takes an inline policy from a user.
//!
//! Needs `iam:DeleteUserPolicy` on the user; condition keys `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, DeleteUserPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteUserPolicy as Op, DeleteUserPolicyInput, DeleteUserPolicyOutput};

pub struct DeleteUserPolicy;

impl Action for DeleteUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeleteUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteUserPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::bounded_user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteUserPolicyInput) -> Answer<DeleteUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        inline::delete(cx, user, &input.policy_name)?;
        Ok(DeleteUserPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::elements;

    #[test]
    fn a_policy_is_gone_once() {
        let bench = trial::bench();
        for policy in ["p", "q"] {
            bench.ok(
                "PutUserPolicy",
                &[("UserName", "bob"), ("PolicyName", policy), ("PolicyDocument", DOCUMENT)],
            );
        }
        let delete = [("UserName", "bob"), ("PolicyName", "p")];
        assert_eq!(bench.ok("DeleteUserPolicy", &delete), "");
        assert_eq!(elements(&bench.ok("ListUserPolicies", &[("UserName", "bob")]), "member"), ["q"]);
        bench.refused(
            "DeleteUserPolicy",
            &delete,
            "NoSuchEntity",
            "The user policy with name p cannot be found.",
        );
        let nobody = [("UserName", "nobody"), ("PolicyName", "q")];
        bench.refused(
            "DeleteUserPolicy",
            &nobody,
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        let case = [("UserName", "bob"), ("PolicyName", "Q")];
        bench.refused(
            "DeleteUserPolicy",
            &case,
            "NoSuchEntity",
            "The user policy with name Q cannot be found.",
        );
    }
}
