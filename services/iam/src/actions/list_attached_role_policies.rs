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
    use crate::laws::{Kind, attached};

    #[test]
    fn pages_and_paths() {
        attached::pages_and_paths(Kind::Role);
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        attached::what_no_list_can_be_of_is_refused(Kind::Role);
    }
}
