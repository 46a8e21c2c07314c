//! ListAttachedGroupPolicies: the managed policies attached to a group, by ARN, those under a path if one is given.
//!
//! Needs `iam:ListAttachedGroupPolicies` on the group. Source: IAM API Reference, ListAttachedGroupPolicies.

use crate::attachments::attached;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListAttachedGroupPolicies as Op, ListAttachedGroupPoliciesInput, ListAttachedGroupPoliciesOutput,
};

pub struct ListAttachedGroupPolicies;

impl Action for ListAttachedGroupPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListAttachedGroupPolicies";

    fn check(input: &ListAttachedGroupPoliciesInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListAttachedGroupPoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: ListAttachedGroupPoliciesInput) -> Answer<ListAttachedGroupPoliciesOutput> {
        let group = find::group(cx, &input.group_name)?;
        let (path, marker) = (input.path_prefix.as_deref(), input.marker.as_deref());
        let page = attached::list(cx, "ListAttachedGroupPolicies", &group, path, input.max_items, marker)?;
        Ok(ListAttachedGroupPoliciesOutput {
            is_truncated: page.is_truncated(),
            attached_policies: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, ADMIN, VIEW};
    use crate::testing::{element, elements};

    #[test]
    fn pages_and_paths() {
        let bench = trial::bench();
        for arn in [VIEW, ADMIN, &trial::policy(&bench, "p")] {
            bench.ok("AttachGroupPolicy", &[("GroupName", "bob"), ("PolicyArn", arn)]);
        }
        let first = bench.ok("ListAttachedGroupPolicies", &[("GroupName", "bob"), ("MaxItems", "2")]);
        assert_eq!(elements(&first, "PolicyName"), ["p", "AdministratorAccess"]);
        assert_eq!(element(&first, "IsTruncated"), "true");
        let marker = element(&first, "Marker");
        let second = bench.ok("ListAttachedGroupPolicies", &[("GroupName", "bob"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "PolicyName"), ["ViewOnlyAccess"]);
        assert_eq!(element(&second, "IsTruncated"), "false");
        let under =
            bench.ok("ListAttachedGroupPolicies", &[("GroupName", "bob"), ("PathPrefix", "/job-function/")]);
        assert_eq!(elements(&under, "PolicyArn"), [VIEW]);
        let form = [("GroupName", "bob"), ("Marker", &marker), ("PathPrefix", "/job-function/")];
        bench.refused("ListAttachedGroupPolicies", &form, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListAttachedGroupPolicies",
            &[("GroupName", "nobody")],
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        for (member, value) in
            [("MaxItems", "0"), ("MaxItems", "1001"), ("PathPrefix", "x"), ("Marker", "forged")]
        {
            let (status, body) = bench.call_as(
                &bench.root(),
                "ListAttachedGroupPolicies",
                &[("GroupName", "bob"), (member, value)],
            );
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "ValidationError"),
                "{member} {value}"
            );
        }
    }
}
