//! CreateOrganizationalUnit: an OU below the root or another OU, five levels deep at most.
//! Needs `organizations:CreateOrganizationalUnit`. Source: Organizations API Reference, CreateOrganizationalUnit.

use crate::organization::{self, FULL_ACCESS};
use crate::{members, refusals, shapes, tags};
use api::identity::{Node, Organization};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    CreateOrganizationalUnit as Op, CreateOrganizationalUnitInput, CreateOrganizationalUnitOutput,
};

/// Levels of OUs below the root. Source: Organizations User Guide, "Quotas".
const DEPTH_MAX: usize = 5;

pub struct CreateOrganizationalUnit;

impl Action for CreateOrganizationalUnit {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:CreateOrganizationalUnit";

    fn handle(cx: &mut Cx, input: CreateOrganizationalUnitInput) -> Answer<CreateOrganizationalUnitOutput> {
        let row = organization::managed(cx)?;
        let tags = tags::read(input.tags)?;
        let parent = organization::node(cx, &row, &input.parent_id)?;
        let parent = parent.ok_or_else(|| refusals::no_parent(&input.parent_id))?;
        if depth(cx, &row, &parent)? >= DEPTH_MAX {
            let message = "You have exceeded the number of levels of OUs in an organization.";
            return Err(refusals::constraint("OU_DEPTH_LIMIT_EXCEEDED", message).into());
        }
        if members::units_below(cx, &parent.id)?.iter().any(|unit| unit.name == input.name) {
            let message = "An OU with the same name already exists.";
            return Err(Refusal::new("DuplicateOrganizationalUnitException", message).into());
        }
        let suffix = row.root.trim_start_matches("r-").to_owned();
        let id = format!("ou-{suffix}-{}", organization::suffix(cx, 8));
        let mut unit = organization::new_node(id, &row.id, &input.name, Some(parent.id), cx.now());
        unit.tags = tags;
        if organization::root(cx, &row)?.control_enabled {
            unit.control_policies = vec![FULL_ACCESS.to_owned()];
        }
        cx.tx.put(&unit)?;
        Ok(CreateOrganizationalUnitOutput { organizational_unit: Some(shapes::unit(&row, &unit)) })
    }
}

/// How many OUs stand between the root and what would be below `parent`.
fn depth(cx: &mut Cx, organization: &Organization, parent: &Node) -> Answer<usize> {
    let (mut levels, mut at) = (0, parent.clone());
    while let Some(above) = at.parent.clone() {
        levels += 1;
        match organization::node(cx, organization, &above)? {
            Some(node) if levels <= DEPTH_MAX => at = node,
            _ => break,
        }
    }
    Ok(levels)
}
