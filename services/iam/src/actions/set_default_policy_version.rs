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
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::laws::managed;

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
        managed::only_what_is_there_is_found("SetDefaultPolicyVersion", &[("VersionId", "v1")]);
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody("SetDefaultPolicyVersion", &[("VersionId", "v1")]);
    }
}
