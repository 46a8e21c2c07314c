//! GetAccountAuthorizationDetails: users, groups, roles and managed policies of the account with everything that hangs on them;
//! of AWS's own policies those that the account uses. Pages go kind by kind.
//!
//! Needs `iam:GetAccountAuthorizationDetails`. Source: IAM API Reference, GetAccountAuthorizationDetails.

use crate::attachments::details::{self, Detail};
use crate::names;
use crate::paging;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::iam::{
    GetAccountAuthorizationDetails as Op, GetAccountAuthorizationDetailsInput,
    GetAccountAuthorizationDetailsOutput,
};

pub struct GetAccountAuthorizationDetails;

impl Action for GetAccountAuthorizationDetails {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "iam:GetAccountAuthorizationDetails";

    fn check(input: &GetAccountAuthorizationDetailsInput) -> Result<(), Refusal> {
        for (i, kind) in input.filter.iter().flatten().enumerate() {
            names::one_of(&format!("filter.{}.member", i + 1), kind, &details::KINDS)?;
        }
        paging::check(input.max_items)
    }

    fn handle(
        cx: &mut Cx,
        input: GetAccountAuthorizationDetailsInput,
    ) -> Answer<GetAccountAuthorizationDetailsOutput> {
        let filter = input.filter.unwrap_or_default();
        let page = details::page(cx, &filter, input.max_items, input.marker.as_deref())?;
        let is_truncated = page.is_truncated();
        let (mut users, mut groups, mut roles, mut policies) = (vec![], vec![], vec![], vec![]);
        for detail in page.items {
            match detail {
                Detail::User(user) => users.push(user),
                Detail::Group(group) => groups.push(group),
                Detail::Role(role) => roles.push(*role),
                Detail::Policy(policy) => policies.push(policy),
            }
        }
        Ok(GetAccountAuthorizationDetailsOutput {
            user_detail_list: Some(users),
            group_detail_list: Some(groups),
            role_detail_list: Some(roles),
            policies: Some(policies),
            is_truncated,
            marker: page.marker,
        })
    }
}
