//! The caller's organization, and what belongs to it.

use crate::refusals;
use api::identity::{Account, ControlPolicy, Node, Organization};
use api::{Answer, Cx};
use base::{AccountId, Refusal, Timestamp};

/// The policy that allows everything: AWS's own, attached wherever nothing else is.
pub const FULL_ACCESS: &str = "p-FullAWSAccess";
/// Its document.
pub const FULL_ACCESS_DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
/// The one type of policy that is offered.
pub const CONTROL: &str = "SERVICE_CONTROL_POLICY";

/// The row of an account. Test credentials name accounts that have none yet.
pub fn account(cx: &mut Cx, id: &AccountId) -> Answer<Account> {
    let found = cx.tx.get::<Account>(id.as_str())?;
    Ok(found.unwrap_or_else(|| Account::new(id.clone(), cx.now())))
}

/// The organization that the caller's account belongs to.
pub fn of_caller(cx: &mut Cx) -> Answer<Organization> {
    let id = cx.account().clone();
    let Some(organization) = account(cx, &id)?.organization else {
        return Err(refusals::not_in_use().into());
    };
    let found = cx.tx.get::<Organization>(&organization)?;
    found.ok_or_else(|| refusals::not_in_use().into())
}

/// The same, for what only its management account may do.
pub fn managed(cx: &mut Cx) -> Answer<Organization> {
    let organization = of_caller(cx)?;
    if organization.management != *cx.account() {
        let reason = format!(
            "this is for the management account {} of organization {}, not for its member {}",
            organization.management,
            organization.id,
            cx.account()
        );
        return Err(refusals::only_management(reason).into());
    }
    Ok(organization)
}

/// The root or an OU of this organization.
pub fn node(cx: &mut Cx, organization: &Organization, id: &str) -> Answer<Option<Node>> {
    if id.is_empty() {
        return Ok(None);
    }
    Ok(cx.tx.get::<Node>(id)?.filter(|node| node.organization == organization.id))
}

/// The root.
pub fn root(cx: &mut Cx, organization: &Organization) -> Answer<Node> {
    let missing = || base::Fault::new(format!("organization {} has lost its root", organization.id));
    Ok(node(cx, organization, &organization.root)?.ok_or_else(missing)?)
}

/// A member account.
pub fn member(cx: &mut Cx, organization: &Organization, id: &str) -> Answer<Account> {
    let found = match AccountId::parse(id) {
        Ok(id) => cx.tx.get::<Account>(id.as_str())?,
        Err(_) => None,
    };
    let found = found.filter(|account| account.organization.as_deref() == Some(&organization.id));
    found.ok_or_else(|| refusals::no_account(id).into())
}

/// A control policy of this organization. AWS's own has no row, so it is made up here.
pub fn policy(cx: &mut Cx, organization: &Organization, id: &str) -> Answer<ControlPolicy> {
    if id == FULL_ACCESS {
        return Ok(full_access(organization));
    }
    if !id.starts_with("p-") {
        return Err(refusals::invalid(
            "INVALID_PATTERN",
            "You provided a value that does not match the required pattern.",
        )
        .into());
    }
    let found = cx.tx.get::<ControlPolicy>(id)?.filter(|policy| policy.organization == organization.id);
    found.ok_or_else(|| refusals::no_policy(id).into())
}

/// AWS's own policy.
pub fn full_access(organization: &Organization) -> ControlPolicy {
    ControlPolicy {
        id: FULL_ACCESS.to_owned(),
        organization: organization.id.clone(),
        name: "FullAWSAccess".to_owned(),
        description: "Allows access to every operation".to_owned(),
        document: FULL_ACCESS_DOCUMENT.to_owned(),
        created: organization.created,
        tags: Vec::new(),
    }
}

/// Lower-case letters and digits, as ids of Organizations have them.
pub fn suffix(cx: &Cx, chars: usize) -> String {
    cx.door.env.ids.base32(chars).to_ascii_lowercase()
}

/// A new OU or root.
pub fn new_node(id: String, organization: &str, name: &str, parent: Option<String>, now: Timestamp) -> Node {
    Node {
        id,
        organization: organization.to_owned(),
        name: name.to_owned(),
        parent,
        control_enabled: false,
        control_policies: Vec::new(),
        created: now,
        tags: Vec::new(),
    }
}

/// Only service control policies are offered.
pub fn check_type(r#type: &str) -> Result<(), Refusal> {
    if r#type == CONTROL {
        return Ok(());
    }
    Err(Refusal::new(
        "PolicyTypeNotAvailableForOrganizationException",
        "You can't use the specified policy type with the feature set currently enabled for this organization.",
    )
    .because(format!("this server offers {CONTROL} only, not {}", r#type)))
}
