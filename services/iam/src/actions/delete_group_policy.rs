//! DeleteGroupPolicy: takes an inline policy from a group.
//!
//! Needs `iam:DeleteGroupPolicy` on the group.
//! Source: IAM API Reference, DeleteGroupPolicy.

use crate::attachments::inline;
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeleteGroupPolicy as Op, DeleteGroupPolicyInput, DeleteGroupPolicyOutput};

pub struct DeleteGroupPolicy;

impl Action for DeleteGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeleteGroupPolicy";

    fn check(input: &DeleteGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::other("policyName", &input.policy_name)
    }

    fn touches(cx: &mut Cx, input: &DeleteGroupPolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: DeleteGroupPolicyInput) -> Answer<DeleteGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        inline::delete(cx, group, &input.policy_name)?;
        Ok(DeleteGroupPolicyOutput {})
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
                "PutGroupPolicy",
                &[("GroupName", "bob"), ("PolicyName", policy), ("PolicyDocument", DOCUMENT)],
            );
        }
        let delete = [("GroupName", "bob"), ("PolicyName", "p")];
        assert_eq!(bench.ok("DeleteGroupPolicy", &delete), "");
        assert_eq!(elements(&bench.ok("ListGroupPolicies", &[("GroupName", "bob")]), "member"), ["q"]);
        bench.refused(
            "DeleteGroupPolicy",
            &delete,
            "NoSuchEntity",
            "The group policy with name p cannot be found.",
        );
        let nobody = [("GroupName", "nobody"), ("PolicyName", "q")];
        bench.refused(
            "DeleteGroupPolicy",
            &nobody,
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        let case = [("GroupName", "bob"), ("PolicyName", "Q")];
        bench.refused(
            "DeleteGroupPolicy",
            &case,
            "NoSuchEntity",
            "The group policy with name Q cannot be found.",
        );
    }
}
