//! ListAttachedUserPolicies: the managed policies attached to a user, by ARN, those under a path if one is given.
//!
//! Needs `iam:ListAttachedUserPolicies` on the user. Source: IAM API Reference, ListAttachedUserPolicies.

use crate::attachments::attached;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListAttachedUserPolicies as Op, ListAttachedUserPoliciesInput, ListAttachedUserPoliciesOutput,
};

pub struct ListAttachedUserPolicies;

impl Action for ListAttachedUserPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListAttachedUserPolicies";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListAttachedUserPoliciesInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListAttachedUserPoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: ListAttachedUserPoliciesInput) -> Answer<ListAttachedUserPoliciesOutput> {
        let user = find::user(cx, &input.user_name)?;
        let (path, marker) = (input.path_prefix.as_deref(), input.marker.as_deref());
        let page = attached::list(cx, "ListAttachedUserPolicies", &user, path, input.max_items, marker)?;
        Ok(ListAttachedUserPoliciesOutput {
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
            bench.ok("AttachUserPolicy", &[("UserName", "bob"), ("PolicyArn", arn)]);
        }
        let first = bench.ok("ListAttachedUserPolicies", &[("UserName", "bob"), ("MaxItems", "2")]);
        assert_eq!(elements(&first, "PolicyName"), ["p", "AdministratorAccess"]);
        assert_eq!(element(&first, "IsTruncated"), "true");
        let marker = element(&first, "Marker");
        let second = bench.ok("ListAttachedUserPolicies", &[("UserName", "bob"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "PolicyName"), ["ViewOnlyAccess"]);
        assert_eq!(element(&second, "IsTruncated"), "false");
        let under =
            bench.ok("ListAttachedUserPolicies", &[("UserName", "bob"), ("PathPrefix", "/job-function/")]);
        assert_eq!(elements(&under, "PolicyArn"), [VIEW]);
        let form = [("UserName", "bob"), ("Marker", &marker), ("PathPrefix", "/job-function/")];
        bench.refused("ListAttachedUserPolicies", &form, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListAttachedUserPolicies",
            &[("UserName", "nobody")],
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        for (member, value) in
            [("MaxItems", "0"), ("MaxItems", "1001"), ("PathPrefix", "x"), ("Marker", "forged")]
        {
            let (status, body) = bench.call_as(
                &bench.root(),
                "ListAttachedUserPolicies",
                &[("UserName", "bob"), (member, value)],
            );
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "ValidationError"),
                "{member} {value}"
            );
        }
    }
}
