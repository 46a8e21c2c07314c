//! ListAttachedRolePolicies: the managed policies attached to a role, by ARN, those under a path if one is given.
//!
//! Needs `iam:ListAttachedRolePolicies` on the role. Source: IAM API Reference, ListAttachedRolePolicies.

use crate::attachments::attached;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{
    ListAttachedRolePolicies as Op, ListAttachedRolePoliciesInput, ListAttachedRolePoliciesOutput,
};

pub struct ListAttachedRolePolicies;

impl Action for ListAttachedRolePolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListAttachedRolePolicies";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListAttachedRolePoliciesInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        names::path_prefix(input.path_prefix.as_deref())?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListAttachedRolePoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: ListAttachedRolePoliciesInput) -> Answer<ListAttachedRolePoliciesOutput> {
        let role = find::role(cx, &input.role_name)?;
        let (path, marker) = (input.path_prefix.as_deref(), input.marker.as_deref());
        let page = attached::list(cx, "ListAttachedRolePolicies", &role, path, input.max_items, marker)?;
        Ok(ListAttachedRolePoliciesOutput {
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
            bench.ok("AttachRolePolicy", &[("RoleName", "bob"), ("PolicyArn", arn)]);
        }
        let first = bench.ok("ListAttachedRolePolicies", &[("RoleName", "bob"), ("MaxItems", "2")]);
        assert_eq!(elements(&first, "PolicyName"), ["p", "AdministratorAccess"]);
        assert_eq!(element(&first, "IsTruncated"), "true");
        let marker = element(&first, "Marker");
        let second = bench.ok("ListAttachedRolePolicies", &[("RoleName", "bob"), ("Marker", &marker)]);
        assert_eq!(elements(&second, "PolicyName"), ["ViewOnlyAccess"]);
        assert_eq!(element(&second, "IsTruncated"), "false");
        let under =
            bench.ok("ListAttachedRolePolicies", &[("RoleName", "bob"), ("PathPrefix", "/job-function/")]);
        assert_eq!(elements(&under, "PolicyArn"), [VIEW]);
        let form = [("RoleName", "bob"), ("Marker", &marker), ("PathPrefix", "/job-function/")];
        bench.refused("ListAttachedRolePolicies", &form, "ValidationError", "Invalid Marker.");
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListAttachedRolePolicies",
            &[("RoleName", "nobody")],
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        for (member, value) in
            [("MaxItems", "0"), ("MaxItems", "1001"), ("PathPrefix", "x"), ("Marker", "forged")]
        {
            let (status, body) = bench.call_as(
                &bench.root(),
                "ListAttachedRolePolicies",
                &[("RoleName", "bob"), (member, value)],
            );
            assert_eq!(
                (status, element(&body, "Code").as_str()),
                (400, "ValidationError"),
                "{member} {value}"
            );
        }
    }
}
