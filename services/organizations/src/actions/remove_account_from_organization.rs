//! RemoveAccountFromOrganization: the account stands alone from then on; no policy of the organization limits it any more.
//! Needs `organizations:RemoveAccountFromOrganization`. Source: Organizations API Reference, RemoveAccountFromOrganization.

use crate::organization;
use api::identity::Account;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    RemoveAccountFromOrganization as Op, RemoveAccountFromOrganizationInput,
    RemoveAccountFromOrganizationOutput,
};

pub struct RemoveAccountFromOrganization;

impl Action for RemoveAccountFromOrganization {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:RemoveAccountFromOrganization";

    fn handle(
        cx: &mut Cx,
        input: RemoveAccountFromOrganizationInput,
    ) -> Answer<RemoveAccountFromOrganizationOutput> {
        let row = organization::managed(cx)?;
        let account = organization::member(cx, &row, &input.account_id)?;
        if account.id == row.management {
            return Err(Refusal::new(
                "MasterCannotLeaveOrganizationException",
                "You can't remove a management account from an organization.",
            )
            .into());
        }
        cx.tx.put(&Account { organization: None, parent: None, control_policies: Vec::new(), ..account })?;
        Ok(RemoveAccountFromOrganizationOutput::default())
    }
}
