//! DeleteOrganization: ends an organization that has no other accounts, OUs or policies left.
//! Needs `organizations:DeleteOrganization`. Source: Organizations API Reference, DeleteOrganization.

use crate::{members, organization};
use api::identity::{Account, Node, Organization};
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    DeleteOrganization as Op, DeleteOrganizationInput, DeleteOrganizationOutput,
};

pub struct DeleteOrganization;

impl Action for DeleteOrganization {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:DeleteOrganization";

    fn handle(cx: &mut Cx, _input: DeleteOrganizationInput) -> Answer<DeleteOrganizationOutput> {
        let row = organization::managed(cx)?;
        let accounts = members::accounts(cx, &row)?;
        let nodes = members::nodes(cx, &row)?;
        let policies = members::policies(cx, &row)?;
        if accounts.len() > 1 || nodes.len() > 1 || !policies.is_empty() {
            return Err(Refusal::new(
                "OrganizationNotEmptyException",
                "To delete an organization you must first remove all member accounts, delete all organizational units and \
                 delete all policies.",
            )
            .because(format!(
                "organization {} still has {} member accounts, {} OUs and {} policies",
                row.id,
                accounts.len() - 1,
                nodes.len() - 1,
                policies.len()
            ))
            .into());
        }
        for account in accounts {
            let free = Account { organization: None, parent: None, control_policies: Vec::new(), ..account };
            cx.tx.put(&free)?;
        }
        cx.tx.delete::<Node>(&row.root)?;
        cx.tx.delete::<Organization>(&row.id)?;
        Ok(DeleteOrganizationOutput::default())
    }
}
