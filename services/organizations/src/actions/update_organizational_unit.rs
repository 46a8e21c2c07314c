//! UpdateOrganizationalUnit: renames an OU.
//! Needs `organizations:UpdateOrganizationalUnit`. Source: Organizations API Reference, UpdateOrganizationalUnit.

use crate::{members, organization, refusals, shapes};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    UpdateOrganizationalUnit as Op, UpdateOrganizationalUnitInput, UpdateOrganizationalUnitOutput,
};

pub struct UpdateOrganizationalUnit;

impl Action for UpdateOrganizationalUnit {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:UpdateOrganizationalUnit";

    fn handle(cx: &mut Cx, input: UpdateOrganizationalUnitInput) -> Answer<UpdateOrganizationalUnitOutput> {
        let row = organization::managed(cx)?;
        let id = &input.organizational_unit_id;
        let unit = organization::node(cx, &row, id)?.filter(|node| node.parent.is_some());
        let mut unit = unit.ok_or_else(|| refusals::no_ou(id))?;
        if let Some(name) = input.name {
            let siblings = members::units_below(cx, unit.parent.as_deref().unwrap_or_default())?;
            if siblings.iter().any(|other| other.id != unit.id && other.name == name) {
                let message = "An OU with the same name already exists.";
                return Err(Refusal::new("DuplicateOrganizationalUnitException", message).into());
            }
            unit.name = name;
            cx.tx.put(&unit)?;
        }
        Ok(UpdateOrganizationalUnitOutput { organizational_unit: Some(shapes::unit(&row, &unit)) })
    }
}
