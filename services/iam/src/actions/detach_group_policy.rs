//! DetachGroupPolicy: takes a managed policy off a group.
//!
//! Needs `iam:DetachGroupPolicy` on the group; condition keys `iam:PolicyARN`.
//! Source: IAM API Reference, DetachGroupPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DetachGroupPolicy as Op, DetachGroupPolicyInput, DetachGroupPolicyOutput};

pub struct DetachGroupPolicy;

impl Action for DetachGroupPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DetachGroupPolicy";
    const KEYS: &'static [&'static str] = &["iam:PolicyARN"];

    fn check(input: &DetachGroupPolicyInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DetachGroupPolicyInput) -> Answer<Vec<Touched>> {
        let group = touches::group(cx, &input.group_name)?;
        Ok(vec![touches::with_policy_arn(group, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: DetachGroupPolicyInput) -> Answer<DetachGroupPolicyOutput> {
        let group = find::group(cx, &input.group_name)?;
        attached::detach(cx, group, &input.policy_arn)?;
        Ok(DetachGroupPolicyOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::testing::element;

    #[test]
    fn a_detached_policy_counts_no_more() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        for arn in [arn.as_str(), ADMIN] {
            bench.ok("AttachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", arn)]);
            assert_eq!(bench.ok("DetachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", arn)]), "");
            assert_eq!(
                element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "AttachmentCount"),
                "0",
                "{arn}"
            );
        }
        let listed = bench.ok("ListAttachedGroupPolicies", &[("GroupName", "bob")]);
        assert_eq!(listed, "<AttachedPolicies></AttachedPolicies><IsTruncated>false</IsTruncated>");
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        let form = |name, arn| [("GroupName", name), ("PolicyArn", arn)];
        bench.refused(
            "DetachGroupPolicy",
            &form("nobody", &arn),
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        for arn in [&arn, ADMIN, "arn:aws:iam::aws:policy/Nothing"] {
            bench.refused(
                "DetachGroupPolicy",
                &form("bob", arn),
                "NoSuchEntity",
                &format!("Policy {arn} was not found."),
            );
        }
        bench.ok("AttachGroupPolicy", &form("bob", &arn));
        bench.ok("DetachGroupPolicy", &form("bob", &arn));
        bench.refused(
            "DetachGroupPolicy",
            &form("bob", &arn),
            "NoSuchEntity",
            &format!("Policy {arn} was not found."),
        );
        let bad = "arn:aws:iam::111122223333:group/p";
        bench.refused(
            "DetachGroupPolicy",
            &form("bob", bad),
            "InvalidInput",
            &format!("ARN {bad} is not valid."),
        );
    }
}
