//! DescribePolicy: one policy with its document.
//! Needs `organizations:DescribePolicy`. Source: Organizations API Reference, DescribePolicy.

use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{DescribePolicy as Op, DescribePolicyInput, DescribePolicyOutput};

pub struct DescribePolicy;

impl Action for DescribePolicy {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:DescribePolicy";

    fn handle(cx: &mut Cx, input: DescribePolicyInput) -> Answer<DescribePolicyOutput> {
        let row = organization::managed(cx)?;
        let policy = organization::policy(cx, &row, &input.policy_id)?;
        Ok(DescribePolicyOutput { policy: Some(shapes::policy(&row, &policy)) })
    }
}
