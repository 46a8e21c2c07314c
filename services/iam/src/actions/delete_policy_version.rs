//! DeletePolicyVersion: a version of a customer managed policy that is not in force. Its name is not given again.
//!
//! Needs `iam:DeletePolicyVersion` on the policy. Source: IAM API Reference, DeletePolicyVersion.

use crate::attachments::{managed, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{DeletePolicyVersion as Op, DeletePolicyVersionInput, DeletePolicyVersionOutput};

pub struct DeletePolicyVersion;

impl Action for DeletePolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeletePolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeletePolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &DeletePolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: DeletePolicyVersionInput) -> Answer<DeletePolicyVersionOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        let at = versions::position(&policy, &input.version_id)?;
        if policy.default_version == input.version_id {
            let message = "Cannot delete the default version of a policy.";
            return Err(Refusal::new("DeleteConflict", message).with_status(409).into());
        }
        policy.versions.remove(at);
        cx.tx.put(&policy)?;
        Ok(DeletePolicyVersionOutput {})
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::laws::managed;
    use crate::testing::{Bench, elements};

    #[test]
    fn the_version_in_force_stays() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let delete = |version| [("PolicyArn", arn.as_str()), ("VersionId", version)];
        let message = "Cannot delete the default version of a policy.";
        bench.refused("DeletePolicyVersion", &delete("v1"), "DeleteConflict", message);
        bench.ok(
            "CreatePolicyVersion",
            &[("PolicyArn", &arn), ("PolicyDocument", DOCUMENT), ("SetAsDefault", "true")],
        );
        bench.refused("DeletePolicyVersion", &delete("v2"), "DeleteConflict", message);
        assert_eq!(bench.ok("DeletePolicyVersion", &delete("v1")), "");
        assert_eq!(elements(&bench.ok("ListPolicyVersions", &[("PolicyArn", &arn)]), "VersionId"), ["v2"]);
        for version in ["v1", "v3"] {
            let message = format!("Policy {arn} version {version} does not exist or is not attachable.");
            bench.refused("DeletePolicyVersion", &delete(version), "NoSuchEntity", &message);
        }
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("DeletePolicyVersion", &[("VersionId", "v1")]);
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody("DeletePolicyVersion", &[("VersionId", "v1")]);
    }
}
