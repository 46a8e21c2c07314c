//! Where an account stands in its organization, and the control policies above it.

use super::layers::attach;
use crate::identity::{Account, ControlPolicy, Node, Organization};
use crate::{Answer, Cx};
use base::{AccountId, Fault};
use rules::iam::{Attached, PolicyType};

/// AWS's own control policy, attached everywhere at first: it allows everything. It has no row.
pub const FULL_ACCESS_ID: &str = "p-FullAWSAccess";

/// The document of [`FULL_ACCESS_ID`].
const FULL_ACCESS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

/// A tree of OUs is at most five deep; more than this is a damaged row.
const DEPTH_MAX: usize = 16;

/// An account's place.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    /// `o-…`
    pub organization: Option<String>,
    /// `o-…/r-…/ou-…/`
    pub path: Option<String>,
    /// control policies per level, the organization's root first
    pub control: Vec<Vec<Attached>>,
}

/// One read for an account of no organization.
pub(super) fn place(cx: &mut Cx, account: &AccountId) -> Answer<Place> {
    let Some(row) = cx.tx.get::<Account>(account.as_str())? else { return Ok(Place::default()) };
    let Some(id) = row.organization.clone() else { return Ok(Place::default()) };
    let organization = cx
        .tx
        .get::<Organization>(&id)?
        .ok_or_else(|| Fault::new(format!("account {account} is in organization {id}, which has no row")))?;
    let nodes = nodes_above(cx, &row)?;
    let mut path = format!("{id}/");
    for node in &nodes {
        path.push_str(&node.id);
        path.push('/');
    }
    let enabled = nodes.first().is_some_and(|root| root.control_enabled);
    let mut control = Vec::new();
    if enabled && organization.management != *account {
        for node in &nodes {
            control.push(level(cx, &node.control_policies)?);
        }
        control.push(level(cx, &row.control_policies)?);
    }
    Ok(Place { organization: Some(id), path: Some(path), control })
}

/// The organization of an account.
pub(super) fn organization_of(cx: &mut Cx, account: &str) -> Answer<Option<String>> {
    Ok(cx.tx.get::<Account>(account)?.and_then(|row| row.organization))
}

/// From the root down to the node that holds the account.
fn nodes_above(cx: &mut Cx, account: &Account) -> Answer<Vec<Node>> {
    let mut nodes = Vec::new();
    let mut next = account.parent.clone();
    while let Some(id) = next {
        if nodes.len() >= DEPTH_MAX {
            return Err(
                Fault::new(format!("the organization above account {} has no root", account.id)).into()
            );
        }
        let node = cx
            .tx
            .get::<Node>(&id)?
            .ok_or_else(|| Fault::new(format!("organization node {id} has children but no row")))?;
        next = node.parent.clone();
        nodes.push(node);
    }
    nodes.reverse();
    Ok(nodes)
}

fn level(cx: &mut Cx, ids: &[String]) -> Answer<Vec<Attached>> {
    let mut level = Vec::new();
    for id in ids {
        let row = if id == FULL_ACCESS_ID { None } else { cx.tx.get::<ControlPolicy>(id)? };
        let document = match &row {
            Some(row) => row.document.as_str(),
            None if id == FULL_ACCESS_ID => FULL_ACCESS,
            None => return Err(Fault::new(format!("control policy {id} is attached but has no row")).into()),
        };
        let source = format!("service control policy {id}");
        level.push(attach(cx, document, PolicyType::Control, source)?);
    }
    Ok(level)
}
