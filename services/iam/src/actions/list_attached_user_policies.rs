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
    use crate::laws::{Kind, attached};

    #[test]
    fn pages_and_paths() {
        attached::pages_and_paths(Kind::User);
    }

    #[test]
    fn what_no_list_can_be_of_is_refused() {
        attached::what_no_list_can_be_of_is_refused(Kind::User);
    }
}
