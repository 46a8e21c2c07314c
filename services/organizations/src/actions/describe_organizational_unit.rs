//! DescribeOrganizationalUnit: one OU.
//! Needs `organizations:DescribeOrganizationalUnit`. Source: Organizations API Reference, DescribeOrganizationalUnit.

use crate::{organization, refusals, shapes};
use api::{Action, Answer, Cx};
use wire::generated::organizations::{
    DescribeOrganizationalUnit as Op, DescribeOrganizationalUnitInput, DescribeOrganizationalUnitOutput,
};

pub struct DescribeOrganizationalUnit;

impl Action for DescribeOrganizationalUnit {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:DescribeOrganizationalUnit";

    fn handle(
        cx: &mut Cx,
        input: DescribeOrganizationalUnitInput,
    ) -> Answer<DescribeOrganizationalUnitOutput> {
        let row = organization::managed(cx)?;
        let id = &input.organizational_unit_id;
        let unit = organization::node(cx, &row, id)?.filter(|node| node.parent.is_some());
        let unit = unit.ok_or_else(|| refusals::no_ou(id))?;
        Ok(DescribeOrganizationalUnitOutput { organizational_unit: Some(shapes::unit(&row, &unit)) })
    }
}
