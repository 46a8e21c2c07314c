//! DescribeCreateAccountStatus: what became of a CreateAccount.
//! Needs `organizations:DescribeCreateAccountStatus`. Source: Organizations API Reference, DescribeCreateAccountStatus.

use crate::rows::AccountRequest;
use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    DescribeCreateAccountStatus as Op, DescribeCreateAccountStatusInput, DescribeCreateAccountStatusOutput,
};

pub struct DescribeCreateAccountStatus;

impl Action for DescribeCreateAccountStatus {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:DescribeCreateAccountStatus";

    fn handle(
        cx: &mut Cx,
        input: DescribeCreateAccountStatusInput,
    ) -> Answer<DescribeCreateAccountStatusOutput> {
        let row = organization::managed(cx)?;
        let key = format!("{}/{}", row.id, input.create_account_request_id);
        let found = cx.tx.get::<AccountRequest>(&key)?.ok_or_else(|| {
            Refusal::new(
                "CreateAccountStatusNotFoundException",
                "You specified a create account request that doesn't exist.",
            )
        })?;
        Ok(DescribeCreateAccountStatusOutput { create_account_status: Some(shapes::request(&found)) })
    }
}
