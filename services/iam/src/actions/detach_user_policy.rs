//! DetachUserPolicy: takes a managed policy off a user.
//!
//! Needs `iam:DetachUserPolicy` on the user; condition keys `iam:PolicyARN`, `iam:PermissionsBoundary` (the boundary that the user has), the user's tags.
//! Source: IAM API Reference, DetachUserPolicy.

use crate::attachments::{attached, managed};
use crate::{find, names, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DetachUserPolicy as Op, DetachUserPolicyInput, DetachUserPolicyOutput};

pub struct DetachUserPolicy;

impl Action for DetachUserPolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DetachUserPolicy";
    const KEYS: &'static [&'static str] =
        &["iam:PolicyARN", "iam:PermissionsBoundary", "aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DetachUserPolicyInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DetachUserPolicyInput) -> Answer<Vec<Touched>> {
        let user = touches::bounded_user(cx, &input.user_name)?;
        Ok(vec![touches::with_policy_arn(user, &input.policy_arn)])
    }

    fn handle(cx: &mut Cx, input: DetachUserPolicyInput) -> Answer<DetachUserPolicyOutput> {
        let user = find::user(cx, &input.user_name)?;
        attached::detach(cx, user, &input.policy_arn)?;
        Ok(DetachUserPolicyOutput {})
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
            bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]);
            assert_eq!(bench.ok("DetachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]), "");
            assert_eq!(
                element(&bench.ok("GetPolicy", &[("PolicyArn", arn)]), "AttachmentCount"),
                "0",
                "{arn}"
            );
        }
        let listed = bench.ok("ListAttachedUserPolicies", &[("UserName", "bob")]);
        assert_eq!(listed, "<AttachedPolicies></AttachedPolicies><IsTruncated>false</IsTruncated>");
    }

    #[test]
    fn what_is_not_attached_is_not_found() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        let form = |name, arn| [("UserName", name), ("PolicyArn", arn)];
        bench.refused(
            "DetachUserPolicy",
            &form("nobody", &arn),
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        for arn in [&arn, ADMIN, "arn:aws:iam::aws:policy/Nothing"] {
            bench.refused(
                "DetachUserPolicy",
                &form("bob", arn),
                "NoSuchEntity",
                &format!("Policy {arn} was not found."),
            );
        }
        bench.ok("AttachUserPolicy", &form("bob", &arn));
        bench.ok("DetachUserPolicy", &form("bob", &arn));
        bench.refused(
            "DetachUserPolicy",
            &form("bob", &arn),
            "NoSuchEntity",
            &format!("Policy {arn} was not found."),
        );
        let bad = "arn:aws:iam::111122223333:group/p";
        bench.refused(
            "DetachUserPolicy",
            &form("bob", bad),
            "InvalidInput",
            &format!("ARN {bad} is not valid."),
        );
    }
}
