//! DeleteOrganizationalUnit: removes an OU with nothing below it.
//! Needs `organizations:DeleteOrganizationalUnit`. Source: Organizations API Reference, DeleteOrganizationalUnit.

use crate::{members, organization, refusals};
use api::identity::Node;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    DeleteOrganizationalUnit as Op, DeleteOrganizationalUnitInput, DeleteOrganizationalUnitOutput,
};

pub struct DeleteOrganizationalUnit;

impl Action for DeleteOrganizationalUnit {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:DeleteOrganizationalUnit";

    fn handle(cx: &mut Cx, input: DeleteOrganizationalUnitInput) -> Answer<DeleteOrganizationalUnitOutput> {
        let row = organization::managed(cx)?;
        let id = &input.organizational_unit_id;
        let unit = organization::node(cx, &row, id)?.filter(|node| node.parent.is_some());
        let unit = unit.ok_or_else(|| refusals::no_ou(id))?;
        if !members::units_below(cx, &unit.id)?.is_empty()
            || !members::accounts_below(cx, &unit.id)?.is_empty()
        {
            let message = "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child \
                           OUs, and try the operation again.";
            return Err(Refusal::new("OrganizationalUnitNotEmptyException", message).into());
        }
        cx.tx.delete::<Node>(&unit.id)?;
        Ok(DeleteOrganizationalUnitOutput::default())
    }
}
