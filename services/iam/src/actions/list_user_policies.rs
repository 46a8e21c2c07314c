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
    use crate::laws::{Kind, inline};

    #[test]
    fn names_come_in_pages() {
        inline::names_come_in_pages(Kind::User);
    }

    #[test]
    fn other_lists_markers_and_unknown_names_are_refused() {
        inline::other_lists_markers_and_unknown_names_are_refused(Kind::User);
    }
}
