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
    use crate::laws::{Kind, attached};

    #[test]
    fn pages_and_paths() {
        attached::pages_and_paths(Kind::Group);
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        attached::what_no_list_can_be_of_is_refused(Kind::Group);
    }
}
