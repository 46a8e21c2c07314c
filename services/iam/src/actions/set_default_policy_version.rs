//! SetDefaultPolicyVersion: which version of a customer managed policy is in force, everywhere where it is attached.
//!
//! Needs `iam:SetDefaultPolicyVersion` on the policy. Source: IAM API Reference, SetDefaultPolicyVersion.

use crate::attachments::{managed, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    SetDefaultPolicyVersion as Op, SetDefaultPolicyVersionInput, SetDefaultPolicyVersionOutput,
};

pub struct SetDefaultPolicyVersion;

impl Action for SetDefaultPolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:SetDefaultPolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &SetDefaultPolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &SetDefaultPolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: SetDefaultPolicyVersionInput) -> Answer<SetDefaultPolicyVersionOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        versions::position(&policy, &input.version_id)?;
        policy.default_version = input.version_id;
        cx.tx.put(&policy)?;
        Ok(SetDefaultPolicyVersionOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, DOCUMENT};
    use crate::testing::Bench;

    #[test]
    fn what_the_version_allows_is_allowed_at_once_and_no_more() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        let iam = DOCUMENT.replace("ec2", "iam");
        bench.ok("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", &iam)]);
        bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", &arn)]);
        let bob = bench.user("bob");
        trial::denied(&bench, &bob, "ListPolicies", &[]);
        let set = |version| [("PolicyArn", arn.as_str()), ("VersionId", version)];
        assert_eq!(bench.ok("SetDefaultPolicyVersion", &set("v2")), "");
        bench.ok_as(&bob, "ListPolicies", &[]);
        bench.ok_as(&bob, "SetDefaultPolicyVersion", &set("v1"));
        trial::denied(&bench, &bob, "ListPolicies", &[]);
        let message = format!("Policy {arn} version v3 does not exist or is not attachable.");
        bench.refused("SetDefaultPolicyVersion", &set("v3"), "NoSuchEntity", &message);
        let (status, _) = bench.call_as(&bench.root(), "SetDefaultPolicyVersion", &set("latest"));
        assert_eq!(status, 400);
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        let bench = Bench::new();
        let theirs = trial::policy(&bench, "p").replace("111122223333", "444455556666");
        for arn in [
            &trial::policy_arn("q"),
            &trial::policy_arn("P"),
            &trial::policy_arn("x/p"),
            &theirs,
            "arn:aws:iam::aws:policy/Nothing",
        ] {
            bench.refused(
                "SetDefaultPolicyVersion",
                &[("PolicyArn", arn), ("VersionId", "v1")],
                "NoSuchEntity",
                &format!("Policy {arn} was not found."),
            );
        }
        for arn in ["arn:aws:iam::111122223333:role/policy/p", "arn:aws:iam::111122223333:p"] {
            bench.refused(
                "SetDefaultPolicyVersion",
                &[("PolicyArn", arn), ("VersionId", "v1")],
                "InvalidInput",
                &format!("ARN {arn} is not valid."),
            );
        }
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        let bench = Bench::new();
        let message = format!(
            "User: arn:aws:iam::111122223333:root is not authorized to perform: iam:SetDefaultPolicyVersion on resource: policy {ADMIN}"
        );
        bench.refused(
            "SetDefaultPolicyVersion",
            &[("PolicyArn", ADMIN), ("VersionId", "v1")],
            "AccessDenied",
            &message,
        );
    }
}
