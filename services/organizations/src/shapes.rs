//! From rows to answers.

use crate::organization::{CONTROL, FULL_ACCESS};
use crate::rows::AccountRequest;
use api::identity::{Account, ControlPolicy, Node, Organization};
use wire::generated::organizations as out;

/// `organization/o-…` and the like, under the management account.
pub fn arn(organization: &Organization, resource: &str) -> String {
    format!("arn:aws:organizations::{}:{resource}", organization.management)
}

pub fn account_arn(organization: &Organization, id: &str) -> String {
    arn(organization, &format!("account/{}/{id}", organization.id))
}

pub fn node_arn(organization: &Organization, node: &Node) -> String {
    let kind = if node.parent.is_none() { "root" } else { "ou" };
    arn(organization, &format!("{kind}/{}/{}", organization.id, node.id))
}

pub fn policy_arn(organization: &Organization, id: &str) -> String {
    let owner = match id == FULL_ACCESS {
        true => return format!("arn:aws:organizations::aws:policy/service_control_policy/{id}"),
        false => &organization.management,
    };
    format!("arn:aws:organizations::{owner}:policy/{}/service_control_policy/{id}", organization.id)
}

pub fn organization(row: &Organization, email: &str) -> out::Organization {
    out::Organization {
        id: Some(row.id.clone()),
        arn: Some(arn(row, &format!("organization/{}", row.id))),
        feature_set: Some("ALL".to_owned()),
        master_account_arn: Some(account_arn(row, row.management.as_str())),
        master_account_id: Some(row.management.to_string()),
        master_account_email: Some(email.to_owned()),
        available_policy_types: Some(vec![policy_type("ENABLED")]),
    }
}

fn policy_type(status: &str) -> out::PolicyTypeSummary {
    out::PolicyTypeSummary { r#type: Some(CONTROL.to_owned()), status: Some(status.to_owned()) }
}

pub fn root(organization: &Organization, node: &Node) -> out::Root {
    out::Root {
        id: Some(node.id.clone()),
        arn: Some(node_arn(organization, node)),
        name: Some(node.name.clone()),
        policy_types: Some(if node.control_enabled { vec![policy_type("ENABLED")] } else { Vec::new() }),
    }
}

pub fn unit(organization: &Organization, node: &Node) -> out::OrganizationalUnit {
    out::OrganizationalUnit {
        id: Some(node.id.clone()),
        arn: Some(node_arn(organization, node)),
        name: Some(node.name.clone()),
        path: None,
    }
}

pub fn account(organization: &Organization, row: &Account) -> out::Account {
    let state = if row.closed.is_some() { "SUSPENDED" } else { "ACTIVE" };
    // The one account that was there before its organization was invited by itself, so to speak; AWS says so too.
    let joined = if row.id == organization.management { "INVITED" } else { "CREATED" };
    out::Account {
        id: Some(row.id.to_string()),
        arn: Some(account_arn(organization, row.id.as_str())),
        email: Some(row.email.clone()),
        name: Some(row.name.clone()),
        status: Some(state.to_owned()),
        state: Some(state.to_owned()),
        paths: None,
        joined_method: Some(joined.to_owned()),
        joined_timestamp: Some(if row.id == organization.management {
            organization.created
        } else {
            row.created
        }),
    }
}

pub fn summary(organization: &Organization, row: &ControlPolicy) -> out::PolicySummary {
    out::PolicySummary {
        id: Some(row.id.clone()),
        arn: Some(policy_arn(organization, &row.id)),
        name: Some(row.name.clone()),
        description: Some(row.description.clone()),
        r#type: Some(CONTROL.to_owned()),
        aws_managed: Some(row.id == FULL_ACCESS),
    }
}

pub fn policy(organization: &Organization, row: &ControlPolicy) -> out::Policy {
    out::Policy { policy_summary: Some(summary(organization, row)), content: Some(row.document.clone()) }
}

pub fn request(row: &AccountRequest) -> out::CreateAccountStatus {
    let (state, account, failure) = match &row.outcome {
        Ok(account) => ("SUCCEEDED", Some(account.to_string()), None),
        Err(why) => ("FAILED", None, Some(why.clone())),
    };
    out::CreateAccountStatus {
        id: Some(row.id.clone()),
        account_name: Some(row.account_name.clone()),
        state: Some(state.to_owned()),
        requested_timestamp: Some(row.requested),
        completed_timestamp: Some(row.requested),
        account_id: account,
        gov_cloud_account_id: None,
        failure_reason: failure,
    }
}
