//! ListAWSServiceAccessForOrganization: services that act in the whole organization: none here.
//! Needs `organizations:ListAWSServiceAccessForOrganization`. Source: Organizations API Reference, ListAWSServiceAccessForOrganization.

use crate::organization;
use api::{Action, Answer, Cx};
use wire::generated::organizations::{
    ListAWSServiceAccessForOrganization as Op, ListAWSServiceAccessForOrganizationInput,
    ListAWSServiceAccessForOrganizationOutput,
};

pub struct ListAWSServiceAccessForOrganization;

impl Action for ListAWSServiceAccessForOrganization {
    type Op = Op;
    const READ_ONLY: bool = true;
    const IAM: &'static str = "organizations:ListAWSServiceAccessForOrganization";

    fn handle(
        cx: &mut Cx,
        _input: ListAWSServiceAccessForOrganizationInput,
    ) -> Answer<ListAWSServiceAccessForOrganizationOutput> {
        organization::managed(cx)?;
        Ok(ListAWSServiceAccessForOrganizationOutput {
            enabled_service_principals: Some(Vec::new()),
            next_token: None,
        })
    }
}
