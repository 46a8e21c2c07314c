//! ListRolePolicies: the names of a role's inline policies.
//!
//! Needs `iam:ListRolePolicies` on the role. Source: IAM API Reference, ListRolePolicies.

use crate::attachments::inline;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListRolePolicies as Op, ListRolePoliciesInput, ListRolePoliciesOutput};

pub struct ListRolePolicies;

impl Action for ListRolePolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListRolePolicies";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListRolePoliciesInput) -> Result<(), Refusal> {
        names::user("roleName", &input.role_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListRolePoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::role(cx, &input.role_name)?])
    }

    fn handle(cx: &mut Cx, input: ListRolePoliciesInput) -> Answer<ListRolePoliciesOutput> {
        let role = find::role(cx, &input.role_name)?;
        let page = inline::list(cx, "ListRolePolicies", &role, input.max_items, input.marker.as_deref())?;
        Ok(ListRolePoliciesOutput {
            is_truncated: page.is_truncated(),
            policy_names: Some(page.items),
            marker: page.marker,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::attachments::trial::{self, DOCUMENT};
    use crate::testing::{element, elements};

    #[test]
    fn names_come_in_pages() {
        let bench = trial::bench();
        let none = "<PolicyNames></PolicyNames><IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListRolePolicies", &[("RoleName", "bob")]), none);
        for policy in ["c", "a", "b"] {
            bench.ok(
                "PutRolePolicy",
                &[("RoleName", "bob"), ("PolicyName", policy), ("PolicyDocument", DOCUMENT)],
            );
        }
        let all = "<PolicyNames><member>a</member><member>b</member><member>c</member></PolicyNames>\
                   <IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListRolePolicies", &[("RoleName", "bob")]), all);
        let first = bench.ok("ListRolePolicies", &[("RoleName", "bob"), ("MaxItems", "2")]);
        assert_eq!((elements(&first, "member").len(), element(&first, "IsTruncated").as_str()), (2, "true"));
        let rest =
            bench.ok("ListRolePolicies", &[("RoleName", "bob"), ("Marker", &element(&first, "Marker"))]);
        assert_eq!(elements(&rest, "member"), ["c"]);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListRolePolicies",
            &[("RoleName", "nobody")],
            "NoSuchEntity",
            "The role with name nobody cannot be found.",
        );
        bench.refused(
            "ListRolePolicies",
            &[("RoleName", "bob"), ("Marker", "x")],
            "ValidationError",
            "Invalid Marker.",
        );
        let range = "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value \
                     greater than or equal to 1";
        bench.refused(
            "ListRolePolicies",
            &[("RoleName", "bob"), ("MaxItems", "0")],
            "ValidationError",
            range,
        );
    }
}
