//! DescribeOrganization: the organization of the caller's account; its members may ask too.
//! Needs `organizations:DescribeOrganization`. Source: Organizations API Reference, DescribeOrganization.

use crate::{organization, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{
    DescribeOrganization as Op, DescribeOrganizationInput, DescribeOrganizationOutput,
};

pub struct DescribeOrganization;

impl Action for DescribeOrganization {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:DescribeOrganization";

    fn handle(cx: &mut Cx, _input: DescribeOrganizationInput) -> Answer<DescribeOrganizationOutput> {
        let row = organization::of_caller(cx)?;
        let management = organization::account(cx, &row.management)?;
        Ok(DescribeOrganizationOutput { organization: Some(shapes::organization(&row, &management.email)) })
    }
}
