//! DeletePolicy: a customer managed policy that nothing uses and that has only its default version.
//!
//! Needs `iam:DeletePolicy` on the policy. Source: IAM API Reference, DeletePolicy.

use crate::attachments::managed;
use crate::touches;
use api::identity::ManagedPolicy;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use catalog::Row;
use wire::generated::iam::{DeletePolicy as Op, DeletePolicyInput, DeletePolicyOutput};

pub struct DeletePolicy;

impl Action for DeletePolicy {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:DeletePolicy";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &DeletePolicyInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)
    }

    fn touches(cx: &mut Cx, input: &DeletePolicyInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: DeletePolicyInput) -> Answer<DeletePolicyOutput> {
        let policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        if policy.attachments > 0 || policy.boundaries > 0 {
            let reason = format!(
                "{} is attached {} times and is the boundary of {}",
                input.policy_arn, policy.attachments, policy.boundaries
            );
            return Err(conflict("Cannot delete a policy attached to entities.").because(reason).into());
        }
        if policy.versions.len() > 1 {
            return Err(conflict(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
                 default version is deleted with the policy.",
            )
            .into());
        }
        cx.tx.delete::<ManagedPolicy>(&policy.key())?;
        Ok(DeletePolicyOutput {})
    }
}

fn conflict(message: &str) -> Refusal {
    Refusal::new("DeleteConflict", message).with_status(409)
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::laws::managed;
    use crate::testing::Bench;

    #[test]
    fn a_deleted_policy_is_gone_and_its_name_free() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        assert_eq!(bench.ok("DeletePolicy", &[("PolicyArn", &arn)]), "");
        bench.refused(
            "GetPolicy",
            &[("PolicyArn", &arn)],
            "NoSuchEntity",
            &format!("Policy {arn} was not found."),
        );
        assert_eq!(trial::policy(&bench, "p"), arn);
    }

    #[test]
    fn what_is_used_stays() {
        let bench = trial::bench();
        let arn = trial::policy(&bench, "p");
        let message = "Cannot delete a policy attached to entities.";
        for kind in ["User", "Group", "Role"] {
            let name = format!("{kind}Name");
            let form = [(name.as_str(), "bob"), ("PolicyArn", &arn)];
            bench.ok(&format!("Attach{kind}Policy"), &form);
            bench.refused("DeletePolicy", &[("PolicyArn", &arn)], "DeleteConflict", message);
            bench.ok(&format!("Detach{kind}Policy"), &form);
        }
        for kind in ["User", "Role"] {
            let name = format!("{kind}Name");
            bench.ok(
                &format!("Put{kind}PermissionsBoundary"),
                &[(&name, "bob"), ("PermissionsBoundary", &arn)],
            );
            bench.refused("DeletePolicy", &[("PolicyArn", &arn)], "DeleteConflict", message);
            bench.ok(&format!("Delete{kind}PermissionsBoundary"), &[(&name, "bob")]);
        }
        bench.ok("DeletePolicy", &[("PolicyArn", &arn)]);
    }

    #[test]
    fn other_versions_go_first() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        bench.ok("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", DOCUMENT)]);
        let message = "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The \
                       default version is deleted with the policy.";
        bench.refused("DeletePolicy", &[("PolicyArn", &arn)], "DeleteConflict", message);
        bench.ok("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v2")]);
        bench.ok("DeletePolicy", &[("PolicyArn", &arn)]);
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("DeletePolicy", &[]);
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody("DeletePolicy", &[]);
    }
}
