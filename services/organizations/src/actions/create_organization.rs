//! CreateOrganization: the caller's account becomes the management account of a new organization with one root.
//! Needs `organizations:CreateOrganization`. Source: Organizations API Reference, CreateOrganization.

use crate::{accounts, organization, refusals, shapes};
use api::identity::Organization;
use api::{Action, Answer, Cx};
use base::Refusal;
use wire::generated::organizations::{
    CreateOrganization as Op, CreateOrganizationInput, CreateOrganizationOutput,
};

pub struct CreateOrganization;

impl Action for CreateOrganization {
    type Op = Op;
    const READ_ONLY: bool = false;
    const IAM: &'static str = "organizations:CreateOrganization";

    fn handle(cx: &mut Cx, input: CreateOrganizationInput) -> Answer<CreateOrganizationOutput> {
        if input.feature_set.as_deref().unwrap_or("ALL") != "ALL" {
            let message = "This server's organizations have all features.";
            return Err(refusals::constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", message).into());
        }
        let id = cx.account().clone();
        let mut account = organization::account(cx, &id)?;
        if account.organization.is_some() {
            return Err(Refusal::new(
                "AlreadyInOrganizationException",
                "The AWS account is already a member of an organization.",
            )
            .into());
        }
        let suffix = organization::suffix(cx, 4);
        let row = Organization {
            id: format!("o-{}", organization::suffix(cx, 10)),
            management: id,
            root: format!("r-{suffix}"),
            created: cx.now(),
        };
        let root = organization::new_node(row.root.clone(), &row.id, "Root", None, cx.now());
        cx.tx.put(&row)?;
        cx.tx.put(&root)?;
        accounts::join(cx, &row, &mut account)?;
        Ok(CreateOrganizationOutput { organization: Some(shapes::organization(&row, &account.email)) })
    }
}
