//! GetPolicyVersion: one version of a managed policy with its document, URL-encoded.
//!
//! Needs `iam:GetPolicyVersion` on the policy. Source: IAM API Reference, GetPolicyVersion.

use crate::attachments::{managed, shapes, versions};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{GetPolicyVersion as Op, GetPolicyVersionInput, GetPolicyVersionOutput};

pub struct GetPolicyVersion;

impl Action for GetPolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetPolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &GetPolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        versions::check_id(&input.version_id)
    }

    fn touches(cx: &mut Cx, input: &GetPolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: GetPolicyVersionInput) -> Answer<GetPolicyVersionOutput> {
        let policy = managed::find(cx, &input.policy_arn)?;
        let id = Some(input.version_id.clone());
        let version = shapes::versions(&policy).into_iter().find(|version| version.version_id == id);
        let version = version.ok_or_else(|| versions::missing(&input.policy_arn, &input.version_id))?;
        Ok(GetPolicyVersionOutput { policy_version: Some(version) })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, DOCUMENT, ENCODED};
    use crate::laws::managed;
    use crate::testing::{Bench, element};

    #[test]
    fn the_document_is_url_encoded() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let answer = bench.ok("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v1")]);
        let date = element(&answer, "CreateDate");
        assert_eq!(
            answer,
            format!(
                "<PolicyVersion><Document>{ENCODED}</Document><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion>\
                 <CreateDate>{date}</CreateDate></PolicyVersion>"
            )
        );
        let other = DOCUMENT.replace("ec2", "kms");
        bench.ok("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", &other)]);
        let second = bench.ok("GetPolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v2")]);
        assert_eq!(element(&second, "Document"), crate::shapes::encoded(&other));
        assert_eq!(element(&second, "IsDefaultVersion"), "false");
    }

    #[test]
    fn aws_s_own_show_their_documents() {
        let bench = Bench::new();
        let answer = bench.ok("GetPolicyVersion", &[("PolicyArn", ADMIN), ("VersionId", "v1")]);
        assert!(element(&answer, "Document").contains("Allow"), "{answer}");
        let message = format!("Policy {ADMIN} version v2 does not exist or is not attachable.");
        bench.refused(
            "GetPolicyVersion",
            &[("PolicyArn", ADMIN), ("VersionId", "v2")],
            "NoSuchEntity",
            &message,
        );
    }

    #[test]
    fn versions_that_are_none_are_refused() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let message = format!("Policy {arn} version v2 does not exist or is not attachable.");
        bench.refused(
            "GetPolicyVersion",
            &[("PolicyArn", &arn), ("VersionId", "v2")],
            "NoSuchEntity",
            &message,
        );
        let message = "1 validation error detected: Value '1' at 'versionId' failed to satisfy constraint: Member must satisfy regular \
                       expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?";
        bench.refused(
            "GetPolicyVersion",
            &[("PolicyArn", &arn), ("VersionId", "1")],
            "ValidationError",
            message,
        );
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("GetPolicyVersion", &[("VersionId", "v1")]);
    }
}
