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
    use crate::laws::{Kind, inline};

    #[test]
    fn names_come_in_pages() {
        inline::names_come_in_pages(Kind::Group);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        inline::other_lists_markers_and_unknown_names_are_refused(Kind::Group);
    }
}
