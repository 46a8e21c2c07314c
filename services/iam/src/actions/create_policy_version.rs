//! CreatePolicyVersion: another version of a customer managed policy, in force at once if so asked. Five versions at most.
//!
//! Needs `iam:CreatePolicyVersion` on the policy. Source: IAM API Reference, CreatePolicyVersion.

use crate::attachments::{managed, versions};
use crate::{documents, limits, shapes, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::PolicyVersion;
use wire::generated::iam::{CreatePolicyVersion as Op, CreatePolicyVersionInput, CreatePolicyVersionOutput};

pub struct CreatePolicyVersion;

impl Action for CreatePolicyVersion {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "iam:CreatePolicyVersion";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &CreatePolicyVersionInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        documents::check_length(&input.policy_document)
    }

    fn touches(cx: &mut Cx, input: &CreatePolicyVersionInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: CreatePolicyVersionInput) -> Answer<CreatePolicyVersionOutput> {
        let mut policy = managed::to_change(cx, &input.policy_arn, Self::IAM)?;
        documents::check_managed(&input.policy_document)?;
        if policy.versions.len() >= limits::POLICY_VERSIONS {
            let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an \
                           existing version.";
            return Err(Refusal::new("LimitExceeded", message).with_status(409).into());
        }
        let now = shapes::whole_seconds(cx.now());
        let id = versions::add(&mut policy, input.policy_document, now);
        let is_default = input.set_as_default.unwrap_or(false);
        if is_default {
            policy.default_version = id.clone();
        }
        cx.tx.put(&policy)?;
        let version = PolicyVersion {
            document: None,
            version_id: Some(id),
            is_default_version: Some(is_default),
            create_date: Some(now),
        };
        Ok(CreatePolicyVersionOutput { policy_version: Some(version) })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::laws::managed;
    use crate::testing::{Bench, element};

    #[test]
    fn a_version_is_in_force_only_if_so_asked() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let form = [("PolicyArn", arn.as_str()), ("PolicyDocument", DOCUMENT)];
        let answer = bench.ok("CreatePolicyVersion", &form);
        let date = element(&answer, "CreateDate");
        let golden = "<PolicyVersion><VersionId>v2</VersionId><IsDefaultVersion>false</IsDefaultVersion>";
        assert_eq!(answer, format!("{golden}<CreateDate>{date}</CreateDate></PolicyVersion>"));
        let in_force = || element(&bench.ok("GetPolicy", &[("PolicyArn", &arn)]), "DefaultVersionId");
        assert_eq!(in_force(), "v1");
        let answer = bench.ok("CreatePolicyVersion", &[&form[..], &[("SetAsDefault", "true")]].concat());
        assert_eq!(element(&answer, "IsDefaultVersion"), "true");
        assert_eq!(in_force(), "v3");
    }

    #[test]
    fn the_update_date_is_that_of_the_newest_version() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        bench.clock.advance(std::time::Duration::from_secs(60));
        let version = bench.ok("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", DOCUMENT)]);
        let shown = bench.ok("GetPolicy", &[("PolicyArn", &arn)]);
        assert_eq!(element(&shown, "UpdateDate"), element(&version, "CreateDate"));
        assert_ne!(element(&shown, "UpdateDate"), element(&shown, "CreateDate"));
    }

    #[test]
    fn five_are_the_most_and_names_are_not_given_again() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let form = [("PolicyArn", arn.as_str()), ("PolicyDocument", DOCUMENT)];
        for _ in 2..=5 {
            bench.ok("CreatePolicyVersion", &form);
        }
        let message = "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing \
                       version.";
        bench.refused("CreatePolicyVersion", &form, "LimitExceeded", message);
        bench.ok("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", "v5")]);
        assert_eq!(element(&bench.ok("CreatePolicyVersion", &form), "VersionId"), "v6");
    }

    #[test]
    fn bad_documents_are_refused() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        for (document, code) in [
            ("", "ValidationError"),
            ("null", "MalformedPolicyDocument"),
            ("{}", "MalformedPolicyDocument"),
            (&DOCUMENT.replace("ec2:*", "ec2"), "MalformedPolicyDocument"),
            (&trial::document_of(6145), "LimitExceeded"),
        ] {
            let form = [("PolicyArn", arn.as_str()), ("PolicyDocument", document)];
            let (_, body) = bench.call_as(&bench.root(), "CreatePolicyVersion", &form);
            assert_eq!(element(&body, "Code"), code, "{document}");
        }
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("CreatePolicyVersion", &[("PolicyDocument", DOCUMENT)]);
    }

    #[test]
    fn aws_s_own_policies_are_changed_by_nobody() {
        managed::aws_s_own_are_changed_by_nobody("CreatePolicyVersion", &[("PolicyDocument", DOCUMENT)]);
    }
}
