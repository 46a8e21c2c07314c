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
