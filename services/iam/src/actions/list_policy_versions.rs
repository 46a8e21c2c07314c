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

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, DOCUMENT};
    use crate::laws::managed;
    use crate::testing::{Bench, element, elements};

    #[test]
    fn the_newest_comes_first_without_document() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let created = element(&bench.ok("GetPolicy", &[("PolicyArn", &arn)]), "CreateDate");
        let one = format!(
            "<Versions><member><VersionId>v1</VersionId><IsDefaultVersion>true</IsDefaultVersion><CreateDate>{created}</CreateDate>\
             </member></Versions><IsTruncated>false</IsTruncated>"
        );
        assert_eq!(bench.ok("ListPolicyVersions", &[("PolicyArn", &arn)]), one);
        // Up to v10, so that names and numbers differ in order.
        for i in 2..=10 {
            bench.ok("CreatePolicyVersion", &[("PolicyArn", &arn), ("PolicyDocument", DOCUMENT)]);
            if i < 8 {
                bench.ok("DeletePolicyVersion", &[("PolicyArn", &arn), ("VersionId", &format!("v{i}"))]);
            }
        }
        let first = bench.ok("ListPolicyVersions", &[("PolicyArn", &arn), ("MaxItems", "2")]);
        assert_eq!(elements(&first, "VersionId"), ["v10", "v9"]);
        let marker = element(&first, "Marker");
        let rest = bench.ok("ListPolicyVersions", &[("PolicyArn", &arn), ("Marker", &marker)]);
        assert_eq!(elements(&rest, "VersionId"), ["v8", "v1"]);
        let other = [("PolicyArn", ADMIN), ("Marker", marker.as_str())];
        bench.refused("ListPolicyVersions", &other, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn aws_s_own_have_one() {
        let bench = Bench::new();
        let answer = bench.ok("ListPolicyVersions", &[("PolicyArn", ADMIN)]);
        assert_eq!(elements(&answer, "VersionId"), ["v1"]);
        assert_eq!(element(&answer, "IsDefaultVersion"), "true");
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("ListPolicyVersions", &[]);
    }
}
