//! DescribeAccount: one account of the organization.
//! Needs `organizations:DescribeAccount`. Source: Organizations API Reference, DescribeAccount.

use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{DescribeAccount as Op, DescribeAccountInput, DescribeAccountOutput};

pub struct DescribeAccount;

impl Action for DescribeAccount {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:DescribeAccount";

    fn handle(cx: &mut Cx, input: DescribeAccountInput) -> Answer<DescribeAccountOutput> {
        let row = organization::managed(cx)?;
        let account = organization::member(cx, &row, &input.account_id)?;
        Ok(DescribeAccountOutput { account: Some(shapes::account(&row, &account)) })
    }
}
