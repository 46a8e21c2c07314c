//! ListOrganizationalUnitsForParent: the OUs directly below a root or OU.
//! Needs `organizations:ListOrganizationalUnitsForParent`. Source: Organizations API Reference, ListOrganizationalUnitsForParent.

use crate::{members, organization, paging, refusals, shapes};
use api::{Action, Answer, Cx};
use wire::Operation;
use wire::generated::organizations::{
    ListOrganizationalUnitsForParent as Op, ListOrganizationalUnitsForParentInput,
    ListOrganizationalUnitsForParentOutput,
};

pub struct ListOrganizationalUnitsForParent;

impl Action for ListOrganizationalUnitsForParent {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListOrganizationalUnitsForParent";

    fn handle(
        cx: &mut Cx,
        input: ListOrganizationalUnitsForParentInput,
    ) -> Answer<ListOrganizationalUnitsForParentOutput> {
        let row = organization::managed(cx)?;
        let parent = organization::node(cx, &row, &input.parent_id)?;
        let parent = parent.ok_or_else(|| refusals::no_parent(&input.parent_id))?;
        let all = members::units_below(cx, &parent.id)?;
        let (page, next_token) = paging::page(
            cx,
            Op::NAME,
            all,
            |unit| unit.id.clone(),
            input.next_token.as_deref(),
            input.max_results,
        )?;
        Ok(ListOrganizationalUnitsForParentOutput {
            organizational_units: Some(page.iter().map(|unit| shapes::unit(&row, unit)).collect()),
            next_token,
        })
    }
}
