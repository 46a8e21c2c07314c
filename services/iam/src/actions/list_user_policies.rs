//! ListUserPolicies: the names of a user's inline policies.
//!
//! Needs `iam:ListUserPolicies` on the user. Source: IAM API Reference, ListUserPolicies.

use crate::attachments::inline;
use crate::{find, names, paging, touches};
use api::{Action, Answer, Cx, Touched};
use base::Refusal;
use wire::generated::iam::{ListUserPolicies as Op, ListUserPoliciesInput, ListUserPoliciesOutput};

pub struct ListUserPolicies;

impl Action for ListUserPolicies {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:ListUserPolicies";
    const KEYS: &'static [&'static str] = &["aws:ResourceTag/", "iam:ResourceTag/"];

    fn check(input: &ListUserPoliciesInput) -> Result<(), Refusal> {
        names::user("userName", &input.user_name)?;
        paging::check(input.max_items)
    }

    fn touches(cx: &mut Cx, input: &ListUserPoliciesInput) -> Answer<Vec<Touched>> {
        Ok(vec![touches::user(cx, &input.user_name)?])
    }

    fn handle(cx: &mut Cx, input: ListUserPoliciesInput) -> Answer<ListUserPoliciesOutput> {
        let user = find::user(cx, &input.user_name)?;
        let page = inline::list(cx, "ListUserPolicies", &user, input.max_items, input.marker.as_deref())?;
        Ok(ListUserPoliciesOutput {
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
        assert_eq!(bench.ok("ListUserPolicies", &[("UserName", "bob")]), none);
        for policy in ["c", "a", "b"] {
            bench.ok(
                "PutUserPolicy",
                &[("UserName", "bob"), ("PolicyName", policy), ("PolicyDocument", DOCUMENT)],
            );
        }
        let all = "<PolicyNames><member>a</member><member>b</member><member>c</member></PolicyNames>\
                   <IsTruncated>false</IsTruncated>";
        assert_eq!(bench.ok("ListUserPolicies", &[("UserName", "bob")]), all);
        let first = bench.ok("ListUserPolicies", &[("UserName", "bob"), ("MaxItems", "2")]);
        assert_eq!((elements(&first, "member").len(), element(&first, "IsTruncated").as_str()), (2, "true"));
        let rest =
            bench.ok("ListUserPolicies", &[("UserName", "bob"), ("Marker", &element(&first, "Marker"))]);
        assert_eq!(elements(&rest, "member"), ["c"]);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        let bench = trial::bench();
        bench.refused(
            "ListUserPolicies",
            &[("UserName", "nobody")],
            "NoSuchEntity",
            "The user with name nobody cannot be found.",
        );
        bench.refused(
            "ListUserPolicies",
            &[("UserName", "bob"), ("Marker", "x")],
            "ValidationError",
            "Invalid Marker.",
        );
        let range = "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value \
                     greater than or equal to 1";
        bench.refused(
            "ListUserPolicies",
            &[("UserName", "bob"), ("MaxItems", "0")],
            "ValidationError",
            range,
        );
    }
}
