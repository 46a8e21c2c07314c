//! ListPolicyVersions: the versions of a managed policy, the newest first, without their documents.
//!
//! Needs `iam:ListPolicyVersions` on the policy. Source: IAM API Reference, ListPolicyVersions.

use crate::attachments::{managed, shapes};
use crate::paging::{self, Paging};
use crate::touches;
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::PolicyVersion;
use wire::generated::iam::{ListPolicyVersions as Op, ListPolicyVersionsInput, ListPolicyVersionsOutput};

pub struct ListPolicyVersions;

impl Action for ListPolicyVersions {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListPolicyVersions";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListPolicyVersionsInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListPolicyVersionsInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: ListPolicyVersionsInput) -> Answer<ListPolicyVersionsOutput> {
        let policy = managed::find(cx, &input.policy_arn)?;
        let marker = input.marker.as_deref();
        let paging = Paging {
            action: "ListPolicyVersions",
            of: &input.policy_arn,
            max_items: input.max_items,
            marker,
        };
        let page = paging.list(cx, shapes::versions(&policy), newest_first)?;
        let page = page.map(|version| PolicyVersion { document: None, ..version });
        Ok(ListPolicyVersionsOutput {
            is_truncated: page.is_truncated(),
            versions: Some(page.items),
            marker: page.marker,
        })
    }
}

/// Orders `v10` before `v9`.
fn newest_first(version: &PolicyVersion) -> String {
    let number = version.version_id.as_deref().unwrap_or_default().trim_start_matches('v').parse::<u32>();
    format!("{:010}", u32::MAX - number.unwrap_or_default())
}
