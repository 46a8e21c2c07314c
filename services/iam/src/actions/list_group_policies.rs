//! ListGroupPolicies: the names of a group's inline policies.
//!
//! Needs `iam:ListGroupPolicies` on the group. Source: IAM API Reference, ListGroupPolicies.

use crate::attachments::inline;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListGroupPolicies as Op, ListGroupPoliciesInput, ListGroupPoliciesOutput};

pub struct ListGroupPolicies;

impl Action for ListGroupPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListGroupPolicies";

    fn check(input: &ListGroupPoliciesInput) -> Result<(), Refusal> {
        names::other("groupName", &input.group_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListGroupPoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::group(cx, &input.group_name)?])
    }

    fn handle(cx: &mut Cx, input: ListGroupPoliciesInput) -> Answer<ListGroupPoliciesOutput> {
        let group = find::group(cx, &input.group_name)?;
        let page = inline::list(cx, "ListGroupPolicies", &group, input.max_items, input.marker.as_deref())?;
        Ok(ListGroupPoliciesOutput {
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
        assert_eq!(bench.ok("ListGroupPolicies", &[("GroupName", "bob")]), none);
        for policy in ["c", "a", "b"] {
            bench.ok(
                "PutGroupPolicy",
                &[("GroupName", "bob"), ("PolicyName", policy), ("PolicyDocument", DOCUMENT)],
            );
        }
        let all = "<PolicyNames><member>a</member><member>b</member><member>c</member></PolicyNames>\
                   <IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListGroupPolicies", &[("GroupName", "bob")]), all);
        let first = bench.ok("ListGroupPolicies", &[("GroupName", "bob"), ("MaxItems", "2")]);
        assert_eq!((elements(&first, "member").len(), element(&first, "IsTruncated").as_str()), (2, "true"));
        let rest =
            bench.ok("ListGroupPolicies", &[("GroupName", "bob"), ("Marker", &element(&first, "Marker"))]);
        assert_eq!(elements(&rest, "member"), ["c"]);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListGroupPolicies",
            &[("GroupName", "nobody")],
            "NoSuchEntity",
            "The group with name nobody cannot be found.",
        );
        bench.refused(
            "ListGroupPolicies",
            &[("GroupName", "bob"), ("Marker", "x")],
            "ValidationError",
            "Invalid Marker.",
        );
        let range = "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value \
                     greater than or equal to 1";
        bench.refused(
            "ListGroupPolicies",
            &[("GroupName", "bob"), ("MaxItems", "0")],
            "ValidationError",
            range,
        );
    }
}
