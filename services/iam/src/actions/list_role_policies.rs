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
    use crate::laws::{Kind, inline};

    #[test]
    fn names_come_in_pages() {
        inline::names_come_in_pages(Kind::Role);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        inline::other_lists_markers_and_unknown_names_are_refused(Kind::Role);
    }
}
