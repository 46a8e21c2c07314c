//! ListPolicyTags: the tags of a managed policy, by key. AWS's own policies have none.
//!
//! Needs `iam:ListPolicyTags` on the policy. Source: IAM API Reference, ListPolicyTags.

use crate::attachments::managed::{self, Managed};
use crate::paging::{self, Paging};
use crate::{tagging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListPolicyTags as Op, ListPolicyTagsInput, ListPolicyTagsOutput};

pub struct ListPolicyTags;

impl Action for ListPolicyTags {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListPolicyTags";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListPolicyTagsInput) -> Result<(), Refusal> {
        managed::check_arn("policyArn", &input.policy_arn)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListPolicyTagsInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::policy(cx, &input.policy_arn)?])
    }

    fn handle(cx: &mut Cx, input: ListPolicyTagsInput) -> Answer<ListPolicyTagsOutput> {
        let tags = match managed::find(cx, &input.policy_arn)? {
            Managed::Customer(policy) => policy.tags,
            Managed::Aws(_) => vec![],
        };
        let marker = input.marker.as_deref();
        let paging =
            Paging { action: "ListPolicyTags", of: &input.policy_arn, max_items: input.max_items, marker };
        let page = paging.list(cx, tags, |tag| tag.key.clone())?;
        Ok(ListPolicyTagsOutput {
            is_truncated: page.is_truncated(),
            tags: Some(tagging::shape(&page.items)),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN};
    use crate::laws::managed;
    use crate::testing::{Bench, element, elements};

    #[test]
    fn tags_come_by_key_in_pages() {
        let bench = Bench::new();
        let arn = trial::policy(&bench, "p");
        let none = "<Tags></Tags><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListPolicyTags", &[("PolicyArn", &arn)]), none);
        assert_eq!(bench.ok("ListPolicyTags", &[("PolicyArn", ADMIN)]), none);
        for key in ["b", "c", "a"] {
            bench.ok(
                "TagPolicy",
                &[("PolicyArn", &arn), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "v")],
            );
        }
        let first = bench.ok("ListPolicyTags", &[("PolicyArn", &arn), ("MaxItems", "1")]);
        assert_eq!(element(&first, "Tags"), "<member><Key>a</Key><Value>v</Value></member>");
        assert_eq!(element(&first, "IsTruncated"), "true");
        let rest = bench.ok("ListPolicyTags", &[("PolicyArn", &arn), ("Marker", &element(&first, "Marker"))]);
        assert_eq!(elements(&rest, "Key"), ["b", "c"]);
        bench.refused(
            "ListPolicyTags",
            &[("PolicyArn", &arn), ("Marker", "x")],
            "ValidationError",
            "Invalid Marker.",
        );
    }

    #[test]
    fn a_policy_that_is_not_there_is_not_found() {
        managed::only_what_is_there_is_found("ListPolicyTags", &[]);
    }
}
